"""Looks after drafts while no page does: makes their sessions once their pictures are there."""

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from t2i_studio.domain import State
from t2i_studio.errors import StudioError
from t2i_studio.feedback.drafts import draft_progress, settle
from t2i_studio.store.jobs import get_job
from t2i_studio.store.session_drafts import SessionDraft, may_resume, waiting_drafts
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.studio import Studio

log = logging.getLogger(__name__)
PAUSE = 1.5
"""Seconds between looks while a draft waits for pictures."""


@dataclass
class _LookOut:
    """asked: since the last look, somebody wants another one."""

    stopped: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)


_at_work: dict[int, _LookOut] = {}
"""By the database's identity."""
_guard = threading.Lock()


def wake(studio: Studio) -> None:
    """Look after the drafts from now on, until none has pictures in the making."""
    with _guard:
        if id(studio.db) in _at_work:
            _at_work[id(studio.db)].asked.set()
            return
        mine = _at_work[id(studio.db)] = _LookOut()
    threading.Thread(target=_watch, args=(studio, mine), name="session drafts", daemon=True).start()


def stop(studio: Studio) -> None:
    """End the look-out of a studio that is being closed."""
    with _guard:
        mine = _at_work.pop(id(studio.db), None)
    if mine is not None:
        mine.stopped.set()


def _watch(studio: Studio, mine: _LookOut) -> None:
    while not mine.stopped.is_set():
        mine.asked.clear()
        try:
            busy = look(studio)
        except Exception:  # a disk that is full for a moment must not end the look-out
            log.exception("drafts of sessions could not be looked after")
            busy = True
        with _guard:
            if not busy and not mine.asked.is_set():
                _at_work.pop(id(studio.db), None)
                return
        mine.stopped.wait(PAUSE)


def look(studio: Studio) -> bool:
    """Settle every waiting draft once; whether any still has pictures in the making."""
    busy = [_look_after(studio, draft) for draft in waiting_drafts(studio.db)]
    return any(busy)


def _look_after(studio: Studio, draft: SessionDraft) -> bool:
    now = draft_progress(studio.db, draft)  # before it is settled: what ends in between is seen at the next look
    settled = settle(studio.db, draft.id)
    if settled.session is not None:
        Copies(studio.db).prepare(settled.session)
    if settled.state != "waiting":
        return False
    if now.interrupted and not now.running and may_resume(studio.db, draft.id):
        resume_batches(studio, settled, (State.INTERRUPTED,))
        return True
    return now.running


def resume_batches(studio: Studio, draft: SessionDraft, states: tuple[State, ...]) -> None:
    """Queue the batches of a draft that ended in these states again."""
    for number in draft.jobs:
        if get_job(studio.db, number).state in states:
            with suppress(StudioError):  # somebody else has just resumed it
                studio.engine.resume(number)
