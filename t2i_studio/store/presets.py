"""Looks that users saved: style levels under a name, shared by all who use this studio."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from t2i_studio.domain import Noun, StyleSettings, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.models import PresetRow, now

MAX_NAME = 60


class OwnPreset(Noun):
    """A saved look. based_on: id of the preset of the table whose phrases go with it, None for levels alone."""

    id: int
    name: str
    style: StyleSettings
    based_on: str | None
    created: datetime
    deleted: bool = False


def save_preset(db: Database, name: str, style: StyleSettings, based_on: str | None = None) -> OwnPreset:
    """Keep a look under a new name. Raises StudioError preset.no_name, .name_too_long, .name_taken."""
    name = " ".join(check_text(name, empty_ok=True).split())
    if not name:
        raise StudioError("preset.no_name")
    if len(name) > MAX_NAME:
        raise StudioError("preset.name_too_long", length=len(name), limit=MAX_NAME)
    with db.write() as session:
        _check_free(session, name)
        row = PresetRow(name=name, style=style.model_dump(), based_on=based_on)
        session.add(row)
        session.flush()
        return _to_preset(row)


def own_presets(db: Database) -> list[OwnPreset]:
    """Those that are not deleted, the newest first."""
    query = select(PresetRow).where(PresetRow.deleted_at.is_(None)).order_by(PresetRow.id.desc())
    with db.read() as session:
        return [_to_preset(row) for row in session.scalars(query)]


def delete_preset(db: Database, preset_id: int) -> None:
    """Hide a saved look; `restore_preset` brings it back. Raises StudioError preset.none_of_yours."""
    with db.write() as session:
        row = get_row(session, PresetRow, preset_id, "preset.none_of_yours")
        row.deleted_at = row.deleted_at or now()


def restore_preset(db: Database, preset_id: int) -> OwnPreset:
    """Undo a deletion. Raises StudioError preset.none_of_yours, and .name_taken when another took its name."""
    with db.write() as session:
        row = get_row(session, PresetRow, preset_id, "preset.none_of_yours")
        if row.deleted_at is not None:
            _check_free(session, row.name)
        row.deleted_at = None
        return _to_preset(row)


def _check_free(session: Session, name: str) -> None:
    query = select(PresetRow.id).where(PresetRow.name == name, PresetRow.deleted_at.is_(None))
    if session.scalar(query) is not None:
        raise StudioError("preset.name_taken", name=name)


def _to_preset(row: PresetRow) -> OwnPreset:
    return OwnPreset(
        id=row.id,
        name=row.name,
        style=StyleSettings.model_validate(row.style),
        based_on=row.based_on,
        created=row.created,
        deleted=row.deleted_at is not None,
    )
