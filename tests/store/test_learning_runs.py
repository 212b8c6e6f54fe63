"""A run belongs to one process at a time, and what it has is kept whatever stops it."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from t2i_studio.domain import Judgement, Length, Part, Scope, Stage, Verdict
from t2i_studio.errors import StudioError
from t2i_studio.store import learning_runs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.learning_runs import (
    STARTING,
    attach_session,
    cancel_requested,
    claim_run,
    create_run,
    examples_of,
    fail_run,
    get_run,
    keep_examples,
    keep_plan,
    keep_preflight,
    keep_verdict,
    list_runs,
    note_progress,
    release_run,
    request_cancel,
    resume_run,
    set_stage,
)
from t2i_studio.store.models import LearningRunRow, now
from t2i_studio.store.raters import forget_rater, new_rater
from tests.store.learnt import MODEL, begun, judged
from tests.store.session_studio import session_of
from tests.store.studio import Child

VERDICT = Verdict(adopt=True, judge="reward", compared=80, win_rate=0.7, win_rate_low=0.6, win_rate_high=0.8)


def key_of(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments, **named)
    return caught.value.key


def of_a_process_killed(db: Database, stage: Stage) -> int:
    """A run on which a process worked that is gone."""
    id = create_run(db, Scope(model=MODEL), Length.QUICK, "ann").id
    db.close()
    child = Child(lambda say: [claim_run(home := open_database(db.home), id), set_stage(home, id, stage), say("there")])
    child.wait()
    assert child.heard() == ["there"]
    return id


def test_a_run_is_kept_as_it_was_asked_for(db: Database) -> None:
    of = session_of(db)
    scope = Scope(model="podium", session=of.id, team="华东")
    run = create_run(db, scope, Length.LONG, "ann")
    assert (run.scope, run.length, run.stage, run.user) == (scope, Length.LONG, Stage.PREFLIGHT, "ann")
    assert get_run(db, run.id) == run
    other = create_run(db, Scope(model="sdxl"), Length.QUICK, "bob")
    assert list_runs(db) == [other, run]
    assert list_runs(db, "podium") == [run]


def test_bad_scopes_are_refused(db: Database) -> None:
    assert key_of(create_run, db, Scope(model="podium", session=7), Length.QUICK, "ann") == "session.unknown"
    assert key_of(create_run, db, Scope(model="podium", team="x" * 201), Length.QUICK, "ann") == "number.range"
    assert key_of(create_run, db, Scope(model=""), Length.QUICK, "ann") == "text.empty"
    assert list_runs(db) == []


@pytest.mark.parametrize("id", [0, -1, 77, 2**70])
def test_an_unknown_run_is_named(db: Database, id: int) -> None:
    for ask in (get_run, claim_run, resume_run, release_run, request_cancel, cancel_requested, examples_of):
        assert key_of(ask, db, id) == "learning.unknown"


def test_what_a_run_finds_is_kept(db: Database) -> None:
    run = begun(db)
    keep_preflight(db, run.id, {"preferences": 120})
    keep_plan(db, run.id, {"method": "dpo"})
    set_stage(db, run.id, Stage.TRAINING)
    note_progress(db, run.id, 3, 200, seconds_left=70.5, loss=0.69)
    found = get_run(db, run.id)
    assert (found.stage, found.preflight, found.plan) == (Stage.TRAINING, {"preferences": 120}, {"method": "dpo"})
    assert found.progress == {"done": 3, "of": 200, "seconds_left": 70.5, "loss": 0.69}
    assert set_stage(db, run.id, Stage.EVALUATING).progress is None
    of = session_of(db)
    attach_session(db, run.id, of.id)
    decided = keep_verdict(db, run.id, VERDICT)
    assert (decided.stage, decided.verdict, decided.session) == (Stage.DECIDED, VERDICT, of.id)


def test_only_one_process_works_on_a_run(db: Database) -> None:
    run = begun(db)
    db.close()

    def other(say) -> None:  # type: ignore[no-untyped-def]
        home = open_database(db.home)
        for ask in (
            lambda: claim_run(home, run.id),
            lambda: set_stage(home, run.id, Stage.TRAINING),
            lambda: note_progress(home, run.id, 1, 2),
            lambda: keep_plan(home, run.id, {}),
            lambda: keep_examples(home, run.id, []),
            lambda: keep_verdict(home, run.id, VERDICT),
        ):
            try:
                ask()
            except StudioError as error:
                say(error.key)

    assert Child(other).heard() == ["learning.claimed"] * 6
    assert get_run(db, run.id) == run
    assert claim_run(db, run.id) == run  # the process that has it may say so again


def test_a_run_of_a_process_that_is_gone_is_interrupted_and_another_goes_on(db: Database) -> None:
    id = of_a_process_killed(db, Stage.TRAINING)
    assert get_run(db, id).interrupted
    claimed = claim_run(db, id)
    assert (claimed.stage, claimed.interrupted) == (Stage.TRAINING, False)
    assert key_of(resume_run, db, id) == "learning.not_resumable"


def test_a_stage_in_which_nobody_works_is_never_interrupted(db: Database) -> None:
    assert not get_run(db, of_a_process_killed(db, Stage.ASKING)).interrupted


def test_a_run_that_nobody_begins_is_interrupted_after_a_while(db: Database) -> None:
    run = create_run(db, Scope(model=MODEL), Length.QUICK, "ann")
    assert not run.interrupted
    with db.write() as session:
        session.execute(update(LearningRunRow).values(touched=now() - STARTING - timedelta(seconds=1)))
    assert get_run(db, run.id).interrupted
    assert resume_run(db, run.id).stage is Stage.PREFLIGHT


def test_a_run_that_is_let_go_may_be_claimed_by_another(db: Database) -> None:
    run = begun(db)
    release_run(db, run.id)
    db.close()
    assert Child(lambda say: say(claim_run(open_database(db.home), run.id).stage)).heard() == ["preflight"]


def test_a_working_run_is_asked_to_stop_and_goes_on_where_it_stopped(db: Database) -> None:
    run = begun(db)
    set_stage(db, run.id, Stage.EVALUATING)
    assert request_cancel(db, run.id).stage is Stage.EVALUATING
    assert cancel_requested(db, run.id)
    assert set_stage(db, run.id, Stage.CANCELLED).stage is Stage.CANCELLED
    assert key_of(claim_run, db, run.id) == "learning.ended"
    assert resume_run(db, run.id).stage is Stage.EVALUATING
    assert not cancel_requested(db, run.id)
    assert not claim_run(db, run.id).interrupted


def test_a_run_that_nobody_works_on_is_cancelled_at_once(db: Database) -> None:
    waiting = create_run(db, Scope(model=MODEL), Length.QUICK, "ann")
    asking = begun(db)
    set_stage(db, asking.id, Stage.ASKING)
    gone = of_a_process_killed(db, Stage.TRAINING)
    for id in (waiting.id, asking.id, gone):
        assert request_cancel(db, id).stage is Stage.CANCELLED
        assert cancel_requested(db, id)  # a process that was on its way is to know


def test_a_decided_run_stays_so_whoever_cancels_it(db: Database) -> None:
    run = keep_verdict(db, begun(db).id, VERDICT)
    assert request_cancel(db, run.id) == run
    assert not cancel_requested(db, run.id)
    assert key_of(resume_run, db, run.id) == "learning.not_resumable"
    assert claim_run(db, run.id).stage is Stage.DECIDED  # to be judged again


def test_a_failed_run_says_why_and_may_be_tried_again(db: Database) -> None:
    run = begun(db)
    set_stage(db, run.id, Stage.TRAINING)
    failed = fail_run(db, run.id, StudioError("learning.adapter_missing", path="x"))
    assert failed.error == {"key": "learning.adapter_missing", "params": {"path": "x"}}
    again = resume_run(db, run.id)
    assert (again.stage, again.error) == (Stage.TRAINING, None)
    with pytest.raises(ValueError, match="fail_run"):
        set_stage(db, claim_run(db, run.id).id, Stage.FAILED)


def test_a_refused_run_is_over(db: Database) -> None:
    run = begun(db)
    set_stage(db, run.id, Stage.REFUSED)
    assert key_of(claim_run, db, run.id) == "learning.ended"
    assert key_of(resume_run, db, run.id) == "learning.not_resumable"


def test_examples_are_kept_exactly_and_for_good_once_the_preflight_is_over(db: Database) -> None:
    run, judgements = begun(db), judged(db, new_rater(db))
    keep_examples(db, run.id, [(judgements[0], Part.CHECK)])
    kept = [(judgements[1], Part.TRAIN), (judgements[0], Part.CHECK)]
    assert keep_examples(db, run.id, kept).examples == 2
    assert examples_of(db, run.id) == kept
    set_stage(db, run.id, Stage.TRAINING)
    with pytest.raises(ValueError, match="for good"):
        keep_examples(db, run.id, kept[:1])
    for change in ("UPDATE learning_example SET part = 'train'", "DELETE FROM learning_example"):
        with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
            session.execute(text(change))
    assert examples_of(db, run.id) == kept


def test_a_judgement_is_used_once_and_must_be_there(db: Database) -> None:
    run, judgements = begun(db), judged(db, new_rater(db))
    with pytest.raises(ValueError, match="twice"):
        keep_examples(db, run.id, [(judgements[0], Part.CHECK), (judgements[0], Part.TRAIN)])
    unknown = [(judgements[0], Part.TRAIN), (Judgement(rating=99), Part.TRAIN)]
    assert key_of(keep_examples, db, run.id, unknown) == "learning.ratings_changed"
    assert examples_of(db, run.id) == []


def test_more_judgements_are_kept_than_one_statement_asks_for(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_runs, "PART", 2)
    rater, run = new_rater(db), begun(db)
    kept = [(judgement, Part.TRAIN) for _ in range(5) for judgement in judged(db, rater)]
    assert keep_examples(db, run.id, kept).examples == 10
    assert examples_of(db, run.id) == kept
    assert key_of(keep_examples, db, run.id, [*kept, (Judgement(rating=99), Part.TRAIN)]) == "learning.ratings_changed"


@pytest.mark.parametrize("judgements", ["keep", "delete"])
def test_judgements_of_a_rater_who_withdrew_are_not_kept_with_a_run(db: Database, judgements: str) -> None:
    rater, run = new_rater(db), begun(db)
    given = judged(db, rater)
    forget_rater(db, rater, judgements)  # type: ignore[arg-type]
    kept = [(judgement, Part.TRAIN) for judgement in given]
    assert key_of(keep_examples, db, run.id, kept) == "learning.ratings_changed"
