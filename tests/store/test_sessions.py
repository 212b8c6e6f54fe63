import pytest
from sqlalchemy import text

from t2i_studio.domain import (
    Entry,
    NewItem,
    Purpose,
    SessionKind,
    SessionState,
    Shown,
)
from t2i_studio.errors import StudioError
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.audit import audit_of
from t2i_studio.store.database import Database
from t2i_studio.store.maintenance import Kind, check_store
from t2i_studio.store.session_items import get_item, items_of
from t2i_studio.store.session_progress import progress
from t2i_studio.store.session_raters import exclude_rater, raters_of, readmit_rater
from t2i_studio.store.sessions import extend, get_session, list_sessions, set_state
from t2i_studio.store.votes import votes
from tests.store.session_studio import START, entered, judge_all, pairs, said, session_of, shown


def key_of(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments, **named)
    return caught.value.key


def test_a_session_is_kept_as_it_was_planned(db: Database):
    items = pairs(1, 4) + pairs(101, 2, Purpose.KNOWN)
    made = session_of(db, items, name=" 试评 ", overlap=2, seed=2**32, guideline={"zh": "看商品"}, lease=60)
    assert get_session(db, made.id) == made
    assert (made.plan.name, made.plan.seed, made.plan.guideline.zh) == ("试评", 2**32, "看商品")
    assert (made.state, made.closed) == (SessionState.OPEN, None)
    kept = items_of(db, made.id)
    assert [(item.purpose, item.pictures, item.expected) for item in kept] == [
        (item.purpose, item.pictures, item.expected) for item in items
    ]
    assert get_item(db, kept[0].id) == kept[0]
    second = session_of(db)
    assert [each.id for each in list_sessions(db)] == [second.id, made.id]


def test_a_damaged_picture_stays_damaged(db: Database):
    shown = (Shown(variant=1, damaged=True), Shown(variant=2))
    known = NewItem(text="a", pictures=shown, purpose=Purpose.KNOWN, expected=1)
    assert items_of(db, session_of(db, [*pairs(3, 1), known]).id)[1].pictures == shown


ONE = Shown(variant=1)
TWO = Shown(variant=2)
KNOWN = NewItem(text="a", pictures=(ONE, TWO), purpose=Purpose.KNOWN)


@pytest.mark.parametrize(
    ("items", "plan", "key"),
    [
        ([], {}, "session.no_items"),
        (pairs(1, 1, Purpose.KNOWN), {}, "session.no_items"),
        ([NewItem(text="a", pictures=(ONE,))], {}, "session.item_pictures"),
        (pairs(1, 1), {"kind": SessionKind.STARS}, "session.item_pictures"),
        ([NewItem(text="a", pictures=(ONE, ONE))], {}, "session.item_same"),
        ([*pairs(1, 2), NewItem(text="a", pictures=(TWO, ONE))], {}, "session.item_twice"),
        ([NewItem(text="a", pictures=(ONE, TWO), expected=0)], {}, "session.item_expected"),
        ([*pairs(3, 1), KNOWN], {}, "session.item_expected"),
        ([*pairs(3, 1), KNOWN.model_copy(update={"expected": 2})], {}, "session.item_expected"),
        ([NewItem(text="", pictures=(ONE, TWO))], {}, "text.empty"),
        (pairs(399, 2), {}, "variant.unknown"),
        (pairs(2**70, 1), {}, "variant.unknown"),
        (pairs(1, 1), {"entry": Entry.CODE}, "session.code_missing"),
        (pairs(1, 1), {"entry": Entry.CODE, "code": "abc"}, "session.code_missing"),
    ],
)
def test_a_session_that_could_not_be_judged_is_refused_and_the_refusal_is_kept(
    db: Database, items: list[NewItem], plan: dict[str, object], key: str
):
    assert key_of(session_of, db, items, **plan) == key
    assert list_sessions(db) == []
    assert [(entry.action, entry.details["refused"]) for entry in audit_of(db, None)] == [("create", key)]


def test_a_paused_session_rests_and_a_closed_one_is_over(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    open_one = shown(db, of, rater)
    assert set_state(db, of.id, SessionState.PAUSED).state is SessionState.PAUSED
    assert next_assignment(db, of.id, rater).why == "paused"
    assert key_of(answer, db, rater, said(open_one)) == "session.paused"
    set_state(db, of.id, SessionState.OPEN)
    sent = said(open_one)
    receipt = answer(db, rater, sent)
    closed = set_state(db, of.id, SessionState.CLOSED)
    assert closed.closed is not None
    assert next_assignment(db, of.id, rater).why == "closed"
    assert key_of(answer, db, rater, said(open_one)) == "session.closed"
    assert answer(db, rater, sent) == receipt  # confirmed before, and still
    for state in SessionState:
        assert key_of(set_state, db, of.id, state) == "session.closed"
    assert key_of(extend, db, of.id, overlap=9) == "session.closed"


def test_the_log_tells_what_was_done_and_refused_newest_first(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    set_state(db, of.id, SessionState.PAUSED)
    assert key_of(extend, db, of.id, overlap=1) == "session.only_more"
    exclude_rater(db, of.id, rater, "太快")
    entries = audit_of(db, of.id)
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("organiser", "exclude"),
        ("organiser", "extend"),
        ("organiser", "set paused"),
        (rater, "enter"),
        ("organiser", "make link"),
        ("organiser", "create"),
    ]
    assert entries[0].details == {"rater": rater, "reason": "太快"}
    assert entries[1].details == {"refused": "session.only_more", "name": "overlap", "old": 3, "new": 1}
    assert audit_of(db, of.id, limit=1) == entries[:1]


def test_more_may_be_asked_for_but_not_less(db: Database):
    of = session_of(db, 4, overlap=1, budget=2)
    [rater] = entered(db, of)
    assert len(judge_all(db, of, rater)) == 2
    assert extend(db, of.id, budget=3).plan.budget == 3
    assert len(judge_all(db, of, rater)) == 1
    assert extend(db, of.id, overlap=2).plan.overlap == 2
    assert judge_all(db, of, rater) == []  # has judged them all; the second judgement is another's
    [other] = entered(db, of)
    assert len(judge_all(db, of, other)) == 3
    for less in ({"overlap": 1}, {"budget": 2}):
        assert key_of(extend, db, of.id, **less) == "session.only_more"
    assert key_of(extend, db, of.id, overlap=101) == "number.range"


def test_a_budget_is_spent_evenly_on_what_is_compared(db: Database):
    items = pairs(1, 20, sources="ab") + pairs(101, 5, sources="bc") + pairs(201, 9, sources="ca")
    opened = [item for item in items_of(db, session_of(db, items, budget=12).id) if item.opened]
    sources = [tuple(sorted(str(shown.source) for shown in item.pictures)) for item in opened]
    assert {pair: sources.count(pair) for pair in set(sources)} == {("a", "b"): 4, ("b", "c"): 4, ("a", "c"): 4}


def test_an_excluded_rater_is_shown_nothing_and_their_votes_are_marked_until_readmitted(db: Database):
    of = session_of(db, 3, overlap=1)
    rater, other = entered(db, of, 2)
    answer(db, rater, said(shown(db, of, rater)))
    held = shown(db, of, rater)
    assert key_of(exclude_rater, db, of.id, rater, " ") == "session.reason_missing"
    exclude_rater(db, of.id, rater, "总是选左边")
    assert next_assignment(db, of.id, rater).why == "excluded"
    assert key_of(answer, db, rater, said(held)) == "session.excluded"
    assert len(judge_all(db, of, other)) == 2  # the place that was only leased is free again
    assert [vote.excluded for vote in votes(db, of.id)] == [True, False, False]
    assert [(each.rater, each.reason) for each in raters_of(db, of.id)] == [(rater, "总是选左边"), (other, None)]
    readmit_rater(db, of.id, rater)
    assert not any(vote.excluded for vote in votes(db, of.id))
    assert [entry.action for entry in audit_of(db, of.id)][:2] == ["readmit", "answer"]
    assert key_of(exclude_rater, db, of.id, "nobody", "x") == "session.no_rater"


def test_progress_counts_what_counts(db: Database):
    of = session_of(db, 4, overlap=2, budget=3)
    rater, other = entered(db, of, 2)
    answer(db, rater, said(shown(db, of, rater, START)), START)
    answer(db, rater, said(shown(db, of, rater, START), "skip"), START)
    shown(db, of, other, START)
    found = progress(db, of.id, START)
    assert (found.items, found.opened, found.done, found.answers, found.wanted, found.leased) == (3, 3, 0, 1, 6, 1)
    assert (found.skips, found.raters, found.excluded, found.per_minute, found.last) == (1, 1, 0, 0.1, START)
    assert [(each.answered, each.skipped, each.assigned) for each in raters_of(db, of.id)] == [(1, 1, 2), (0, 0, 1)]
    for each in (rater, other):
        exclude_rater(db, of.id, each, "too fast")
    after = progress(db, of.id, START)
    assert (after.raters, after.excluded) == (1, 1)  # who looked only is neither


def test_what_does_not_exist_is_said_so(db: Database):
    for call in (get_session, progress, votes, raters_of):
        assert key_of(call, db, 99) == "session.unknown"
        assert key_of(call, db, 2**70) == "session.unknown"
    assert key_of(get_item, db, -1) == "session.item_unknown"
    assert (items_of(db, 99), audit_of(db, 99)) == ([], [])
    assert key_of(set_state, db, 2**70, SessionState.PAUSED) == "session.unknown"
    assert audit_of(db, None)[0].details["refused"] == "session.unknown"


def test_a_count_that_is_wrong_is_found(db: Database):
    of = session_of(db, 3)
    [rater] = entered(db, of)
    judge_all(db, of, rater, limit=2)
    shown(db, of, rater)
    problems = [problem for problem in check_store(db) if problem.kind is not Kind.LOST_PICTURE]
    assert problems == []
    with db.write() as session:
        session.execute(text("UPDATE session_item SET taken = 2 WHERE id = 1"))
    [problem] = [problem for problem in check_store(db) if problem.kind is not Kind.LOST_PICTURE]
    assert (problem.kind, problem.subject, problem.harmless) == (Kind.WRONG_COUNT, "session item 1", False)
