"""Drafts become sessions: once their batches have ended, whoever looks first makes the session, and only once."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from t2i_studio.domain import Job, NewItem, Noun, Purpose, SessionPlan, State, Variant
from t2i_studio.errors import StudioError
from t2i_studio.feedback.items import MAX_KNOWN, Axis, Candidate, candidate, make_items
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.session_drafts import SessionDraft, get_draft, make_session, note_problem
from t2i_studio.store.variants import get_variants

MOST = 500
"""Items to be judged without a budget that asks for more; 60 pictures make 1,770 pairs, which nobody gets through."""


class DraftProgress(Noun):
    """How far a draft's pictures are. done, of: pictures. running: whether any batch is still at work. failed,
    cancelled, interrupted: batches that ended so; error: of the first one that failed.
    """

    done: int
    of: int
    running: bool
    failed: int
    cancelled: int
    interrupted: int
    error: dict[str, object] | None = None


def session_items(plan: SessionPlan, candidates: Sequence[Candidate]) -> list[NewItem]:
    """The items of a planned session: of very many that there could be, MOST (or the budget) in which every picture
    appears equally often, and no more with a known answer than one rater can come to see.

    Raises StudioError session.nothing_to_compare.
    """
    items = make_items(plan.kind, candidates, seed=plan.seed, known=MAX_KNOWN, practice=plan.practice)
    judged = _balanced([item for item in items if item.purpose is Purpose.JUDGED], max(MOST, plan.budget or 0))
    known = [item for item in items if item.purpose is Purpose.KNOWN]
    shown = min(len(judged), plan.budget or len(judged)) / max(0.01, 1 - plan.known_share - plan.repeat_share)
    enough = ceil(plan.known_share * shown + 1) if plan.known_share > 0 else 0
    return judged + [item for item in items if item.purpose is Purpose.PRACTICE] + known[:enough]


def _balanced(items: Sequence[NewItem], most: int) -> list[NewItem]:
    """At most `most` of the items, taken in their order, none of whose pictures is far ahead of the others."""
    chosen: list[NewItem] = []
    times: Counter[int] = Counter()
    rest, limit = list(items), 0
    while rest and len(chosen) < most:
        limit += 1
        left = []
        for item in rest:
            pictures = [shown.variant for shown in item.pictures]
            if len(chosen) < most and all(times[picture] < limit for picture in pictures):
                chosen.append(item)
                times.update(pictures)
            else:
                left.append(item)
        rest = left
    return chosen


def draft_progress(db: Database, draft: SessionDraft) -> DraftProgress:
    """How far the pictures of a draft are, as the store knows it."""
    return _progress(_batches(db, draft), pictures_of(db, draft))


def settle(db: Database, draft_id: int, *, partial: bool = False) -> SessionDraft:
    """Make the session of a waiting draft if all its batches are done; else the draft as it is.

    partial: also when some were cancelled or failed, of the pictures that there are; none may be at work then.
    What keeps the pictures from being a session is kept as the draft's problem.
    Raises StudioError session.draft_unknown, and with `partial` session.draft_running, .draft_ended and what keeps the
    session from being made.
    """
    draft = get_draft(db, draft_id)
    if draft.state != "waiting":
        if partial:
            raise StudioError("session.draft_ended", state=draft.state)
        return draft
    batches = _batches(db, draft)
    if any(job.state in jobs.OPEN for job in batches):
        if partial:
            raise StudioError("session.draft_running")
        return draft
    if not partial and (draft.problem or any(job.state is not State.DONE for job in batches)):
        return draft
    try:
        return make_session(db, draft_id, session_items(draft.plan, draft_candidates(db, draft)))
    except StudioError as error:
        kept = note_problem(db, draft_id, error)
        if partial:
            raise
        return kept


def pictures_of(db: Database, draft: SessionDraft) -> list[Variant]:
    """The pictures that there are, deleted ones apart."""
    numbers = [number for job in _batches(db, draft) for number in job.variants]
    return [one for one in get_variants(db, numbers) if one.image and not one.deleted]


def draft_candidates(db: Database, draft: SessionDraft) -> list[Candidate]:
    """The pictures of a draft by what it compares."""
    axis: Axis = draft.axis  # type: ignore[assignment]  # it was one when the draft was stored
    return [candidate(picture, axis) for picture in pictures_of(db, draft)]


def _batches(db: Database, draft: SessionDraft) -> list[Job]:
    return [jobs.get_job(db, number) for number in draft.jobs]


def _progress(batches: Sequence[Job], made: Sequence[Variant]) -> DraftProgress:
    states = [job.state for job in batches]
    return DraftProgress(
        done=len(made),
        of=sum(len(job.variants) for job in batches),
        running=any(state in jobs.OPEN for state in states),
        failed=states.count(State.FAILED),
        cancelled=states.count(State.CANCELLED),
        interrupted=states.count(State.INTERRUPTED),
        error=next((job.error for job in batches if job.error), None),
    )
