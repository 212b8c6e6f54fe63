"""A draft is settled by whoever looks first after its last batch has ended, of what there is."""

from collections import Counter
from pathlib import Path

import pytest

from t2i_studio.domain import Purpose, SessionKind, SessionPlan, State
from t2i_studio.errors import StudioError
from t2i_studio.feedback.drafts import MOST, draft_progress, session_items, settle
from t2i_studio.feedback.items import Candidate
from t2i_studio.store import jobs, variants
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from t2i_studio.store.session_drafts import SessionDraft, enqueue_draft, get_draft
from t2i_studio.store.session_items import items_of
from t2i_studio.store.sessions import list_sessions
from tests.store.studio import png


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return open_database(tmp_path)


def drafted(db: Database, presets: tuple[str | None, ...] = (None, "premium_black"), each: int = 1) -> SessionDraft:
    plan = SessionPlan(name="Looks", kind=SessionKind.PAIRS)
    requests = [request("a bag", variants=each, preset=preset) for preset in presets]
    return enqueue_draft(db, plan, "preset", requests)


def end(db: Database, job: int, state: State = State.DONE, error: StudioError | None = None) -> None:
    jobs.claim(db, job)
    if state is State.DONE:
        for number in jobs.get_job(db, job).variants:
            jobs.finish_variant(db, number, put_image(db, png(number)), origin(number))
    jobs.finish_job(db, job, state, error)


def test_the_session_is_made_when_the_last_batch_has_ended_and_not_before(db: Database) -> None:
    draft = drafted(db)
    end(db, draft.jobs[0])
    assert settle(db, draft.id).state == "waiting"
    assert (draft_progress(db, draft).done, draft_progress(db, draft).of) == (1, 2)
    end(db, draft.jobs[1])
    made = settle(db, draft.id)
    assert settle(db, draft.id) == made
    assert [session.id for session in list_sessions(db)] == [made.session]
    judged = [item for item in items_of(db, made.session or 0) if item.purpose is Purpose.JUDGED]
    assert [{shown.source for shown in item.pictures} for item in judged] == [{"–", "premium_black"}]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.INTERRUPTED])
def test_when_a_batch_is_missing_the_organiser_is_asked(db: Database, state: State) -> None:
    draft = drafted(db, (None, "premium_black", "diwali"))
    for job in draft.jobs[:2]:
        end(db, job)
    end(db, draft.jobs[2], state, StudioError("engine.failed", reason="no memory") if state is State.FAILED else None)
    assert settle(db, draft.id).state == "waiting"
    told = draft_progress(db, draft)
    assert (told.running, told.done, told.failed + told.cancelled + told.interrupted) == (False, 2, 1)
    assert (told.error is not None) == (state is State.FAILED)
    made = settle(db, draft.id, partial=True)
    assert made.session is not None
    with pytest.raises(StudioError) as caught:
        settle(db, draft.id, partial=True)
    assert caught.value.key == "session.draft_ended"


def test_no_session_is_made_of_half_a_batch_that_runs(db: Database) -> None:
    draft = drafted(db)
    end(db, draft.jobs[0])
    with pytest.raises(StudioError) as caught:
        settle(db, draft.id, partial=True)
    assert caught.value.key == "session.draft_running"


def test_what_keeps_the_pictures_from_being_a_session_is_kept_and_told(db: Database) -> None:
    draft = drafted(db)
    for job in draft.jobs:
        end(db, job)
    variants.delete(db, list(jobs.get_job(db, draft.jobs[0]).variants))
    settled = settle(db, draft.id)
    assert (settled.state, (settled.problem or {})["key"]) == ("waiting", "session.nothing_to_compare")
    variants.restore(db, list(jobs.get_job(db, draft.jobs[0]).variants))
    assert settle(db, draft.id, partial=True).session is not None
    assert get_draft(db, draft.id).problem is None


@pytest.mark.parametrize("share", [0, 0.1, 0.5])
def test_there_are_as_many_known_answers_as_one_rater_can_come_to_see(share: float) -> None:
    plan = SessionPlan(name="x", kind=SessionKind.PAIRS, known_share=share, repeat_share=0)
    items = session_items(plan, [Candidate(variant=number, text="a bag") for number in range(1, 8)])
    purposes = [item.purpose for item in items]
    assert purposes.count(Purpose.JUDGED) == 21
    assert purposes.count(Purpose.PRACTICE) == plan.practice
    known = purposes.count(Purpose.KNOWN)
    assert known == 0 if share == 0 else share * 21 / (1 - share) <= known <= share * 21 / (1 - share) + 2


def test_of_very_many_pairs_some_are_taken_in_which_each_picture_comes_equally_often() -> None:
    pictures = [Candidate(variant=number, text="a bag") for number in range(1, 101)]
    for budget, wanted in ((None, MOST), (800, 800)):
        plan = SessionPlan(name="x", kind=SessionKind.PAIRS, budget=budget)
        judged = [item for item in session_items(plan, pictures) if item.purpose is Purpose.JUDGED]
        times = Counter(shown.variant for item in judged for shown in item.pictures)
        assert len(judged) == len({frozenset(shown.variant for shown in item.pictures) for item in judged}) == wanted
        assert len(times) == 100
        assert max(times.values()) - min(times.values()) <= 3
