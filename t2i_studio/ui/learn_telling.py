"""Learning runs, what was found before them and what came of them, as the page shows them."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from t2i_studio.domain import WORKING, LearningRun, LearntAdapter, Length, Method, Stage
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning import curve
from t2i_studio.learning.adoption import check_verdict, weights_now
from t2i_studio.learning.discarding import is_discarded
from t2i_studio.learning.ladder import Sentence
from t2i_studio.learning.plan import SMALL, plan_training
from t2i_studio.learning.preflight import Preflight, network_size
from t2i_studio.learning.product_names import product_name, told
from t2i_studio.learning.runs import folder_of
from t2i_studio.learning.verdict_words import sentence as reason_sentence
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.raters import is_rater
from t2i_studio.store.sessions import list_sessions
from t2i_studio.ui.desk import Answer, sentence
from t2i_studio.ui.learn_asking import told_asking
from t2i_studio.ui.learn_pictures import compared, samples
from t2i_studio.ui.learn_process import has_died, is_alive
from t2i_studio.ui.studio import Studio, Visitor

Weights = Callable[[str], str | None]
"""Model → sha256 of its weights as they are."""
SHOWN_POINTS = 400
"""Of a curve, at most."""
MANY = 1000


def told_preflight(studio: Studio, visitor: Visitor, found: Preflight) -> Answer:
    """What was found, with its sentences and products in the visitor's language."""
    source = find_model(studio.settings, found.scope.model).source

    def name(product: str) -> str:
        return product_name(source, product, visitor.language)

    def said(sentences: Sequence[Sentence]) -> list[str]:
        return [told(each, source, visitor.language) for each in sentences]

    kept = found.model_dump(mode="json", exclude={"scope", "reason", "refusals", "warnings", "products"})
    return kept | {
        "reason": found.reason.error.sentence(visitor.language),
        "refusals": said(found.refusals),
        "warnings": said(found.warnings),
        "products": sorted(
            ((name(product), count) for product, count in found.products.items()), key=lambda each: (-each[1], each[0])
        ),
    }


def lengths(studio: Studio, found: Preflight) -> Answer:
    """Steps of training for each length, and the seconds a run takes where a step of the model was measured."""
    method = found.method if found.method is not Method.RERANK else Method.DPO
    card = find_model(studio.settings, found.scope.model)
    size = (network_size(card.folder) if card.folder else None) or SMALL
    pace = curve.measured(studio.db, found.scope.model)
    steps = {each: plan_training(method, found.trained, each, size).steps for each in Length}
    return {each: {"steps": count, "seconds": pace.seconds(count) if pace else None} for each, count in steps.items()}


def state_of(studio: Studio, run: LearningRun) -> str:
    """The stage, or "interrupted", or "starting" while its process is not yet at work."""
    if run.stage not in WORKING:
        return run.stage
    if is_alive(studio, run.id):
        return "starting" if run.interrupted or (run.stage is Stage.PREFLIGHT and run.preflight is None) else run.stage
    lost = run.stage is Stage.PREFLIGHT and run.preflight is None and has_died(studio, run.id)
    return "interrupted" if run.interrupted or lost else run.stage


def is_busy(studio: Studio, run: LearningRun) -> bool:
    """Whether a process works on it, or is about to."""
    return run.stage in WORKING and state_of(studio, run) != "interrupted"


def told_run(studio: Studio, visitor: Visitor, run: LearningRun, names: Mapping[int, str]) -> Answer:
    """A line of the list. names: of sessions."""
    return {
        "id": run.id,
        "model": run.scope.model,
        "team": run.scope.team,
        "session": names.get(run.scope.session, "") if run.scope.session is not None else None,
        "length": run.length,
        "stage": run.stage,
        "state": state_of(studio, run),
        "cancelling": is_busy(studio, run) and learning_runs.cancel_requested(studio.db, run.id),
        "by": maker(studio, visitor, run.user),
        "created": run.created.isoformat(),
        "progress": run.progress,
        "method": (run.preflight or {}).get("method"),
        "examples": run.examples,
        "forgotten": run.forgotten,
        "verdict": run.verdict.model_dump(mode="json", exclude={"reasons"}) if run.verdict else None,
        "error": sentence(run.error, visitor),
    }


def session_names(studio: Studio) -> dict[int, str]:
    """{session: its name}, the newest first."""
    return {one.id: one.plan.name for one in list_sessions(studio.db)}


def told_whole_run(studio: Studio, visitor: Visitor, run: LearningRun) -> Answer:
    """A run with everything of it that can be looked at."""
    made = learnt_adapters.adapter_of(studio.db, run.id)
    folder = folder_of(studio.db, run.id)
    return told_run(studio, visitor, run, session_names(studio)) | {
        "steps": (run.plan or {}).get("steps"),
        "preflight": _kept_preflight(studio, visitor, run),
        "curve": _thinned([[point.step, point.loss] for point in curve.read(folder)]),
        "samples": samples(folder / "samples", f"/learn/runs/{run.id}/samples"),
        "pictures": compared(folder / "evaluation", f"/learn/runs/{run.id}/evaluation"),
        "reasons": [reason_sentence(reason, visitor.language) for reason in run.verdict.reasons] if run.verdict else [],
        "adapter": told_adapter(studio, visitor, made, known_weights(studio)) if made else None,
        "asked": told_asking(studio, visitor, run),
    }


def _kept_preflight(studio: Studio, visitor: Visitor, run: LearningRun) -> Answer | None:
    try:
        found = Preflight.model_validate(run.preflight) if run.preflight else None
        return told_preflight(studio, visitor, found) if found else None
    except (ValidationError, KeyError, StudioError):  # of an older version, or of a model that is here no more
        return None


def _thinned(points: list[Any]) -> list[Any]:
    """Every so many, and the last."""
    every = -(-len(points) // SHOWN_POINTS) or 1
    return points[::-1][::every][::-1]


def known_weights(studio: Studio) -> Weights:
    """Looks a model's weights up once."""

    @cache
    def look(model: str) -> str | None:
        return weights_now(studio.db, find_model(studio.settings, model))

    return look


def told_adapter(studio: Studio, visitor: Visitor, adapter: LearntAdapter, weights: Weights) -> Answer:
    """An adapter with its place among the others; obstacle: why it cannot be put in use, None when it can."""
    run = learning_runs.get_run(studio.db, adapter.run)
    log = learnt_adapters.adoptions(studio.db, adapter.model, adapter.team, limit=MANY)
    begun = next((entry for entry in log if entry.adapter == adapter.id), None)
    obstacle = obstacle_of(adapter, run, weights)
    return {
        "id": adapter.id,
        "run": adapter.run,
        "model": adapter.model,
        "team": adapter.team,
        "version": adapter.version,
        "adopted": adapter.adopted,
        "forgotten": adapter.forgotten,
        "discarded": is_discarded(adapter),
        "was_in_use": begun is not None,
        "since": begun.created.isoformat() if begun else None,
        "by": maker(studio, visitor, begun.user) if begun else None,
        "created": adapter.created.isoformat(),
        "examples": run.examples,
        "verdict": run.verdict.model_dump(mode="json", exclude={"reasons"}) if run.verdict else None,
        "obstacle": obstacle.sentence(visitor.language) if obstacle else None,
    }


def obstacle_of(adapter: LearntAdapter, run: LearningRun, weights: Weights) -> StudioError | None:
    """Why an adapter cannot be put in use."""
    try:
        check_verdict(run)
    except StudioError as error:
        return error
    if is_discarded(adapter):
        return StudioError("learning.discarded", version=adapter.version)
    if adapter.forgotten:
        return StudioError("learning.forgotten", run=run.id)
    if not (Path(adapter.path) / learnt_adapters.WEIGHTS).is_file():
        return StudioError("learning.adapter_missing", path=adapter.path)
    try:
        fits = weights(adapter.model) == adapter.model_hash
    except StudioError as error:
        return error
    return None if fits else StudioError("learning.other_weights", model=adapter.model)


def maker(studio: Studio, visitor: Visitor, user: str) -> str | None:
    """Who did it, by log-in name: "" is the visitor, None somebody without a name."""
    if user == visitor.user:
        return ""
    return None if user == "local" or is_rater(studio.db, user) else user
