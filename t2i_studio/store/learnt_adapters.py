"""Adapters that runs made, and which of them is in use: a log that only grows.

An adapter gets its row once its file is whole; without a row it is offered nowhere. Each model and team has a line of
adoptions: adopting adds to it, rolling back takes one step back; both are new rows of the log.
"""

import hashlib
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from t2i_studio.domain import LearntAdapter, Noun, check_number
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.models import AdoptionRow, LearningRunRow, LearntAdapterRow

WEIGHTS = "pytorch_lora_weights.safetensors"
"""Name of the file in an adapter's folder, as diffusers looks for it."""


class Adoption(Noun):
    """An entry of the log. adapter None: none is in use from then on. back: by rolling back."""

    id: int
    model: str
    team: str
    adapter: int | None
    back: bool
    user: str
    created: datetime


def add_adapter(
    db: Database, run_id: int, model: str, model_hash: str, team: str, path: Path, hash: str
) -> LearntAdapter:
    """The adapter of a run, as the next version of its model and team; added again, the one that is there.

    path: its folder, whole. hash: sha256 (hex) of its weights. Raises StudioError learning.unknown,
    learning.adapter_missing (no such file, or it holds something else), ValueError when the run has another adapter.
    """
    _check_file(path, hash)
    with db.write() as session:
        get_row(session, LearningRunRow, run_id, "learning.unknown")
        row = session.scalar(select(LearntAdapterRow).where(LearntAdapterRow.run_id == run_id))
        if row is None:
            of_team = (LearntAdapterRow.model == model, LearntAdapterRow.team == team)
            newest = session.scalar(select(func.max(LearntAdapterRow.version)).where(*of_team)) or 0
            row = LearntAdapterRow(run_id=run_id, model=model, model_hash=model_hash, team=team, version=newest + 1)
            row.path, row.hash = _inside(db.home, path), hash
            session.add(row)
            session.flush()
        elif row.hash != hash:
            raise ValueError(f"learning run {run_id} already has an adapter")
        return _to_adapter(session, db.home, row)


def _check_file(folder: Path, hash: str) -> None:
    try:
        with (folder / WEIGHTS).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StudioError("learning.adapter_missing", path=folder) from error
    if found != hash:
        raise StudioError("learning.adapter_missing", path=folder)


def _inside(home: Path, path: Path) -> str:
    """Relative to the home where it lies in it, so that the home may be moved."""
    whole, home = path.resolve(), home.resolve()
    return whole.relative_to(home).as_posix() if whole.is_relative_to(home) else str(whole)


def get_adapter(db: Database, adapter_id: int) -> LearntAdapter:
    """Raises StudioError learning.adapter_unknown."""
    with db.read() as session:
        return _to_adapter(session, db.home, _adapter(session, adapter_id))


def adapter_of(db: Database, run_id: int) -> LearntAdapter | None:
    """The adapter that a run made, if it has."""
    with db.read() as session:
        row = session.scalar(select(LearntAdapterRow).where(LearntAdapterRow.run_id == run_id))
        return _to_adapter(session, db.home, row) if row else None


def list_adapters(
    db: Database, model: str | None = None, team: str | None = None, limit: int = 50
) -> list[LearntAdapter]:
    """Newest first; of any model and team when not said. Raises StudioError number.range (limit 1–1000)."""
    check_number("limit", limit, 1, 1000)
    query = select(LearntAdapterRow).order_by(LearntAdapterRow.id.desc()).limit(limit)
    if model is not None:
        query = query.where(LearntAdapterRow.model == model)
    if team is not None:
        query = query.where(LearntAdapterRow.team == team)
    with db.read() as session:
        return [_to_adapter(session, db.home, row) for row in session.scalars(query)]


def adopt(db: Database, adapter_id: int, user: str) -> LearntAdapter:
    """Put an adapter in use for its model and team; one that is already stays.

    Whether its verdict allows that is for the caller. Raises StudioError learning.adapter_unknown,
    learning.adapter_missing (its file is gone or damaged).
    """
    adapter = get_adapter(db, adapter_id)
    _check_file(Path(adapter.path), adapter.hash)
    with db.write() as session:
        row = _adapter(session, adapter_id)
        if _line(session, row.model, row.team)[-1:] != [row.id]:
            session.add(AdoptionRow(model=row.model, team=row.team, adapter_id=row.id, user=user))
            session.flush()
        return _to_adapter(session, db.home, row)


def roll_back(db: Database, model: str, team: str, user: str) -> LearntAdapter | None:
    """Put the adapter in use that was before the present one; None: there was none, and now there is none.

    Rolling back again goes another step back. Raises StudioError learning.nothing_adopted.
    """
    with db.write() as session:
        line = _line(session, model, team)
        if not line:
            raise StudioError("learning.nothing_adopted", model=model, team=team or "–")
        before = line[-2] if len(line) > 1 else None
        session.add(AdoptionRow(model=model, team=team, adapter_id=before, back=True, user=user))
        session.flush()
        return _to_adapter(session, db.home, _adapter(session, before)) if before is not None else None


def adopted_adapter(db: Database, model: str, team: str = "") -> LearntAdapter | None:
    """The adapter in use for a model and team; a team without its own uses that of everybody (team "").

    It fits weights of its `model_hash` only: whether the model still has these is for the caller.
    """
    with db.read() as session:
        for name in dict.fromkeys((team, "")):
            if present := _present(session, model, name):
                return _to_adapter(session, db.home, _adapter(session, present))
        return None


def adoptions(db: Database, model: str | None = None, team: str | None = None, limit: int = 50) -> list[Adoption]:
    """The log, newest first; of any model and team when not said. Raises StudioError number.range (limit 1–1000)."""
    check_number("limit", limit, 1, 1000)
    query = select(AdoptionRow).order_by(AdoptionRow.id.desc()).limit(limit)
    if model is not None:
        query = query.where(AdoptionRow.model == model)
    if team is not None:
        query = query.where(AdoptionRow.team == team)
    with db.read() as session:
        return [
            Adoption(
                id=row.id,
                model=row.model,
                team=row.team,
                adapter=row.adapter_id,
                back=row.back,
                user=row.user,
                created=row.created,
            )
            for row in session.scalars(query)
        ]


def _adapter(session: Session, adapter_id: int) -> LearntAdapterRow:
    return get_row(session, LearntAdapterRow, adapter_id, "learning.adapter_unknown")


def _present(session: Session, model: str, team: str) -> int | None:
    query = select(AdoptionRow.adapter_id).where(AdoptionRow.model == model, AdoptionRow.team == team)
    return session.scalar(query.order_by(AdoptionRow.id.desc()).limit(1))


def _line(session: Session, model: str, team: str) -> list[int]:
    """The adapters adopted one after the other, steps back taken; the last is in use."""
    query = select(AdoptionRow.adapter_id, AdoptionRow.back).where(AdoptionRow.model == model, AdoptionRow.team == team)
    line: list[int] = []
    for adapter, back in session.execute(query.order_by(AdoptionRow.id)):
        if back:
            line.pop()
        elif adapter is not None:
            line.append(adapter)
    return line


def _to_adapter(session: Session, home: Path, row: LearntAdapterRow) -> LearntAdapter:
    return LearntAdapter(
        id=row.id,
        run=row.run_id,
        model=row.model,
        model_hash=row.model_hash,
        team=row.team,
        version=row.version,
        path=str((home / row.path).resolve()),
        hash=row.hash,
        adopted=_present(session, row.model, row.team) == row.id,
        forgotten=session.get_one(LearningRunRow, row.run_id).forgotten,
        created=row.created,
    )
