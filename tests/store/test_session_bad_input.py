"""Whatever comes in by a link, the answer is a result or a sentence, and the sentence is in the log."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.domain import Answer, SessionState
from t2i_studio.errors import StudioError
from t2i_studio.store import answers, assignments, entrance, session_raters, sessions, votes
from t2i_studio.store.audit import audit_of
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.maintenance import Kind, check_store
from tests.store.session_studio import entered, judge_all, session_of, shown

any_text = st.text(st.characters(codec=None), max_size=300)
any_id = st.integers(-(2**70), 2**70) | st.integers(0, 6)
sent = st.builds(
    Answer,
    assignment=any_id,
    nonce=any_text,
    verdict=st.sampled_from(["chosen", "tie", "bad", "stars", "skip"]),
    place=st.none() | any_id,
    stars=st.none() | any_id,
    faults=st.lists(any_text | st.just("clutter"), max_size=2).map(tuple),
    comment=any_text,
    skip_reason=st.none() | any_text,
    active_ms=st.none() | any_id,
    wall_ms=st.none() | any_id,
)
CALLS: dict[str, tuple[Callable[..., object], tuple[st.SearchStrategy[object], ...]]] = {
    "answer": (answers.answer, (st.just("RATER") | any_text, sent)),
    "next": (assignments.next_assignment, (any_id, any_text)),
    "renew": (assignments.renew, (any_id, any_text)),
    "previous": (assignments.previous_assignment, (any_id, any_text)),
    "enter": (entrance.enter, (st.just("TOKEN") | any_text, st.none() | any_text, st.none() | any_text)),
    "whose key": (entrance.rater_by, (any_id, any_text)),
    "consent": (entrance.consent, (any_id, any_text)),
    "label": (entrance.make_link, (any_id, st.none() | any_text)),
    "exclude": (session_raters.exclude_rater, (any_id, any_text, any_text)),
    "pause": (sessions.set_state, (st.integers(7), st.just(SessionState.PAUSED))),
    "votes": (votes.votes, (any_id,)),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, str, str]:
    db = open_database(tmp_path_factory.mktemp("running"))
    of = session_of(db, 6)
    [rater] = entered(db, of)
    judge_all(db, of, rater, limit=2)
    shown(db, of, rater)
    return db, entrance.make_link(db, of.id), rater


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_call_answers_or_says_why_not(running: tuple[Database, str, str], name: str, data: st.DataObject):
    db, token, rater = running
    call, kinds = CALLS[name]
    known = {"RATER": rater, "TOKEN": token}
    drawn = [data.draw(kind) for kind in kinds]
    with suppress(StudioError):
        call(db, *(known.get(each, each) if isinstance(each, str) else each for each in drawn))


def test_after_all_that_the_store_is_sound(running: tuple[Database, str, str]):
    db, _, _ = running
    assert not [problem for problem in check_store(db) if problem.kind is not Kind.LOST_PICTURE]
    refused = [entry.details.get("refused") for entry in audit_of(db, None) + audit_of(db, 1)]
    assert any(refused)
