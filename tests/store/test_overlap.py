"""Overlap is exact: however raters come, go, dawdle, skip, take back and send twice, no item gets one too many, and as
long as raters keep coming none gets one too few.
"""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from t2i_studio.domain import Answer, FeedbackSession, Outcome, Purpose
from t2i_studio.errors import StudioError
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment, previous_assignment, renew
from t2i_studio.store.database import Database
from t2i_studio.store.entrance import enter, make_link
from t2i_studio.store.models import AnswerRow, AssignmentRow, SessionItemRow
from t2i_studio.store.session_items import items_of
from t2i_studio.store.session_raters import exclude_rater
from t2i_studio.store.votes import votes
from tests.store.session_studio import Clock, pairs, said, session_of

REFUSED_RIGHTLY = {"answer.late", "answer.no_place", "session.excluded"}


def check_places(db: Database, of: FeedbackSession) -> None:
    """Every item's counts are those of its assignments, and within the overlap."""
    judged = (AssignmentRow.item_id == SessionItemRow.id, AssignmentRow.purpose == Purpose.JUDGED)
    held = {
        outcome: select(func.count()).where(*judged, AssignmentRow.outcome == outcome).scalar_subquery()
        for outcome in (Outcome.ANSWERED, Outcome.OPEN)
    }
    query = select(SessionItemRow.taken, SessionItemRow.answers, held[Outcome.ANSWERED], held[Outcome.OPEN])
    with db.read() as session:
        rows = session.execute(query.where(SessionItemRow.session_id == of.id)).all()
    for taken, answers, answered, leased in rows:
        assert (taken, answers) == (answered + leased, answered)
        assert taken <= of.plan.overlap


class Crowd:
    """Raters who do whatever raters do, by a seed."""

    def __init__(self, db: Database, of: FeedbackSession, seed: int) -> None:
        self.db, self.of = db, of
        self.dice, self.clock = random.Random(seed), Clock()
        self.token = make_link(db, of.id)
        self.raters: list[str] = []
        self.confirmed: dict[str, Answer] = {}
        self.refused: Counter[str] = Counter()

    def step(self) -> None:
        """Somebody does something. A new rater comes when others are done, so that raters keep coming."""
        self.clock.pass_(self.dice.choice([1, 5, 20, 200]))
        if not self.raters or (len(self.raters) < 8 and self.dice.random() < 0.1):
            self.raters.append(enter(self.db, self.token).rater)
        rater = self.dice.choice(self.raters)
        actions = [self.look_and_answer] * 8 + [self.look, self.take_back, self.renew, self.send_again, self.leave]
        try:
            self.dice.choice(actions)(rater)
        except StudioError as error:
            self.refused[error.key] += 1

    def look(self, rater: str) -> int | None:
        found = next_assignment(self.db, self.of.id, rater, self.clock.now)
        if found.why == "done":
            self.raters.remove(rater)
        return found.assignment.id if found.assignment else None

    def look_and_answer(self, rater: str) -> None:
        if (assignment := self.look(rater)) is not None:
            self.clock.pass_(self.dice.choice([2, 10, 10, 10, 100]))  # the last is longer than a lease
            self.send(rater, assignment)

    def send(self, rater: str, assignment: int) -> None:
        verdict = self.dice.choice(["chosen", "chosen", "chosen", "tie", "bad", "skip"])
        sent = said(assignment, verdict)
        receipt = answer(self.db, rater, sent, self.clock.now)
        self.confirmed[rater + sent.nonce] = sent
        if self.dice.random() < 0.3:
            assert answer(self.db, rater, sent, self.clock.now) == receipt

    def take_back(self, rater: str) -> None:
        if last := previous_assignment(self.db, self.of.id, rater):
            self.send(rater, last.id)

    def renew(self, rater: str) -> None:
        if (assignment := self.look(rater)) is not None:
            self.clock.pass_(40)
            renew(self.db, assignment, rater, self.clock.now)

    def send_again(self, rater: str) -> None:
        mine = [sent for key, sent in self.confirmed.items() if key.startswith(rater)]
        if mine:
            answer(self.db, rater, self.dice.choice(mine), self.clock.now)

    def leave(self, rater: str) -> None:
        if self.dice.random() < 0.2:
            exclude_rater(self.db, self.of.id, rater, "试验")
        self.raters.remove(rater)


@pytest.mark.parametrize("seed", range(6))
def test_no_item_gets_one_answer_too_many_or_too_few(db: Database, seed: int):
    checks = {"known_share": 0.1, "repeat_share": 0.1, "practice": 1} if seed % 2 else {}
    choice = {"choice": "active", "budget": 7} if seed % 3 == 2 else {}
    items = pairs(1, 8) + pairs(101, 3, Purpose.KNOWN) + pairs(201, 2, Purpose.PRACTICE)
    of = session_of(db, items, overlap=3, lease=30, seed=seed, **checks, **choice)
    crowd = Crowd(db, of, seed)
    wanted = (of.plan.budget or 8) * 3
    for _ in range(3000):
        crowd.step()
        check_places(db, of)
        if sum(item.answers for item in items_of(db, of.id)) == wanted:
            break
    done = Counter(item.answers for item in items_of(db, of.id) if item.purpose is Purpose.JUDGED)
    assert done == Counter({3: wanted // 3} | ({0: 8 - wanted // 3} if of.plan.budget else {}))
    assert crowd.refused["answer.late"]
    assert set(crowd.refused) <= REFUSED_RIGHTLY
    _hold_against_what_was_confirmed(db, of, crowd)


def _hold_against_what_was_confirmed(db: Database, of: FeedbackSession, crowd: Crowd) -> None:
    with db.read() as session:
        kept = session.execute(select(AnswerRow.nonce, AnswerRow.assignment_id, AnswerRow.verdict)).all()
    confirmed = crowd.confirmed.values()
    assert sorted(kept) == sorted((sent.nonce, sent.assignment, sent.verdict) for sent in confirmed)
    newest = {sent.assignment: sent for sent in confirmed}
    found = {vote.assignment: vote for vote in votes(db, of.id)}
    assert found.keys() == {id for id, sent in newest.items() if sent.verdict != "skip"}
    for id, vote in found.items():
        assert (vote.chosen, vote.bad) == (newest[id].place, newest[id].verdict == "bad")
    judged = Counter((vote.item, vote.rater) for vote in found.values() if vote.purpose is Purpose.JUDGED)
    assert set(judged.values()) == {1}


def test_the_database_itself_holds_the_overlap(db: Database):
    session_of(db, overlap=2)
    for nonsense in ({"taken": 3}, {"answers": 1}, {"taken": -1, "answers": -1}):
        with pytest.raises(IntegrityError, match="places"), db.write() as session:
            session.query(SessionItemRow).update(nonsense)


def test_sixteen_raters_at_once_are_each_served_and_the_overlap_holds(db: Database):
    of = session_of(db, 10, overlap=3)
    token = make_link(db, of.id)

    def work(_: int) -> int:
        rater, answered = enter(db, token).rater, 0
        while (found := next_assignment(db, of.id, rater)).why != "done":
            if found.assignment is None:
                continue  # others hold the last places
            sent = said(found.assignment)
            assert answer(db, rater, sent) == answer(db, rater, sent)
            answered += 1
        return answered

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(work, range(16))) == 30
    assert {item.answers for item in items_of(db, of.id)} == {3}
    assert max(Counter(vote.rater for vote in votes(db, of.id)).values()) <= 10


def test_the_same_answer_sent_by_many_at_once_counts_once(db: Database):
    of = session_of(db)
    rater = enter(db, make_link(db, of.id)).rater
    found = next_assignment(db, of.id, rater).assignment
    assert found is not None
    sent = said(found)
    with ThreadPoolExecutor(16) as threads:
        receipts = [*threads.map(lambda _: answer(db, rater, sent), range(32))]
    assert receipts == receipts[:1] * 32
    assert len(votes(db, of.id)) == 1
