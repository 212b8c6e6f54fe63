"""A run from the store's ratings to a verdict, with a tiny model: through all stages, cancelled, killed, refused."""

import functools
from collections.abc import Callable

import numpy as np
import pytest

from t2i_studio.domain import Adapter, GenerationRequest, LearningRun, Length, Prompt, Scope, Stage, State
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError
from t2i_studio.learning import adoption, gate, plan, stages
from t2i_studio.learning.plan import TrainingPlan
from t2i_studio.learning.runs import evaluate_again, folder_of, work
from t2i_studio.settings import Settings
from t2i_studio.store import jobs, learning_runs, learnt_adapters
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database
from t2i_studio.store.images import put_image
from t2i_studio.store.raters import rater_named
from t2i_studio.store.sample import origin
from tests.store.studio import png

PRODUCTS = ("handbag", "mug", "watch", "lamp", "teapot", "camera", "guitar", "umbrella", "sofa", "candle")


def rate(db: Database, settings: Settings, warmer_wins: Callable[[int], bool]) -> Scope:
    """120 pairs of pictures of ten products, a warm and a cold one, judged by two people."""
    card = find_model(settings, settings.model)
    assert card.folder is not None
    weights = weight_hash(card.folder, db.home / "cache" / "weights.json")
    people = [rater_named(db, "one"), rater_named(db, "two")]
    for number in range(120):
        text = f"a red {PRODUCTS[number % 10]} number {number}"
        request = GenerationRequest(text=text, prompt=Prompt(text="red handbag"), seed=number, variants=2,
                                    model=settings.model)  # fmt: skip
        job = jobs.enqueue(db, request)
        for shade, variant in zip((0xE08030, 0x3080E0), job.variants, strict=True):
            known = {"model_hash": weights, "prompt": "red handbag", "model": settings.model}
            made = origin(variant).model_copy(update=known)
            jobs.finish_variant(db, variant, put_image(db, png(shade + number, (32, 32))), made)
        jobs.finish_job(db, job.id, State.DONE)
        winner = job.variants[0 if warmer_wins(number) else 1]
        compare(db, job.variants, people[number % 2], winner=winner)
    return Scope(model=settings.model)


@pytest.fixture
def rated(db: Database, settings: Settings) -> Scope:
    """Both people prefer the warmer picture."""
    return rate(db, settings, lambda number: True)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps and few comparisons."""
    real = plan.plan_training

    def short_plan(*args: object) -> TrainingPlan:
        return real(*args).model_copy(update={"steps": 6, "batch": 2})  # type: ignore[arg-type]

    monkeypatch.setattr(stages, "plan_training", short_plan)
    monkeypatch.setattr(stages, "plan_evaluation", functools.partial(stages.plan_evaluation, comparisons=8))


@pytest.fixture
def begun(db: Database, rated: Scope) -> LearningRun:
    return learning_runs.create_run(db, rated, Length.QUICK, "tester")


def test_where_no_taste_can_be_told_nothing_is_trained_unless_it_is_wanted(db: Database, settings: Settings) -> None:
    tossed = np.random.default_rng(3).random(120) < 0.5
    scope = rate(db, settings, lambda number: bool(tossed[number]))
    refused = work(db, settings, learning_runs.create_run(db, scope, Length.QUICK, "tester").id)
    assert refused.stage is Stage.REFUSED
    assert refused.preflight is not None
    assert refused.preflight["method"] == "rerank"
    assert [one["key"] for one in refused.preflight["refusals"]] == ["learning.no_taste"]
    assert learnt_adapters.adapter_of(db, refused.id) is None
    wanted = learning_runs.create_run(db, scope, Length.QUICK, "tester", anyway=True)
    assert work(db, settings, wanted.id).stage is Stage.DECIDED


def test_from_ratings_to_a_verdict(db: Database, settings: Settings, begun: LearningRun) -> None:
    lines: list[str] = []
    run = work(db, settings, begun.id, lines.append)
    assert (run.stage, run.error) == (Stage.DECIDED, None)
    assert run.verdict is not None
    assert run.preflight is not None
    assert run.preflight["method"] == "dpo"
    made = learnt_adapters.adapter_of(db, run.id)
    assert made is not None
    assert (made.version, made.adopted) == (1, False)
    assert sorted(path.name for path in (folder_of(db, run.id) / "samples").iterdir()) == [
        f"{name}-{k}.png" for name in ("after", "before") for k in range(4)
    ]
    assert any(line.startswith("training") and "loss" in line for line in lines)
    assert any(line.startswith("evaluating") for line in lines)
    again = evaluate_again(db, settings, run.id)
    assert again.verdict == run.verdict


def test_cancelled_then_resumed(
    db: Database, settings: Settings, begun: LearningRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t2i_studio.learning.runs.TELL_EVERY", 0.0)

    def cancel(line: str) -> None:
        if line.startswith("training 3/6"):
            learning_runs.request_cancel(db, begun.id)

    stopped = work(db, settings, begun.id, cancel)
    assert stopped.stage is Stage.CANCELLED
    assert learnt_adapters.adapter_of(db, begun.id) is None
    learning_runs.resume_run(db, begun.id)
    assert work(db, settings, begun.id).stage is Stage.DECIDED


def test_a_run_that_may_not_learn_is_refused_with_its_reason(db: Database, settings: Settings) -> None:
    run = learning_runs.create_run(db, Scope(model=settings.model), Length.QUICK, "tester")
    refused = work(db, settings, run.id)
    assert refused.stage is Stage.REFUSED
    assert refused.preflight is not None
    assert refused.preflight["refusals"][0]["key"] == "learning.nothing_rated"


def test_what_fails_is_kept_with_the_run_in_a_sentence(
    db: Database, settings: Settings, begun: LearningRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("t2i_studio.learning.training.torch.save", full)
    failed = work(db, settings, begun.id)
    assert failed.stage is Stage.FAILED
    assert failed.error is not None
    assert failed.error["key"] == "learning.cannot_write"
    assert learnt_adapters.adapter_of(db, begun.id) is None
    monkeypatch.undo()
    learning_runs.resume_run(db, begun.id)


def test_only_what_is_better_is_adopted_and_joins_requests(
    db: Database, settings: Settings, begun: LearningRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(*_: object, **__: object) -> gate.Verdict:
        return gate.Verdict(adopt=True, judge="people", compared=8, win_rate=0.8, win_rate_low=0.6, win_rate_high=0.9)

    worse = work(db, settings, begun.id)
    made = learnt_adapters.adapter_of(db, begun.id)
    assert made is not None
    assert worse.verdict is not None
    if not worse.verdict.adopt:
        with pytest.raises(StudioError, match="did not pass"):
            adoption.adopt(db, settings, made.id, "tester")
    monkeypatch.setattr(stages, "decide", always)
    evaluate_again(db, settings, begun.id)
    adopted = adoption.adopt(db, settings, made.id, "tester")
    assert adopted.adopted
    card = find_model(settings, settings.model)
    assert adoption.adapters_in_use(db, card) == (Adapter(path=made.path),)
    assert learnt_adapters.roll_back(db, settings.model, "", "tester") is None
    assert adoption.adapters_in_use(db, card) == ()
