"""Prints how long a page of the gallery takes, and a rating: `python -m tests.store.measure`."""

import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from t2i_studio.store.database import Database, open_database
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import rate
from t2i_studio.store.sample import fill
from t2i_studio.store.variants import VariantQuery, search
from tests.store.studio import finished

QUERIES = {
    "newest": {},
    "best stars first": {"sort": "stars"},
    "3 stars and more": {"stars_min": 3, "sort": "stars"},
    "favourites": {"favourite": True},
    "a fault": {"fault": "floating"},
    "a model nobody used": {"model": "nothing"},
    "one character: 红": {"words": "红"},
    "three characters: 手提包": {"words": "手提包"},
    "a sentence": {"words": "红色手提包，白色圆形展台"},
    "one letter: r": {"words": "r"},
    "a word nobody used": {"words": "zz"},
    "deleted": {"deleted": True},
}


def milliseconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return 1000 * (perf_counter() - start)


def pages(db: Database) -> None:
    for name, fields in QUERIES.items():
        query = VariantQuery(**fields)  # type: ignore[arg-type]
        times = [milliseconds(lambda query=query: search(db, query)) for _ in range(7)]
        print(f"  {name:24} median {statistics.median(times):6.1f} ms, longest {max(times):6.1f} ms")


def ratings(db: Database, clients: int, count: int) -> None:
    ids, rater = finished(db, variants=4).variants, new_rater(db)
    with ThreadPoolExecutor(clients) as threads:
        start = perf_counter()
        times = [*threads.map(lambda n: milliseconds(lambda: rate(db, ids[n % 4], rater, stars=3)), range(count))]
    print(
        f"  {clients:2} clients: {count / (perf_counter() - start):4.0f} ratings a second,"
        f" median {statistics.median(times):.1f} ms, longest {max(times):.0f} ms"
    )


def main() -> None:
    for count in (10_000, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            db = open_database(Path(folder))
            fill(db, count)
            print(f"{count} variants, {(db.home / 'studio.db').stat().st_size // 2**20} MiB")
            pages(db)
            if count == 10_000:
                ratings(db, 1, 200)
                ratings(db, 32, 2000)
            db.close()


if __name__ == "__main__":
    main()
