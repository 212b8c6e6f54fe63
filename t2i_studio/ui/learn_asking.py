"""People who decide a run: their session on its page, from the draft to the answers."""

import threading
from typing import Any

from t2i_studio.domain import LearningRun, SessionState, Stage
from t2i_studio.errors import StudioError
from t2i_studio.feedback.drafts import draft_progress
from t2i_studio.learning import asking
from t2i_studio.store import entrance, learning_runs
from t2i_studio.store.session_progress import progress
from t2i_studio.store.sessions import get_session
from t2i_studio.ui.desk import Answer, sentence
from t2i_studio.ui.session_watch import wake
from t2i_studio.ui.studio import Studio, Visitor

_seen: dict[tuple[str, int], int] = {}
"""Answers that a run's verdict was last made of."""
_turn = threading.Lock()


def ask_people(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """Make the pictures of a blind session, old against new; the session is there once they are."""
    draft = asking.ask(studio.db, studio.settings, id, visitor.user)
    studio.engine.take(draft.jobs)
    wake(studio)
    return {"draft": draft.id}


def link_for_raters(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """A link to the run's session. The token is told once: only its hash is kept."""
    run = learning_runs.get_run(studio.db, id)
    return {"token": entrance.make_link(studio.db, run.session) if run.session else None}


def up_to_date(studio: Studio, run: LearningRun) -> LearningRun:
    """The run with the verdict of the answers that came since it was looked at."""
    if run.stage not in (Stage.DECIDED, Stage.ASKING):
        return run
    draft = asking.draft_of(studio.db, run.id)
    session = run.session or (draft.session if draft else None)
    if session is None:
        return run
    answers, key = progress(studio.db, session).answers, (str(studio.db.engine.url), run.id)
    with _turn:
        if run.session is not None and _seen.get(key) == answers:
            return run
        try:
            settled = asking.settle(studio.db, run.id)
        except StudioError:  # another process works on it: the next look has its verdict
            return run
        _seen[key] = answers
    return settled


def told_asking(studio: Studio, visitor: Visitor, run: LearningRun) -> Answer | None:
    """How far the people are; None while nobody was asked. making: pictures of the session, while they are made."""
    draft = asking.draft_of(studio.db, run.id)
    if run.session is None:
        if draft is None or draft.state == "discarded":
            return None
        now = draft_progress(studio.db, draft)
        problem = sentence(draft.problem, visitor) or sentence(now.error, visitor)
        making: dict[str, Any] = {"done": now.done, "of": now.of, "running": now.running, "problem": problem}
        return {"session": None, "making": making}
    session, given = get_session(studio.db, run.session), progress(studio.db, run.session)
    return {
        "session": session.id,
        "name": session.plan.name,
        "open": session.state is SessionState.OPEN,
        "answers": given.answers,
        "wanted": given.wanted,
        "raters": given.raters,
        "making": None,
    }
