"""What a run took tells what the next one will take."""

from pathlib import Path

from t2i_studio.domain import Length, Scope, Stage, Verdict
from t2i_studio.learning import curve
from t2i_studio.learning.runs import folder_of
from t2i_studio.store import learning_runs
from t2i_studio.store.database import Database

MODEL = "podium"


def run(db: Database, *, pace: float, stages: dict[Stage, float], decided: bool) -> Path:
    """A run of ten steps, `pace` seconds each."""
    made = learning_runs.create_run(db, Scope(model=MODEL), Length.QUICK, "tester")
    folder = folder_of(db, made.id)
    folder.mkdir(parents=True)
    (folder / "curve.csv").write_text("".join(f"{step},0.7,{1000 + pace * step},\n" for step in (1, 5, 10)))
    for stage, seconds in stages.items():
        curve.note_stage(folder, stage, seconds)
    if decided:
        learning_runs.claim_run(db, made.id)
        verdict = Verdict(adopt=False, judge="reward", compared=9, win_rate=0.5, win_rate_low=0.3, win_rate_high=0.7)
        learning_runs.keep_verdict(db, made.id, verdict)
    return folder


def test_nothing_is_known_before_a_step_was_measured(db: Database) -> None:
    assert curve.measured(db, MODEL) is None


def test_a_run_is_expected_to_take_its_steps_and_what_was_done_besides(db: Database) -> None:
    folder = run(db, pace=2.0, stages={Stage.PREFLIGHT: 1, Stage.TRAINING: 50, Stage.EVALUATING: 69}, decided=True)
    curve.note_stage(folder, Stage.EVALUATING, 3)  # compared again, with pictures that were there
    run(db, pace=3.0, stages={Stage.PREFLIGHT: 1}, decided=False)  # killed while training
    found = curve.measured(db, MODEL)
    assert found is not None
    assert found.seconds_per_step == 3
    assert found.other_seconds == 1 + 50 + 69 - 10 * 2
    assert found.seconds(steps=100) == 300 + 100


def test_before_a_verdict_it_is_training_alone(db: Database) -> None:
    run(db, pace=0.5, stages={Stage.PREFLIGHT: 1}, decided=False)
    found = curve.measured(db, MODEL)
    assert found is not None
    assert found.other_seconds is None
    assert found.seconds(steps=100) == 50
