"""What a rater saw confirmed survives a `kill -9` of the studio, once."""

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from t2i_studio.domain import Purpose
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.entrance import enter, make_link
from t2i_studio.store.maintenance import Kind, check_store
from t2i_studio.store.models import AnswerRow
from t2i_studio.store.session_items import items_of
from t2i_studio.store.votes import votes
from tests.store.session_studio import judge_all, pairs, said, session_of
from tests.store.studio import Child

KILLS = 30


def test_no_confirmed_answer_is_lost_or_doubled_by_a_kill(db: Database):
    of = session_of(db, 60, overlap=100)
    token = make_link(db, of.id)
    db.close()
    dice, confirmed = random.Random(1), []

    for kill in range(KILLS):

        def work(say, kill=kill) -> None:  # type: ignore[no-untyped-def]
            own = open_database(db.home)
            rater, number = enter(own, token).rater, 0
            while (found := next_assignment(own, of.id, rater).assignment) is not None:
                sent = said(found, nonce=f"{kill}.{number}")
                answer(own, rater, sent)
                say(f"{found.id} {sent.nonce}")
                number += 1

        child = Child(work)
        child.wait()
        time.sleep(dice.uniform(0, 0.1))
        child.kill()
        confirmed += child.heard()

    with db.read() as session:
        rows = session.execute(select(AnswerRow.assignment_id, AnswerRow.nonce)).all()
    kept = Counter(f"{id} {nonce}" for id, nonce in rows)
    assert len(confirmed) > KILLS
    assert set(kept.values()) == {1}
    assert set(confirmed) <= set(kept)
    assert len(kept) <= len(confirmed) + KILLS
    assert len(votes(db, of.id)) == len(kept) == sum(item.answers for item in items_of(db, of.id))
    assert not [problem for problem in check_store(db) if problem.kind is not Kind.LOST_PICTURE]


def test_after_a_kill_only_what_was_leased_waits_and_its_lease_runs_out(db: Database):
    of = session_of(db, pairs(1, 3) + pairs(101, 1, Purpose.PRACTICE), overlap=1, practice=1, lease=30)
    token = make_link(db, of.id)
    db.close()

    def work(say) -> None:  # type: ignore[no-untyped-def]
        own = open_database(db.home)
        rater = enter(own, token).rater
        answer(own, rater, said(next_assignment(own, of.id, rater).assignment, nonce="practice"))  # type: ignore[arg-type]
        say(str(next_assignment(own, of.id, rater).assignment is not None))
        time.sleep(60)

    child = Child(work)
    child.wait()
    child.kill()
    child.heard()
    rater = enter(db, token).rater
    assert len(judge_all(db, of, rater)) == 3  # practice, and two of three
    assert next_assignment(db, of.id, rater).why == "wait"
    later = datetime.now(UTC) + timedelta(seconds=31)
    assert next_assignment(db, of.id, rater, later).assignment is not None
