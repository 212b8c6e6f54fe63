"""Learning runs: each stage is a row's word before anything is done, and outlives whatever stops it.

A run is worked on by one process at a time, which has claimed it (`owner`) and which alone may move it on. When that
process is gone, the run shows as interrupted, and another may claim it and go on. Nothing kept here names a rater: a
run's preflight and plan are to hold counts and rows' numbers only, because forgetting a rater leaves them alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from t2i_studio.domain import (
    WORKING,
    Judgement,
    LearningRun,
    Length,
    Part,
    Scope,
    Stage,
    Verdict,
    check_number,
    check_text,
)
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.jobs import is_gone, this_process
from t2i_studio.store.models import (
    ComparisonRow,
    LearningExampleRow,
    LearningRunRow,
    RaterRow,
    RatingRow,
    SessionRow,
    now,
)

STARTING = timedelta(minutes=2)
"""A run that no process has claimed may wait for the one being started for it; after so long it is interrupted."""
STOPPED = (Stage.CANCELLED, Stage.FAILED)
ENDED = (*STOPPED, Stage.REFUSED)
MAX_TEAM = 200
MAX_MODEL = 300
PART = 500
"""Judgements that one statement asks for."""
_ROWS: dict[str, Any] = {"rating": RatingRow, "comparison": ComparisonRow}


def create_run(db: Database, scope: Scope, length: Length, user: str, *, anyway: bool = False) -> LearningRun:
    """A run at its preflight that no process works on yet. anyway: though no taste can be told.

    Raises StudioError session.unknown, number.range, text.*.
    """
    team = check_text(scope.team, empty_ok=True)
    check_number("team length", len(team), 0, MAX_TEAM)
    check_number("model length", len(check_text(scope.model)), 1, MAX_MODEL)
    with db.write() as session:
        if scope.session is not None:
            get_row(session, SessionRow, scope.session, "session.unknown")
        row = LearningRunRow(
            model=scope.model,
            session_id=scope.session,
            team=team,
            length=length,
            user=user,
            stage=Stage.PREFLIGHT,
            anyway=anyway,
        )
        session.add(row)
        session.flush()
        return _to_run(row)


def get_run(db: Database, run_id: int) -> LearningRun:
    """Raises StudioError learning.unknown."""
    with db.read() as session:
        return _to_run(_run(session, run_id))


def list_runs(db: Database, model: str | None = None, limit: int = 50) -> list[LearningRun]:
    """Newest first; of any model when none is said. Raises StudioError number.range (limit 1–1000)."""
    check_number("limit", limit, 1, 1000)
    query = select(LearningRunRow).order_by(LearningRunRow.id.desc()).limit(limit)
    if model is not None:
        query = query.where(LearningRunRow.model == model)
    with db.read() as session:
        return [_to_run(row) for row in session.scalars(query)]


def claim_run(db: Database, run_id: int) -> LearningRun:
    """This process works on the run from now on, until it ends a stage that nobody works in (see `set_stage`).

    Raises StudioError learning.unknown, learning.claimed (a live process works on it), learning.ended (it is refused,
    cancelled or failed; the latter two may be resumed first).
    """
    with db.write() as session:
        row = _run(session, run_id)
        if row.stage in ENDED:
            raise StudioError("learning.ended", id=run_id, stage=row.stage)
        if row.owner not in (None, this_process()) and not is_gone(row.owner or "", row.touched):
            raise StudioError("learning.claimed", id=run_id)
        row.owner, row.touched = this_process(), now()
        return _to_run(row)


def release_run(db: Database, run_id: int) -> None:
    """Work on a run no more without moving it on, so that another process may. Raises StudioError as `set_stage`."""
    with db.write() as session:
        _own(session, run_id).owner = None


def resume_run(db: Database, run_id: int) -> LearningRun:
    """Put a cancelled or failed run back into the stage in which it stopped, for a process to claim; an interrupted
    one is left as it is.

    Raises StudioError learning.unknown, learning.not_resumable (it goes on already, or has nothing left to do).
    """
    with db.write() as session:
        row = _run(session, run_id)
        if row.stage in STOPPED:
            row.stage, row.stopped_at = row.stopped_at or Stage.PREFLIGHT, None
            row.owner, row.cancel, row.error, row.touched = None, False, None, now()
        elif not _interrupted(row):
            raise StudioError("learning.not_resumable", id=run_id, stage=row.stage)
        return _to_run(row)


def set_stage(db: Database, run_id: int, stage: Stage) -> LearningRun:
    """Move a run of this process on, with progress not begun; out of WORKING nobody works on it any more.

    Raises StudioError learning.unknown, learning.claimed (it is not this process's). stage: any but FAILED (fail_run).
    """
    if stage is Stage.FAILED:
        raise ValueError("a run fails with an error: fail_run")
    with db.write() as session:
        row = _own(session, run_id)
        _move(row, stage)
        return _to_run(row)


def note_progress(
    db: Database, run_id: int, done: float, of: float, *, seconds_left: float | None = None, loss: float | None = None
) -> None:
    """How far the running stage is. Raises StudioError as `set_stage`."""
    told = {"done": done, "of": of, "seconds_left": seconds_left, "loss": loss}
    with db.write() as session:
        row = _own(session, run_id)
        row.progress, row.touched = told, now()


def keep_preflight(db: Database, run_id: int, found: dict[str, Any]) -> None:
    """What the preflight found, without raters' ids. Raises StudioError as `set_stage`."""
    with db.write() as session:
        _own(session, run_id).preflight = found


def keep_plan(db: Database, run_id: int, plan: dict[str, Any]) -> None:
    """Method and settings, without raters' ids. Raises StudioError as `set_stage`."""
    with db.write() as session:
        _own(session, run_id).plan = plan


def keep_examples(db: Database, run_id: int, examples: Sequence[tuple[Judgement, Part]]) -> LearningRun:
    """The judgements that the run uses, each once; for good once it has left its preflight, until then replaced.

    Raises StudioError as `set_stage`, and learning.ratings_changed when a judgement is gone or its rater has withdrawn;
    ValueError when the preflight is over or a judgement is there twice.
    """
    if len({judgement for judgement, _ in examples}) < len(examples):
        raise ValueError("a judgement cannot be used twice")
    with db.write() as session:
        row = _own(session, run_id)
        if row.stage != Stage.PREFLIGHT:
            raise ValueError(f"learning run {run_id} has its examples for good")
        _check_judgements(session, [judgement for judgement, _ in examples])
        session.execute(delete(LearningExampleRow).where(LearningExampleRow.run_id == run_id))
        rows = [
            {"run_id": run_id, "part": part, "rating_id": judgement.rating, "comparison_id": judgement.comparison}
            for judgement, part in examples
        ]
        if rows:
            session.execute(insert(LearningExampleRow), rows)
        row.examples, row.forgotten = len(rows), False
        return _to_run(row)


def examples_of(db: Database, run_id: int) -> list[tuple[Judgement, Part]]:
    """The judgements that a run uses and that are still there, as kept. Raises StudioError learning.unknown."""
    query = select(LearningExampleRow).where(LearningExampleRow.run_id == run_id).order_by(LearningExampleRow.id)
    with db.read() as session:
        _run(session, run_id)
        return [
            (Judgement(rating=row.rating_id, comparison=row.comparison_id), Part(row.part))
            for row in session.scalars(query)
        ]


def attach_session(db: Database, run_id: int, session_id: int) -> None:
    """The blind session that decides the run. Raises StudioError learning.unknown, session.unknown."""
    with db.write() as session:
        row = _run(session, run_id)
        get_row(session, SessionRow, session_id, "session.unknown")
        row.asked_id = session_id


def keep_verdict(db: Database, run_id: int, verdict: Verdict) -> LearningRun:
    """Decide the run, in the stage DECIDED. Raises StudioError as `set_stage`."""
    with db.write() as session:
        row = _own(session, run_id)
        row.verdict = verdict.model_dump(mode="json")
        _move(row, Stage.DECIDED)
        return _to_run(row)


def fail_run(db: Database, run_id: int, error: StudioError) -> LearningRun:
    """End a run of this process by an error. Raises StudioError as `set_stage`."""
    with db.write() as session:
        row = _own(session, run_id)
        _move(row, Stage.FAILED)
        row.error = {"key": error.key, "params": error.params}
        return _to_run(row)


def request_cancel(db: Database, run_id: int) -> LearningRun:
    """Cancel a run that nobody works on at once, ask a process to stop soon, leave a decided or ended one alone.

    Raises StudioError learning.unknown.
    """
    with db.write() as session:
        row = _run(session, run_id)
        if row.stage == Stage.ASKING or (row.stage in WORKING and not _works(row)):
            _move(row, Stage.CANCELLED)
        elif row.stage in WORKING:
            row.cancel = True
        return _to_run(row)


def cancel_requested(db: Database, run_id: int) -> bool:
    """Whether a user has asked to stop the run, or has stopped it. Raises StudioError learning.unknown."""
    with db.read() as session:
        row = _run(session, run_id)
        return row.cancel or row.stage == Stage.CANCELLED


def _run(session: Session, run_id: int) -> LearningRunRow:
    return get_row(session, LearningRunRow, run_id, "learning.unknown")


def _own(session: Session, run_id: int) -> LearningRunRow:
    row = _run(session, run_id)
    if row.owner != this_process():
        raise StudioError("learning.claimed", id=run_id)
    return row


def _move(row: LearningRunRow, stage: Stage) -> None:
    row.stopped_at = row.stage if stage in STOPPED else None
    row.stage, row.progress, row.touched = stage, None, now()
    if stage not in WORKING:
        row.owner, row.cancel = None, False


def _works(row: LearningRunRow) -> bool:
    return row.owner is not None and not is_gone(row.owner, row.touched)


def _interrupted(row: LearningRunRow) -> bool:
    if row.stage not in WORKING:
        return False
    return not _works(row) if row.owner is not None else now() - row.touched > STARTING


def _check_judgements(session: Session, judgements: Sequence[Judgement]) -> None:
    for table, ids in _by_table(judgements):
        query = select(table.id).join(RaterRow, RaterRow.id == table.rater_id)
        there = set(session.scalars(query.where(table.id.in_(ids), ~RaterRow.withdrawn)))
        if there != set(ids):
            raise StudioError("learning.ratings_changed")


def _by_table(judgements: Sequence[Judgement]) -> Iterator[tuple[Any, list[int]]]:
    """Rows' numbers by table, in lists short enough for one statement."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for judgement in judgements:
        for name in _ROWS:
            if (number := getattr(judgement, name)) is not None:
                numbers[name].append(number)
    for name, ids in numbers.items():
        for start in range(0, len(ids), PART):
            yield _ROWS[name], ids[start : start + PART]


def _to_run(row: LearningRunRow) -> LearningRun:
    return LearningRun(
        id=row.id,
        scope=Scope(model=row.model, session=row.session_id, team=row.team),
        length=Length(row.length),
        stage=Stage(row.stage),
        interrupted=_interrupted(row),
        preflight=row.preflight,
        plan=row.plan,
        progress=row.progress,
        examples=row.examples,
        forgotten=row.forgotten,
        anyway=row.anyway,
        session=row.asked_id,
        verdict=Verdict.model_validate(row.verdict) if row.verdict else None,
        error=row.error,
        user=row.user,
        created=row.created,
    )
