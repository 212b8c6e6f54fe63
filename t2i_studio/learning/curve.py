"""How a run goes, step by step and stage by stage: small files in its folder, which pages draw and estimates are made
from.
"""

import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from t2i_studio.domain import Noun, Stage
from t2i_studio.learning.preflight import Measured
from t2i_studio.store import learning_runs
from t2i_studio.store.database import Database

NAME = "curve.csv"
STAGES = "stages.csv"
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


def note_stage(folder: Path, stage: Stage, seconds: float) -> None:
    """That the run is through with a stage, and how long it worked on it since it last began."""
    with (folder / STAGES).open("a", encoding="ascii") as file:
        file.write(f"{stage},{seconds:.1f}\n")


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
    """What a step cost in the newest run of a model that got far enough to tell, and all else in the newest of those
    that came to a verdict.
    """
    pace, other, known = None, None, None
    for run in learning_runs.list_runs(db, model):
        folder = db.home / "learning" / f"run-{run.id}"
        points = read(folder)
        paces = [
            (after.at - before.at) / (after.step - before.step)
            for before, after in pairwise(points)
            if 0 < after.at - before.at < PAUSE
        ]
        if not paces:
            continue
        if pace is None:
            pace = median(paces)
            known = max((point.gigabytes for point in points if point.gigabytes is not None), default=None)
        if run.verdict and (whole := _whole(folder)):
            other = max(0.0, whole - median(paces) * points[-1].step)
            break
    return None if pace is None else Measured(seconds_per_step=pace, other_seconds=other, gigabytes=known)


def _whole(folder: Path) -> float:
    """Seconds of all stages, of each the longest time that it was worked on; 0 where they were not noted."""
    longest: dict[str, float] = {}
    try:
        for line in (folder / STAGES).read_text(encoding="ascii").splitlines():
            stage, seconds = line.split(",")
            longest[stage] = max(longest.get(stage, 0.0), float(seconds))
    except (OSError, ValueError):
        return 0.0
    return sum(longest.values())


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
