"""Nothing goes on learning from a rater who has withdrawn, and what was learnt from them says so."""

import pytest

from t2i_studio.domain import Part, Stage
from t2i_studio.store.database import Database
from t2i_studio.store.learning_runs import examples_of, get_run, keep_examples, set_stage
from t2i_studio.store.learnt_adapters import adopt, adopted_adapter, get_adapter
from t2i_studio.store.maintenance import check_store
from t2i_studio.store.raters import forget_rater, new_rater, withdrawn_raters
from t2i_studio.store.votes import votes
from tests.store.learnt import begun, judged, learnt_from, made
from tests.store.session_studio import entered, judge_all, session_of

WAYS = pytest.mark.parametrize("way", ["keep", "delete"])


@WAYS
def test_adapters_that_used_their_ratings_are_marked_and_others_not(db: Database, way: str) -> None:
    leaving, staying = new_rater(db), new_rater(db)
    gone, kept = judged(db, leaving), judged(db, staying)
    both = made(db, run=learnt_from(db, gone[0], *kept))
    by_comparison = made(db, run=learnt_from(db, gone[1]))
    without = made(db, run=learnt_from(db, *kept))
    adopt(db, both.id, "ann")
    assert forget_rater(db, leaving, way).adapters == 2  # type: ignore[arg-type]
    assert [get_adapter(db, each.id).forgotten for each in (both, by_comparison, without)] == [True, True, False]
    assert adopted_adapter(db, "podium") == get_adapter(db, both.id)  # until the team has trained anew
    assert check_store(db) == []


@WAYS
def test_a_run_keeps_how_many_it_used_and_loses_the_deleted_ones(db: Database, way: str) -> None:
    leaving = new_rater(db)
    gone, kept = judged(db, leaving), judged(db, new_rater(db))
    run = learnt_from(db, *gone, *kept)
    set_stage(db, run.id, Stage.TRAINING)
    forget_rater(db, leaving, way)  # type: ignore[arg-type]
    assert (get_run(db, run.id).examples, get_run(db, run.id).forgotten) == (4, True)
    left = kept if way == "delete" else [*gone, *kept]
    assert [judgement for judgement, _ in examples_of(db, run.id)] == left


@WAYS
def test_an_adapter_finished_after_the_withdrawal_is_marked_too(db: Database, way: str) -> None:
    leaving = new_rater(db)
    run = learnt_from(db, *judged(db, leaving))
    forget_rater(db, leaving, way)  # type: ignore[arg-type]
    assert made(db, run=run).forgotten


def test_kept_judgements_are_nobodys_and_teach_no_more(db: Database) -> None:
    leaving, staying = new_rater(db), new_rater(db)
    judged(db, leaving)
    judged(db, staying)
    assert withdrawn_raters(db) == frozenset()
    kept_as = forget_rater(db, leaving).kept_as
    assert withdrawn_raters(db) == {kept_as}


def test_trained_again_without_them_the_mark_is_gone(db: Database) -> None:
    leaving, kept = new_rater(db), judged(db, new_rater(db))
    run = learnt_from(db, *judged(db, leaving), *kept)
    forget_rater(db, leaving)
    assert not keep_examples(db, run.id, [(each, Part.TRAIN) for each in kept]).forgotten  # still at its preflight
    assert not made(db, run=learnt_from(db, *kept)).forgotten


@WAYS
def test_judgements_of_a_session_too(db: Database, way: str) -> None:
    of = session_of(db, 4)
    leaving, staying = entered(db, of, 2)
    judge_all(db, of, leaving)
    judge_all(db, of, staying)
    given = [vote.judgement for vote in votes(db, of.id)]
    run = begun(db)
    keep_examples(db, run.id, [(each, Part.CHECK) for each in given if each])
    forget_rater(db, leaving, way)  # type: ignore[arg-type]
    assert get_run(db, run.id).forgotten
    assert len(examples_of(db, run.id)) == (4 if way == "delete" else 8)
