"""How soon after the command the first page is there, and what it costs."""

import statistics
import time

import httpx
import psutil

from t2i_studio.cli.bench.figures import Figure, served, temporary_home

STARTS = 3


def measure() -> list[Figure]:
    """Median of some starts on one home (a user's second start and later ones)."""
    seconds, heavy, megabytes = [], 0, 0.0
    with temporary_home() as home:
        for _ in range(STARTS):
            with served(home) as studio:
                httpx.get(studio.url, timeout=60).raise_for_status()
                seconds.append(time.perf_counter() - studio.began)
                process = psutil.Process(studio.pid)
                heavy += any("libtorch" in mapped.path for mapped in process.memory_maps())
                megabytes = process.memory_info().rss / 2**20
    return [
        Figure("page served after the command", statistics.median(seconds), "s", 3),
        Figure("starts that had loaded torch by then", heavy, "starts", 0),
        Figure("resident memory then", megabytes, "MB"),
    ]
