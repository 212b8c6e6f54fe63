"""Prints how long a page of the gallery takes, a rating, and a step of a session: `python -m tests.store.measure`.

Of a session also the processor time alone, which other work on the machine does not change.
"""

import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, thread_time

from t2i_studio.domain import NewItem, Shown
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import rate
from t2i_studio.store.sample import fill
from t2i_studio.store.session_progress import progress
from t2i_studio.store.variants import VariantQuery, search
from t2i_studio.store.votes import votes
from tests.store.session_studio import entered, said, session_of
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


SESSION_ITEMS, SESSION_RATERS, ANSWERS_EACH = 20_000, 50, 20


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


def sessions(db: Database, choice: str) -> None:
    sources = "abcdefgh"
    numbers = range(1, 10_001)
    shown = [(id, id + step) for id in numbers[:2500] for step in range(1, 9)][:SESSION_ITEMS]
    items = [
        NewItem(text="红色手提包", pictures=tuple(Shown(variant=id, source=sources[id % 8]) for id in pair))
        for pair in shown
    ]
    of = session_of(db, items, choice=choice)
    raters = entered(db, of, SESSION_RATERS)
    times: dict[str, list[tuple[float, float]]] = {"next": [], "answer": []}
    for rater in raters * ANSWERS_EACH:
        start = perf_counter(), thread_time()
        assignment = next_assignment(db, of.id, rater).assignment
        middle = perf_counter(), thread_time()
        assert assignment is not None
        answer(db, rater, said(assignment))
        end = perf_counter(), thread_time()
        times["next"].append((middle[0] - start[0], middle[1] - start[1]))
        times["answer"].append((end[0] - middle[0], end[1] - middle[1]))
    print(f"  {SESSION_ITEMS} items, {SESSION_RATERS} raters, {choice} choice")
    for step, taken in times.items():
        for what, column in (("", 0), (" (processor)", 1)):
            each = sorted(1000 * taking[column] for taking in taken)
            median, p95 = statistics.median(each), each[len(each) * 95 // 100]
            print(f"  {step + what:24} median {median:6.1f} ms, p95 {p95:6.1f} ms")
    for name, work in (("votes", votes), ("progress", progress)):
        print(f"  {name:24} {milliseconds(lambda work=work: work(db, of.id)):6.1f} ms")


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
                sessions(db, "even")
                sessions(db, "active")
            db.close()


if __name__ == "__main__":
    main()
