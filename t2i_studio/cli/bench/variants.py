"""How long four variants take with the default model and settings, and when the first preview is there."""

import inspect
import threading
import time

import psutil

from t2i_studio.cli.bench.figures import Figure, Served, served, temporary_home

DESCRIPTION = "红色手提包，白色圆形展台，粉色背景"
OPEN = ("waiting", "running")
LOOK_EVERY = 0.02


def measure() -> list[Figure]:
    """On a served studio whose model has been used once."""
    with temporary_home() as home, served(home) as studio:
        _batch(studio, 1)
        peak = _Peak(studio.pid)
        preview, total = _batch(studio, 4)
        return [
            Figure("4 variants, default settings", total, "s", 6),
            Figure("first preview", preview, "s", 0.7),
            Figure("resident memory, peak", peak.stop() / 2**20, "MB", 1536),
        ]


def _batch(studio: Served, variants: int) -> tuple[float, float]:
    """(seconds to the first preview, to the last picture)."""
    began = time.perf_counter()
    from t2i_studio.ui.api import Endpoints

    given = {"description": DESCRIPTION, "variants": variants, "wait": False}
    parameters = list(inspect.signature(Endpoints.generate).parameters.values())[2:]  # without self and request
    values = [given.get(each.name, each.default) for each in parameters]
    batch = studio.call("generate", *values)["batch"]
    preview = 0.0
    while (job := studio.call("job", batch))["state"] in OPEN:
        if not preview and any(variant["preview"] for variant in job["variants"]):
            preview = time.perf_counter() - began
        time.sleep(LOOK_EVERY)
    if job["state"] != "done":
        raise RuntimeError(f"batch {batch} ended as {job['state']}")
    total = time.perf_counter() - began
    return preview or total, total


class _Peak:
    """The largest resident memory of a process while it is watched."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._bytes = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(0.05):
            self._bytes = max(self._bytes, self._process.memory_info().rss)

    def stop(self) -> int:
        """Bytes."""
        self._stopped.set()
        self._thread.join()
        return self._bytes
