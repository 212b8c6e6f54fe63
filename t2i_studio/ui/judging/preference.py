"""Which items are best opened next, where the session lets the answers so far decide: found beside the requests."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from t2i_studio.domain import Item, Purpose
from t2i_studio.feedback import active
from t2i_studio.store.database import Database
from t2i_studio.store.session_items import items_of
from t2i_studio.store.sessions import get_session
from t2i_studio.store.votes import votes

log = logging.getLogger(__name__)
SECONDS = 4.0
"""How old an order may be while raters are at work, and the least rest between two computations."""


@dataclass
class _Known:
    order: tuple[int, ...] = ()
    found: float = float("-inf")
    seeking: bool = False


class Preference:
    """Orders of the unopened items by session; an order is a few answers old, and never waited for."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[int, _Known] = {}
        self._guard = threading.Lock()

    def order(self, session_id: int) -> Sequence[int]:
        """Items, the most telling first; empty until first found, which leaves the choice to the store (evenly)."""
        with self._guard:
            known = self._known.setdefault(session_id, _Known())
            stale = not known.seeking and time.monotonic() - known.found > SECONDS
            known.seeking = known.seeking or stale
        if stale:
            threading.Thread(target=self._seek, args=(session_id, known), name="preference", daemon=True).start()
        return known.order

    def _seek(self, session_id: int, known: _Known) -> None:
        try:
            known.order = best_order(self._db, session_id)
        except Exception:
            log.exception("order of the items of session %s", session_id)
        finally:
            known.found, known.seeking = time.monotonic(), False


def best_order(db: Database, session_id: int) -> tuple[int, ...]:
    """The unopened items of a session, those first that make its ranking certain soonest (feedback/active.py)."""
    overlap = get_session(db, session_id).plan.overlap
    judged = [item for item in items_of(db, session_id) if item.purpose is Purpose.JUDGED]
    waiting = [item for item in judged if not item.opened]
    awaited = [_sources(item) for item in judged if item.opened for _ in range(overlap - item.answers)]
    candidates = [_sources(item) for item in waiting]
    ranked = active.order(votes(db, session_id), candidates, opened=awaited, overlap=overlap)
    return tuple(waiting[number].id for number in ranked)


def _sources(item: Item) -> tuple[str, ...]:
    """As a vote names them; a picture that stands for itself is its own source."""
    return tuple(shown.source or f"#{shown.variant}" for shown in item.pictures)
