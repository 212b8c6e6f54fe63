"""A draft becomes one session or none, whoever settles it and however often, also when the process dies."""

import threading

import pytest
from sqlalchemy import func, select, text

from t2i_studio.domain import Entry, NewItem, SessionKind, SessionPlan, Shown, State
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.entrance import enter, make_link
from t2i_studio.store.models import JobRow, SessionDraftRow
from t2i_studio.store.sample import request
from t2i_studio.store.session_drafts import (
    MAX_RESUMED,
    SessionDraft,
    discard_draft,
    enqueue_draft,
    get_draft,
    make_session,
    may_resume,
    note_problem,
    waiting_drafts,
)
from t2i_studio.store.sessions import list_sessions
from tests.store.studio import Child, finished

PLAN = SessionPlan(name="Which look", kind=SessionKind.PAIRS, user="ann")


def drafted(db: Database, plan: SessionPlan = PLAN) -> SessionDraft:
    return enqueue_draft(db, plan, "preset", [request(variants=1, seed=seed) for seed in (1, 2)])


def items(db: Database) -> list[NewItem]:
    pictures = tuple(Shown(variant=variant) for variant in finished(db, variants=2).variants)
    return [NewItem(text="a bag", pictures=pictures)]


def test_a_draft_and_its_batches_are_there_before_anything_runs(db: Database) -> None:
    draft = drafted(db)
    assert (draft.plan, draft.axis, draft.state, draft.user) == (PLAN, "preset", "waiting", "ann")
    assert [jobs.get_job(db, job).state for job in draft.jobs] == [State.WAITING, State.WAITING]
    assert [jobs.get_job(db, job).request.seed for job in draft.jobs] == [1, 2]
    assert waiting_drafts(db) == [get_draft(db, draft.id)] == [draft]


def test_of_a_draft_that_cannot_be_stored_nothing_is(db: Database) -> None:
    requests = [request(variants=1), request(variants=1, parent=99, init_image=None)]
    with pytest.raises(StudioError, match="99"):
        enqueue_draft(db, PLAN, "picture", requests)
    with db.read() as session:
        assert (
            session.scalar(select(func.count(SessionDraftRow.id))) == session.scalar(select(func.count(JobRow.id))) == 0
        )


def test_eight_who_settle_at_once_make_one_session(db: Database) -> None:
    draft, made = drafted(db), items(db)
    seen: list[int | None] = []
    ready = threading.Barrier(8)

    def settle() -> None:
        ready.wait()
        seen.append(make_session(db, draft.id, made).session)

    threads = [threading.Thread(target=settle) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_sessions(db)) == 1
    assert seen == [list_sessions(db)[0].id] * 8
    assert waiting_drafts(db) == []


def test_a_process_killed_while_it_makes_the_session_leaves_one_or_none(db: Database) -> None:
    draft, made = drafted(db), items(db)
    db.close()
    killed = Child(lambda say: [say("go"), make_session(open_database(db.home), draft.id, made)])
    killed.kill()
    killed.heard()
    found = list_sessions(db)
    assert len(found) == (0 if get_draft(db, draft.id).state == "waiting" else 1)
    make_session(db, draft.id, made)
    assert len(list_sessions(db)) == 1


def test_a_session_that_cannot_be_made_leaves_the_draft_waiting(db: Database) -> None:
    draft = drafted(db)
    unfinished = jobs.get_job(db, draft.jobs[0]).variants + jobs.get_job(db, draft.jobs[1]).variants
    with pytest.raises(StudioError) as caught:
        make_session(db, draft.id, [NewItem(text="a", pictures=tuple(Shown(variant=v) for v in unfinished))])
    assert caught.value.key == "rating.no_picture"
    assert get_draft(db, draft.id).state == "waiting"
    assert note_problem(db, draft.id, caught.value).problem == {
        "key": "rating.no_picture",
        "params": {"id": unfinished[0]},
    }
    assert make_session(db, draft.id, items(db)).problem is None


def test_a_discarded_draft_never_becomes_a_session(db: Database) -> None:
    draft = drafted(db)
    assert discard_draft(db, draft.id).state == "discarded"
    assert make_session(db, draft.id, items(db)).session is None
    assert not list_sessions(db)
    assert get_draft(db, make_session(db, drafted(db).id, items(db)).id).state == "made"


def test_a_made_draft_cannot_be_discarded(db: Database) -> None:
    draft = make_session(db, drafted(db).id, items(db))
    assert discard_draft(db, draft.id) == draft


def test_the_code_is_kept_as_a_hash_only_and_opens_the_session(db: Database) -> None:
    plan = PLAN.model_copy(update={"entry": Entry.CODE, "code": "plum tree"})
    draft = drafted(db, plan)
    with db.read() as session:
        assert "plum" not in str(session.execute(text("SELECT * FROM session_draft")).all())
    session_id = make_session(db, draft.id, items(db)).session
    assert session_id is not None
    token = make_link(db, session_id)
    assert enter(db, token, code="plum tree").session == session_id
    with pytest.raises(StudioError, match="code is wrong"):
        enter(db, token, code="cherry")


def test_a_draft_by_code_needs_one(db: Database) -> None:
    with pytest.raises(StudioError) as caught:
        drafted(db, PLAN.model_copy(update={"entry": Entry.CODE, "code": "abc"}))
    assert caught.value.key == "session.code_missing"


def test_batches_are_begun_again_by_themselves_a_few_times_only(db: Database) -> None:
    draft = drafted(db)
    assert [may_resume(db, draft.id) for _ in range(MAX_RESUMED + 2)] == [True] * MAX_RESUMED + [False] * 2
    other = drafted(db)
    discard_draft(db, other.id)
    assert not may_resume(db, other.id)


@pytest.mark.parametrize("id", [0, -1, 77, 2**70])
def test_an_unknown_draft_is_named(db: Database, id: int) -> None:
    for ask in (get_draft, discard_draft, may_resume):
        with pytest.raises(StudioError) as caught:
            ask(db, id)
        assert caught.value.key == "session.draft_unknown"
