"""Makes learning runs, their judgements and adapters to test on."""

import hashlib
from pathlib import Path

from t2i_studio.domain import Judgement, LearningRun, LearntAdapter, Length, Part, Scope
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database
from t2i_studio.store.learning_runs import claim_run, create_run, keep_examples
from t2i_studio.store.learnt_adapters import WEIGHTS, add_adapter
from t2i_studio.store.ratings import rate
from tests.store.studio import finished

MODEL = "podium"


def begun(db: Database, team: str = "") -> LearningRun:
    """A run that this process works on."""
    return claim_run(db, create_run(db, Scope(model=MODEL, team=team), Length.USUAL, "ann").id)


def judged(db: Database, rater: str) -> list[Judgement]:
    """A rating and a comparison of two new pictures."""
    one, two = finished(db).variants
    rating = rate(db, one, rater, stars=5)
    comparison = compare(db, [one, two], rater, winner=one)
    return [Judgement(rating=rating.id), Judgement(comparison=comparison.id)]


def learnt_from(db: Database, *judgements: Judgement) -> LearningRun:
    """A run that uses these to train."""
    return keep_examples(db, begun(db).id, [(each, Part.TRAIN) for each in judgements])


def weights(folder: Path, content: bytes) -> tuple[Path, str]:
    """A file of weights in a new folder, and its hash."""
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(content)
    return folder, hashlib.sha256(content).hexdigest()


def made(db: Database, team: str = "", run: LearningRun | None = None) -> LearntAdapter:
    """An adapter of a run of its own, or of `run`."""
    run = run or begun(db, team)
    path, hash = weights(db.home / "learning" / f"run-{run.id}" / "adapter", f"weights {run.id}".encode())
    return add_adapter(db, run.id, MODEL, "0" * 64, team, path, hash)
