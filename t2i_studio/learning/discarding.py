"""Adapters that nobody wants: put aside with their files, and taken back."""

from pathlib import Path

from t2i_studio.domain import LearntAdapter
from t2i_studio.errors import StudioError
from t2i_studio.store import learnt_adapters
from t2i_studio.store.database import Database

ASIDE = "-discarded"
"""What is added to the name of a discarded adapter's folder, where no request finds it."""


def discard(db: Database, adapter_id: int) -> LearntAdapter:
    """Put an adapter aside that never was in use.

    Raises StudioError learning.adapter_unknown, learning.was_in_use (pictures were made with it),
    learning.cannot_write.
    """
    adapter = learnt_adapters.get_adapter(db, adapter_id)
    log = learnt_adapters.adoptions(db, adapter.model, adapter.team, limit=1000)
    if any(entry.adapter == adapter_id for entry in log):
        raise StudioError("learning.was_in_use", version=adapter.version)
    if not is_discarded(adapter):
        _move(Path(adapter.path), _aside(adapter))
    return adapter


def take_back(db: Database, adapter_id: int) -> LearntAdapter:
    """A discarded adapter is offered again. Raises StudioError learning.adapter_unknown, learning.cannot_write."""
    adapter = learnt_adapters.get_adapter(db, adapter_id)
    if is_discarded(adapter):
        _move(_aside(adapter), Path(adapter.path))
    return adapter


def is_discarded(adapter: LearntAdapter) -> bool:
    """Whether it was put aside."""
    return _aside(adapter).is_dir() and not Path(adapter.path).exists()


def _aside(adapter: LearntAdapter) -> Path:
    path = Path(adapter.path)
    return path.with_name(path.name + ASIDE)


def _move(there: Path, to: Path) -> None:
    try:
        there.rename(to)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudioError("learning.cannot_write", path=there.parent, reason=reason) from error
