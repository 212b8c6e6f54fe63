"""A home from before there was learning keeps all it has, forth and back."""

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from t2i_studio.store.database import Database, alembic_config
from t2i_studio.store.learning_runs import list_runs
from t2i_studio.store.learnt_adapters import adopt, adopted_adapter
from t2i_studio.store.maintenance import Kind, check_store
from t2i_studio.store.raters import forget_rater, new_rater, withdrawn_raters
from t2i_studio.store.ratings import ratings_of
from t2i_studio.store.studio_votes import studio_votes
from t2i_studio.store.votes import votes
from tests.store.learnt import judged, learnt_from, made
from tests.store.session_studio import entered, judge_all, session_of


def migrate(db: Database, revision: str) -> None:
    config = alembic_config()
    with db.write() as session:
        config.attributes["connection"] = session.connection()
        (command.downgrade if revision == "0005" else command.upgrade)(config, revision)


def test_judgements_stay_and_can_be_learnt_from(db: Database) -> None:
    of = session_of(db, 4)
    judge_all(db, of, entered(db, of)[0])
    rater = new_rater(db, "王小明")
    judged(db, rater)
    before = votes(db, of.id), studio_votes(db)
    migrate(db, "0005")
    with db.read() as session:
        columns = {row.name for row in session.execute(text("PRAGMA table_info(rater)"))}
        tables = set(session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    assert columns == {"id", "created"}
    assert not {"learning_run", "learning_example", "learnt_adapter", "adoption"} & tables
    migrate(db, "head")
    assert (votes(db, of.id), studio_votes(db)) == before
    assert withdrawn_raters(db) == frozenset()
    made(db, run=learnt_from(db, *(vote.judgement for vote in studio_votes(db) if vote.judgement)))
    assert {problem.kind for problem in check_store(db)} <= {Kind.LOST_PICTURE}  # the sample has no files


def test_without_learning_the_rest_stays(db: Database) -> None:
    rater, leaving = new_rater(db), new_rater(db)
    given = judged(db, rater)
    adopt(db, made(db, run=learnt_from(db, *given, *judged(db, leaving))).id, "ann")
    forget_rater(db, leaving)
    migrate(db, "0005")
    with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
        session.execute(text("DELETE FROM rating"))
    migrate(db, "head")
    assert list_runs(db) == []
    assert adopted_adapter(db, "podium") is None
    assert [rating.stars for rating in ratings_of(db, 1)] == [5]
    assert check_store(db) == []
