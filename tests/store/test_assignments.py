from collections import Counter

import pytest

from t2i_studio.domain import Outcome, Purpose
from t2i_studio.errors import StudioError
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import (
    InHand,
    Next,
    get_assignment,
    next_assignment,
    next_two,
    previous_assignment,
    renew,
)
from t2i_studio.store.database import Database
from t2i_studio.store.session_items import items_of
from t2i_studio.store.sessions import extend
from tests.store.session_studio import Clock, entered, judge_all, pairs, said, session_of, shown


def key_of(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments, **named)
    return caught.value.key


def test_a_rater_learns_is_checked_and_judges_each_item_once(db: Database):
    items = pairs(1, 60) + pairs(201, 12, Purpose.KNOWN) + pairs(301, 4, Purpose.PRACTICE)
    of = session_of(db, items, practice=3, known_share=0.1, repeat_share=0.1)
    [rater] = entered(db, of)
    seen = judge_all(db, of, rater)
    assert [each.position for each in seen] == list(range(len(seen)))
    assert [each.purpose for each in seen[:3]] == [Purpose.PRACTICE] * 3
    purposes = Counter(each.purpose for each in seen[3:])
    assert purposes[Purpose.JUDGED] == 60
    assert 6 <= purposes[Purpose.KNOWN] <= 9
    assert 6 <= purposes[Purpose.REPEAT] <= 9
    for purpose in Purpose:
        together = [each.item for each in seen if each.purpose is purpose]
        assert len(set(together)) == len(together)


def test_a_repeat_is_an_item_of_a_while_ago_with_its_sides_swapped(db: Database):
    of = session_of(db, 40, repeat_share=0.2)
    [rater] = entered(db, of)
    seen = {each.id: each for each in judge_all(db, of, rater)}
    repeats = [each for each in seen.values() if each.purpose is Purpose.REPEAT]
    assert len(repeats) >= 8
    for repeat in repeats:
        first = seen[repeat.repeat_of or 0]
        assert (first.item, first.order, first.purpose) == (repeat.item, repeat.order[::-1], Purpose.JUDGED)
        assert repeat.position - first.position >= 5


def test_each_rater_has_an_order_and_sides_of_their_own(db: Database):
    of = session_of(db, 12, overlap=20)
    orders, left = [], Counter()
    for rater in entered(db, of, 12):
        seen = judge_all(db, of, rater)
        orders.append(tuple(each.item for each in seen))
        assert sum(each.order[0] < each.order[1] for each in seen) == 6  # half of them stand as they were stored
        left.update(each.order[0] for each in seen)
    assert len(set(orders)) == 12
    assert len({order[0] for order in orders}) > 4
    assert len(left) == 24


def test_whoever_comes_back_finds_the_same_place(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    clock = Clock()
    first = shown(db, of, rater, clock.now)
    again = shown(db, of, rater, clock.pass_(500))
    assert again.id == first.id
    assert again.lease_until > first.lease_until
    late = shown(db, of, rater, clock.pass_(10_000))  # the lease ran out, but nobody took the place
    assert (late.id, late.outcome) == (first.id, Outcome.OPEN)


def test_a_place_that_was_left_goes_to_another_and_comes_back_if_that_one_leaves_too(db: Database):
    of = session_of(db, 1, overlap=1)
    rater, other = entered(db, of, 2)
    clock = Clock()
    mine = shown(db, of, rater, clock.now)
    assert next_assignment(db, of.id, other, clock.now).why == "wait"
    theirs = shown(db, of, other, clock.pass_(601))
    assert theirs.item == mine.item
    assert next_assignment(db, of.id, rater, clock.now).why == "wait"
    assert key_of(renew, db, mine.id, rater, clock.now) == "answer.late"
    assert key_of(answer, db, rater, said(mine), clock.now) == "answer.late"
    back = shown(db, of, rater, clock.pass_(601))
    assert back.id == mine.id
    answer(db, rater, said(back), clock.now)
    assert next_assignment(db, of.id, other, clock.now).why == "done"


def test_a_lease_is_renewed_while_the_page_is_in_sight(db: Database):
    of = session_of(db, 1, overlap=1)
    rater, other = entered(db, of, 2)
    clock = Clock()
    mine = shown(db, of, rater, clock.now)
    for _ in range(5):
        renew(db, mine.id, rater, clock.pass_(500))
    assert next_assignment(db, of.id, other, clock.now).why == "wait"
    answer(db, rater, said(mine), clock.now)
    assert renew(db, mine.id, rater, clock.now).outcome is Outcome.ANSWERED
    assert key_of(renew, db, mine.id, other) == "answer.not_yours"
    assert key_of(renew, db, 2**70, other) == "answer.unknown"


def test_a_renewed_lease_that_had_run_out_can_be_answered(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    clock = Clock()
    mine = shown(db, of, rater, clock.now)
    clock.pass_(700)
    assert key_of(answer, db, rater, said(mine), clock.now) == "answer.late"
    renew(db, mine.id, rater, clock.now)
    assert answer(db, rater, said(mine), clock.now).counted == 1


def test_the_one_after_is_loaded_ahead_and_no_more(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    first = shown(db, of, rater)
    ahead = next_assignment(db, of.id, rater, after=first.id).assignment
    assert ahead is not None
    assert ahead.id != first.id
    once_more = next_assignment(db, of.id, rater, after=first.id).assignment
    assert once_more is not None
    assert once_more.id == ahead.id
    assert shown(db, of, rater).id == first.id
    answer(db, rater, said(first))
    assert shown(db, of, rater).id == ahead.id


def test_a_skipped_item_still_gets_its_judgement_from_another(db: Database):
    of = session_of(db, 2, overlap=1)
    rater, other = entered(db, of, 2)
    for _ in range(2):
        answer(db, rater, said(shown(db, of, rater), "skip"))
    assert next_assignment(db, of.id, rater).why == "done"
    assert len(judge_all(db, of, other)) == 2


def test_raters_do_not_walk_the_same_way(db: Database):
    of = session_of(db, 90, overlap=3)
    ways = [[each.item for each in judge_all(db, of, rater, limit=30)] for rater in entered(db, of, 3)]
    assert all(len(set(one) & set(other)) < 20 for one in ways for other in ways if one is not other)


def test_nobody_learns_a_task_that_is_done(db: Database):
    of = session_of(db, pairs(1, 2) + pairs(101, 3, Purpose.PRACTICE), overlap=1, practice=3)
    rater, late = entered(db, of, 2)
    assert len(judge_all(db, of, rater)) == 5
    assert next_assignment(db, of.id, late).why == "done"


def test_active_choice_opens_what_is_preferred_until_the_budget_is_spent(db: Database):
    of = session_of(db, 10, overlap=2, choice="active", budget=4)
    items = [item.id for item in items_of(db, of.id)]
    assert not any(item.opened for item in items_of(db, of.id))
    [rater] = entered(db, of)
    wanted, got = [items[7], items[2], items[5]], []
    for _ in range(3):
        found = next_assignment(db, of.id, rater, prefer=wanted).assignment
        assert found is not None
        got.append(found.item)
        answer(db, rater, said(found))
    assert got == wanted
    assert len(judge_all(db, of, rater)) == 1
    extend(db, of.id, budget=5)
    assert len(judge_all(db, of, rater)) == 1
    [other] = entered(db, of)
    assert [item.answers for item in items_of(db, of.id) if item.opened] == [1] * 5
    assert len(judge_all(db, of, other)) == 5


def test_active_choice_without_a_preference_takes_the_matchup_with_the_fewest_answers(db: Database):
    items = pairs(1, 10, sources="ab") + pairs(101, 10, sources="bc") + pairs(201, 3, sources="ca")
    of = session_of(db, items, overlap=1, choice="active")
    matchup = {item.id: tuple(sorted(str(each.source) for each in item.pictures)) for item in items_of(db, of.id)}
    [rater] = entered(db, of)
    seen = Counter(matchup[each.item] for each in judge_all(db, of, rater, limit=9))
    assert seen == {("a", "b"): 3, ("b", "c"): 3, ("a", "c"): 3}
    assert len(judge_all(db, of, rater)) == 14


def test_the_last_one_can_be_taken_back(db: Database):
    of = session_of(db)
    rater, other = entered(db, of, 2)
    assert previous_assignment(db, of.id, rater) is None
    first = shown(db, of, rater)
    answer(db, rater, said(first))
    judge_all(db, of, other)
    held = shown(db, of, rater)
    last = previous_assignment(db, of.id, rater)
    assert last is not None
    assert (last.id, last.outcome) == (first.id, Outcome.ANSWERED)
    assert answer(db, rater, said(last, "tie")).revision
    assert shown(db, of, rater).id == held.id
    assert get_assignment(db, first.id, rater).ended == last.ended
    assert previous_assignment(db, 2**70, rater) is None


def test_strangers_are_shown_nothing(db: Database):
    of = session_of(db)
    elsewhere = session_of(db)
    [rater] = entered(db, elsewhere)
    assert key_of(next_assignment, db, of.id, rater) == "session.no_rater"
    assert key_of(next_assignment, db, 99, rater) == "session.unknown"
    assert key_of(get_assignment, db, shown(db, elsewhere, rater).id, "nobody") == "answer.not_yours"


def test_two_at_once_are_what_one_after_the_other_would_be(db: Database):
    session = session_of(db, 3, practice=0)
    rater, other = entered(db, session, 2)
    hand = next_two(db, session.id, rater)
    assert (hand.now.assignment, hand.answered) == (shown(db, session, rater), 0)
    assert hand.then == next_assignment(db, session.id, rater, after=shown(db, session, rater).id).assignment
    answer(db, rater, said(shown(db, session, rater)))
    later = next_two(db, session.id, rater)
    assert (later.now.assignment, later.answered) == (hand.then, 1)
    for _ in range(2):
        answer(db, rater, said(shown(db, session, rater)))
    assert next_two(db, session.id, rater) == InHand(now=Next(why="done"), then=None, answered=3)
    assert sum(item.answers for item in items_of(db, session.id)) == 3
    assert next_two(db, session.id, other).then is not None
