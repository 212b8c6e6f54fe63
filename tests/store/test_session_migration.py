"""What was said before there were sessions is carried into their tables, and back."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, text
from sqlalchemy.exc import IntegrityError

from t2i_studio.store.answers import answer
from t2i_studio.store.database import Database, alembic_config, open_database
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import prefer, rate, ratings_of
from tests.store.session_studio import entered, judge_all, pairs, said, session_of, shown
from tests.store.studio import finished


def migrate(db: Database, revision: str) -> None:
    config = alembic_config()
    with db.write() as session:
        config.attributes["connection"] = session.connection()
        going = command.downgrade if revision < "0004" else command.upgrade
        going(config, revision)


@pytest.fixture
def old(db: Database) -> tuple[Database, int, int, str]:
    """A home as it was before sessions, with a preference for the second of two pictures, and a rating."""
    one, two = finished(db).variants
    rater = new_rater(db)
    rating = rate(db, one, rater, stars=4, faults=["clutter"], nonce="r")
    migrate(db, "0003")
    with db.write() as session:
        session.execute(
            text("INSERT INTO preference VALUES (7, :winner, :loser, :rater, 'p', '2026-01-01 00:00:00')"),
            {"winner": two, "loser": one, "rater": rater},
        )
    assert rating.id == 1
    return db, one, two, rater


def test_a_preference_becomes_a_comparison_that_favours_no_side(old: tuple[Database, int, int, str]):
    db, one, two, rater = old
    migrate(db, "head")
    with db.read() as session:
        rows = session.execute(text("SELECT id, winner_id, bad, nonce, assignment_id FROM comparison")).all()
        shown = session.execute(text("SELECT place, variant_id FROM comparison_picture ORDER BY place")).all()
    assert [tuple(row) for row in rows] == [(7, two, 0, "p", None)]
    assert [tuple(row) for row in shown] == [(0, one), (1, two)]
    again = prefer(db, two, one, rater, nonce="p")  # sent again, it is known
    assert (again.id, again.winner, again.loser) == (7, two, one)
    assert prefer(db, one, two, rater).id == 8


def test_ratings_stay_and_stay_append_only(old: tuple[Database, int, int, str]):
    db, one, _, rater = old
    migrate(db, "head")
    assert [(each.stars, each.faults) for each in ratings_of(db, one)] == [(4, ("clutter",))]
    assert rate(db, one, rater, stars=4, nonce="r").id == 1
    for change in ("UPDATE rating SET assignment_id = NULL", "DELETE FROM comparison", "DELETE FROM rating_fault"):
        with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
            session.execute(text(change))


def test_without_sessions_their_choices_between_two_stay(old: tuple[Database, int, int, str]):
    db, one, two, rater = old
    migrate(db, "head")
    of = session_of(db, pairs(1, 1))
    undecided, *judges = entered(db, of, 3)
    answer(db, undecided, said(shown(db, of, undecided), "tie"))
    for judge in judges:
        judge_all(db, of, judge)
    migrate(db, "0003")
    with db.read() as session:
        kept = session.execute(text("SELECT winner_id, loser_id, rater_id FROM preference ORDER BY id")).all()
    assert tuple(kept[0]) == (two, one, rater)
    assert [row.rater_id for row in kept[1:]] == judges
    with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
        session.execute(text("DELETE FROM preference"))
    migrate(db, "head")


def test_an_old_home_is_opened_as_a_new_one(old: tuple[Database, int, int, str]):
    db, one, _, rater = old
    db.close()
    again = open_database(Path(db.home), URL.create("sqlite", database=str(db.home / "studio.db")).render_as_string())
    assert rate(again, one, rater, stars=1).id == 2
    again.close()
