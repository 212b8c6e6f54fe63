"""A run through its stages, in one process that may die at any moment: the next one goes on where it stopped.

Each stage reads what earlier ones left (rows of the store, files of the run's folder) and leaves its own whole or not
at all; the run's row moves on only when everything of a stage is there.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from t2i_studio import processes
from t2i_studio.domain import WORKING, LearningRun, Stage
from t2i_studio.errors import StudioError
from t2i_studio.learning import curve
from t2i_studio.settings import Settings
from t2i_studio.store import learning_runs
from t2i_studio.store.database import Database

log = logging.getLogger(__name__)

TELL_EVERY = 1.0
"""Seconds between rows that say how far a stage is, and between looks whether somebody cancelled it."""


class Cancelled(Exception):  # noqa: N818  (no error: somebody asked for it)
    """Raised within a stage when a user has asked the run to stop."""


@dataclass
class Work:
    """What a stage works with. tell: hears each line for the terminal."""

    db: Database
    settings: Settings
    run: LearningRun
    tell: Callable[[str], None]
    _told: float = field(default=0.0, init=False)
    _begun: tuple[float, float] | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """The run's files."""
        return folder_of(self.db, self.run.id)

    def begin(self) -> None:
        """A new part of a stage: time left is reckoned anew."""
        self._told, self._begun = 0.0, None

    def progress(self, done: float, of: float, loss: float | None = None) -> None:
        """Note how far the stage is, at most every TELL_EVERY seconds. Raises Cancelled."""
        now = time.monotonic()
        begun, first = self._begun = self._begun or (now, done)
        if now - self._told < TELL_EVERY and done < of:
            return
        self._told = now
        if learning_runs.cancel_requested(self.db, self.run.id):
            raise Cancelled
        pace = (now - begun) / (done - first) if done > first else None
        left = None if pace is None else (of - done) * pace
        learning_runs.note_progress(self.db, self.run.id, done, of, seconds_left=left, loss=loss)
        if loss is not None:
            curve.note(self.folder, round(done), loss)
        self.tell(f"{self.run.stage} {done:.0f}/{of:.0f}" + ("" if loss is None else f"  loss {loss:.4f}"))


def folder_of(db: Database, run_id: int) -> Path:
    """Where a run keeps its files."""
    return db.home / "learning" / f"run-{run_id}"


def work(db: Database, settings: Settings, run_id: int, tell: Callable[[str], None] = lambda line: None) -> LearningRun:
    """Take a run on until it is decided, refused, cancelled or failed, and return it. What fails is kept with the run.

    Raises StudioError learning.unknown, learning.claimed, learning.ended.
    """
    try:
        return _work(db, settings, run_id, tell)
    finally:
        processes.call(None)


def work_along(db: Database, settings: Settings) -> None:
    """In a process beside the one that calls `work`: train along until that is through."""
    from t2i_studio.learning.stages import train_along

    def train(run_id: int) -> None:
        train_along(Work(db, settings, learning_runs.get_run(db, run_id), lambda line: None))

    processes.follow(train)


def _work(db: Database, settings: Settings, run_id: int, tell: Callable[[str], None]) -> LearningRun:
    from t2i_studio.learning.stages import STAGES

    run = learning_runs.claim_run(db, run_id)
    folder_of(db, run_id).mkdir(parents=True, exist_ok=True)
    try:
        while run.stage in WORKING:
            begun = time.monotonic()
            STAGES[run.stage](Work(db, settings, run, tell))
            curve.note_stage(folder_of(db, run_id), run.stage, time.monotonic() - begun)
            run = learning_runs.get_run(db, run_id)
    except Cancelled:
        return learning_runs.set_stage(db, run_id, Stage.CANCELLED)
    except StudioError as error:
        return learning_runs.fail_run(db, run_id, error)
    except OSError as error:
        reason = error.strerror or str(error)
        return learning_runs.fail_run(db, run_id, StudioError("learning.cannot_write", path=db.home, reason=reason))
    except Exception as error:
        log.exception("learning run %s failed", run_id)
        reason = f"{type(error).__name__}: {error}"
        return learning_runs.fail_run(db, run_id, StudioError("learning.failed", reason=reason))
    return run


def evaluate_again(
    db: Database, settings: Settings, run_id: int, tell: Callable[[str], None] = lambda line: None
) -> LearningRun:
    """Compare old and new of a decided run again; pictures that are there are taken as they are.

    Raises StudioError learning.not_decided, and those of `work`.
    """
    run = learning_runs.get_run(db, run_id)
    if run.stage is not Stage.DECIDED:
        raise StudioError("learning.not_decided", run=run_id, stage=run.stage)
    learning_runs.claim_run(db, run_id)
    learning_runs.set_stage(db, run_id, Stage.EVALUATING)
    return work(db, settings, run_id, tell)
