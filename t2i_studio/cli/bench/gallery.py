"""A page of the gallery in stores of two sizes, over HTTP."""

import statistics
import time

from t2i_studio.cli.bench.figures import Figure, Served, served, temporary_home
from t2i_studio.store.database import open_database
from t2i_studio.store.sample import fill

SIZES = (10_000, 100_000)
PAGE = 48
REPEATS = 5
QUERIES: tuple[tuple[object, ...], ...] = (
    ("", None, False, False, "", "", "newest"),
    ("手提包", None, False, False, "", "", "newest"),
    ("红色手提包 粉色背景", 4, False, False, "", "", "stars"),
    ("", 5, False, False, "", "", "oldest"),
    ("", None, True, False, "", "podium", "newest"),
    ("", None, False, True, "", "", "newest"),
    ("", None, False, False, "clutter", "", "stars"),
)


def measure() -> list[Figure]:
    """The slowest kind of search by its median, and the median over all kinds."""
    figures = []
    for size in SIZES:
        with temporary_home() as home:
            db = open_database(home)
            fill(db, size)
            db.close()
            with served(home) as studio:
                studio.call("variants", *QUERIES[0], PAGE, "")
                medians = [_milliseconds(studio, query) for query in QUERIES]
        figures += [
            Figure(f"gallery page at {size:,} variants, slowest search", max(medians), "ms", 200),
            Figure(f"gallery page at {size:,} variants, median", statistics.median(medians), "ms", 200),
        ]
    return figures


def _milliseconds(studio: Served, query: tuple[object, ...]) -> float:
    """Median time of a search's first and second page."""
    taken, after = [], ""
    for _ in range(REPEATS):
        began = time.perf_counter()
        page = studio.call("variants", *query, PAGE, after)
        taken.append(1000 * (time.perf_counter() - began))
        after = page["next"] or ""
    return statistics.median(taken)
