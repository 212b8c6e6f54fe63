"""How a run's training goes, step by step: a small file in its folder, which pages draw and estimates are made from."""

import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from t2i_studio.domain import Noun
from t2i_studio.learning.preflight import Measured
from t2i_studio.store import learning_runs
from t2i_studio.store.database import Database

NAME = "curve.csv"
PAUSE = 60.0
"""Seconds between two points from which on work stood still in between: nothing is measured across it."""
GIGABYTE = 2**30


class Point(Noun):
    """A step that was told of. at: seconds since 1970. gigabytes: the most memory in use so far, None where unknown."""

    step: int
    loss: float
    at: float
    gigabytes: float | None = None


def note(folder: Path, step: int, loss: float) -> None:
    """Add a point to the run's curve."""
    memory = _gigabytes()
    with (folder / NAME).open("a", encoding="ascii") as file:
        file.write(f"{step},{loss:.6g},{time.time():.3f},{'' if memory is None else f'{memory:.3f}'}\n")


def read(folder: Path) -> list[Point]:
    """The points of a run, by step; those that were taken back by a kill and made anew are left out."""
    points: list[Point] = []
    try:
        lines = (folder / NAME).read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    for line in lines:
        if (point := _point(line)) is None:
            continue
        while points and points[-1].step >= point.step:
            points.pop()
        points.append(point)
    return points


def measured(db: Database, model: str) -> Measured | None:
    """What a step cost in the newest run of a model that got far enough to tell."""
    for run in learning_runs.list_runs(db, model):
        points = read(db.home / "learning" / f"run-{run.id}")
        paces = [
            (after.at - before.at) / (after.step - before.step)
            for before, after in pairwise(points)
            if 0 < after.at - before.at < PAUSE
        ]
        if paces:
            known = [point.gigabytes for point in points if point.gigabytes is not None]
            return Measured(seconds_per_step=median(paces), gigabytes=max(known, default=None))
    return None


def _point(line: str) -> Point | None:
    """None for a line that a kill left unfinished."""
    try:
        step, loss, at, memory = line.split(",")
        return Point(step=int(step), loss=float(loss), at=float(at), gigabytes=float(memory) if memory else None)
    except ValueError:
        return None


def _gigabytes() -> float | None:
    """The most memory this process has had in use: of the GPU where one is in use, else of the machine."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return float(torch.cuda.max_memory_allocated() / GIGABYTE)
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / GIGABYTE if sys.platform == "darwin" else most * 1024 / GIGABYTE
