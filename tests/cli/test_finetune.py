"""Learning from the command line: what it answers, and what it says to bad input."""

from collections.abc import Callable
from pathlib import Path

import pytest

from t2i_studio.domain import Length, Scope, Stage, Verdict
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import open_database
from tests.cli.conftest import Ran
from tests.store.learnt import weights

Run = Callable[..., Ran]


def test_an_empty_studio_says_what_to_do_first(run: Run) -> None:
    looked = run("finetune", "preflight", "--json")
    assert looked.code == 0
    assert looked.json["method"] == "rerank"
    assert "rate pictures" in looked.json["sentences"][0]
    begun = run("finetune", "run")
    assert begun.code == 2
    assert begun.err.count("\n") == 1
    assert "rate pictures" in begun.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("resume", "7"), "no learning run 7"),
        (("resume", "x"), "x"),
        (("adopt", "7"), "no learning run 7"),
        (("gate", "7"), "no learning run 7"),
        (("evaluate", "0"), "0"),
        (("rollback",), "nothing to roll back"),
        (("preflight", "--length", "forever"), "quick, usual, long"),
        (("preflight", "--session", "9"), "9"),
        (("preflight", "--model", "no-such-model"), "no-such-model"),
        (("simulate", "--taste", "sour"), "warm_rich"),
        (("simulate", "--taste", "warm_rich", "--pairs", "0"), "0"),
        (("export", "7", "--out", "x.safetensors"), "no learning run 7"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run("finetune", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert said in ran.err


@pytest.fixture
def decided(home: Path) -> Callable[[bool], int]:
    """A run with an adapter and a verdict."""

    def made(good: bool) -> int:
        db = open_database(home)
        run = learning_runs.create_run(db, Scope(model="podium"), Length.USUAL, "local")
        learning_runs.claim_run(db, run.id)
        learning_runs.set_stage(db, run.id, Stage.EVALUATING)
        folder, digest = weights(home / "learning" / f"run-{run.id}" / "adapter", b"weights")
        learnt_adapters.add_adapter(db, run.id, "podium", "0" * 64, "", folder, digest)
        verdict = Verdict(adopt=good, judge="people", compared=100, win_rate=0.7, win_rate_low=0.6, win_rate_high=0.8)
        learning_runs.keep_verdict(db, run.id, verdict)
        db.close()
        return run.id

    return made


def test_a_verdict_that_says_no_is_not_adopted(run: Run, decided: Callable[[bool], int]) -> None:
    number = decided(False)
    refused = run("finetune", "adopt", str(number))
    assert refused.code == 2
    assert "did not pass" in refused.err
    (row,) = run("finetune", "list", "--json").json["runs"]
    assert (row["stage"], row["adopt"], row["adopted"]) == ("decided", False, False)


def test_an_adapter_for_other_weights_is_not_adopted(run: Run, decided: Callable[[bool], int]) -> None:
    refused = run("finetune", "adopt", str(decided(True)))
    assert refused.code == 2
    assert "podium" in refused.err
