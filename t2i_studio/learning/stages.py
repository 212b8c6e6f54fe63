"""What a run does in each of its stages."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import psutil
import torch

from t2i_studio import processes
from t2i_studio.brief.requests import make_request
from t2i_studio.domain import Adapter, Evidence, GenerationRequest, Method, Part, Stage
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.denoising import denoise
from t2i_studio.engine.kept import keep
from t2i_studio.engine.loading import LoadedModel, be_deterministic, devices, load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning import asking, curve, lessons, lora
from t2i_studio.learning import evidence as rated
from t2i_studio.learning.compared import Chances
from t2i_studio.learning.evaluation import plan_evaluation
from t2i_studio.learning.faults import learn_faults
from t2i_studio.learning.gate import Measured, at_strength, decide, excess
from t2i_studio.learning.held_out import held_out
from t2i_studio.learning.ladder import Sentence
from t2i_studio.learning.measuring import Looked, evaluate, foretold, foretold_faults, look_at_pairs
from t2i_studio.learning.plan import TrainingPlan, plan_training
from t2i_studio.learning.preflight import examine
from t2i_studio.learning.ranking import seen
from t2i_studio.learning.reward import fit
from t2i_studio.learning.runs import Work
from t2i_studio.learning.split import descriptions, only
from t2i_studio.learning.trainee import Trainee
from t2i_studio.learning.training import Pair, Single, train
from t2i_studio.store import learning_runs, learnt_adapters

SAMPLES = 4
"""Pictures that show what training does, each of a description that no rating was about."""
COMPARING = (Method.DPO, Method.MAPO, Method.KTO)
"""Methods that learn from what was liked and what was not; only there a taste can be told or not."""
TOLD = 5
"""Steps between two points of the curve."""
SCALES = (1.0, 0.7, 0.5)
"""Strengths at which an adapter is compared, until what was asked for and variety do not fall too far."""
HOPEFUL = 1.5
"""Times the tolerated fall up to which a foretold one may still turn out to be tolerable."""
SAMPLED = 4
"""Times that they are made anew while training."""


def preflight(work: Work) -> None:
    """Look at the ratings; refuse, or choose method and examples."""
    examined = examine(work.db, work.settings, work.run.scope, work.run.length)
    found = examined.preflight
    if found.method in COMPARING and not work.run.anyway and (doubt := _doubt(work, examined.evidence)):
        found = found.model_copy(update={"method": Method.RERANK, "reason": doubt, "refusals": (doubt,)})
    learning_runs.keep_preflight(work.db, work.run.id, found.model_dump(mode="json"))
    if found.method is Method.RERANK:
        learning_runs.set_stage(work.db, work.run.id, Stage.REFUSED)
        return
    learning_runs.keep_examples(work.db, work.run.id, examined.examples)
    learning_runs.set_stage(work.db, work.run.id, Stage.TRAINING)


def _doubt(work: Work, evidence: Evidence) -> Sentence | None:
    """Why there may be nothing to learn: a reward learnt from some of the ratings is no better than chance on others.

    Of labels of pure chance a twentieth passes; of tastes that two people share in 80 % of pairs hardly any is doubted
    from 100 pairs on. What no measure of a picture shows cannot be told, so it may be learnt all the same.
    """
    reward = fit(evidence, seen(work.db, work.settings, evidence))
    if reward.usable:
        return None
    found = reward.check.accuracy
    right, low, high = (round(100 * (value or 0)) for value in (found.value, found.low, found.high))
    return Sentence(
        key="learning.no_taste", params={"have": reward.judgements, "right": right, "low": low, "high": high}
    )


def training(work: Work) -> None:
    """Train the adapter from the checkpoint, if there is one, and keep it."""
    model, trainee = _trainee(work)
    examples = _examples(work, trainee)
    plan = _plan(work, trainee, len(examples))
    samples = _sample_requests(work, trainee)
    with ExitStack() as cleanup:
        cleanup.callback(model.forget_prompts)
        _sample(work, model, samples, "before")
        work.begin()

        def note(step: int, scalars: dict[str, float]) -> None:
            work.progress(step, plan.steps, scalars["loss"])
            if step % TOLD == 0:
                curve.note(work.folder, step, scalars["loss"])
            if step % max(1, plan.steps // SAMPLED) == 0 and step < plan.steps:
                _sample(work, model, samples, "after")

        processes.call(work.run.id)
        train(trainee, examples, plan, work.folder, note)
        lora.shrink(trainee.network, plan.share)
        _sample(work, model, samples, "after")
        file = lora.write_adapter(model.pipe, trainee.network, work.folder / "adapter")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    scope = work.run.scope
    learnt_adapters.add_adapter(work.db, work.run.id, scope.model, model.hash, scope.team, file.parent, digest)
    learning_runs.set_stage(work.db, work.run.id, Stage.EVALUATING)


def train_along(work: Work) -> None:
    """In a process beside the main one: its share of the training, of which the main one keeps what comes out."""
    _, trainee = _trainee(work)
    examples = _examples(work, trainee)  # encoded by the main process already
    train(trainee, examples, _plan(work, trainee, len(examples)), work.folder, lambda *_: None)


def evaluating(work: Work) -> None:
    """Compare old and new on products that no rating was about, and decide."""
    model = _model(work)
    adapter = learnt_adapters.adapter_of(work.db, work.run.id)
    assert adapter is not None  # training ends with it
    everything = rated.gather(work.db, work.run.scope, model.hash)
    told = set(descriptions(everything).values())
    before = asking.before(work.db, work.run)
    folder = work.folder / "evaluation"
    weaker: float | None = SCALES[0]
    while weaker is not None:
        scale = weaker
        new = Adapter(path=adapter.path, scale=scale)
        plan = plan_evaluation(model, held_out(model.card, told), before, (new,))
        work.begin()
        found = evaluate(folder, plan, model, work.progress)
        found, liked = _foretold(work, found, look_at_pairs(folder, plan, model.card, work.settings), everything)
        verdict = decide(found, reward=liked)
        weaker = _weaker(excess(found), scale)
    keep(work.folder / asking.EVALUATION, found.model_dump_json())
    learning_runs.keep_verdict(work.db, work.run.id, at_strength(verdict, scale))


STAGES: dict[Stage, Callable[[Work], None]] = {
    Stage.PREFLIGHT: preflight,
    Stage.TRAINING: training,
    Stage.EVALUATING: evaluating,
}


def training_part(work: Work, weights: str) -> Evidence:
    """What the run's ratings for training say, as far as they are still there."""
    kept = [each for each, part in learning_runs.examples_of(work.db, work.run.id) if part is Part.TRAIN]
    return only(rated.gather(work.db, work.run.scope, weights), kept)


def _weaker(excess: float, scale: float) -> float | None:
    """The largest strength below `scale` at which a fall that is too large may be tolerable: it shrinks about as the
    strength does. None where nothing fell too far, or no strength is weak enough.
    """
    weaker = (each for each in SCALES if each < scale and excess * each / scale < HOPEFUL)
    return next(weaker, None) if excess > 1 else None


def _foretold(work: Work, found: Measured, pairs: Looked, everything: Evidence) -> tuple[Measured, Chances | None]:
    """What all ratings foretell: faults, with what was measured, and what a reward thinks of the pairs; None where it
    is no better than a guess.
    """
    looked = seen(work.db, work.settings, everything)
    if faults := learn_faults(everything, looked):
        found = found.model_copy(update={"faults": foretold_faults(pairs, faults)})
    try:
        reward = fit(everything, looked)
    except StudioError:  # too few ratings for one
        return found, None
    return found, foretold(pairs, reward) if reward.usable else None


def _model(work: Work) -> LoadedModel:
    be_deterministic()
    cores = psutil.cpu_count(logical=False) or 1
    torch.set_num_threads(work.settings.threads or max(1, cores // processes.beside()))
    card, own = find_model(work.settings, work.run.scope.model), devices(work.settings)
    return load_model(card, own[processes.number() % len(own)], work.settings, work.db.home / "cache")


def _trainee(work: Work) -> tuple[LoadedModel, Trainee]:
    model = _model(work)
    request = accept(make_request(SAMPLE_TEXT, model.card, seed=0, variants=1), model.card)
    return model, Trainee(model, request)


SAMPLE_TEXT = "handbag"
"""Any description: a trainee needs one to see how the pipeline works."""


def _examples(work: Work, trainee: Trainee) -> list[Pair] | list[Single]:
    taught, method = training_part(work, trainee.model.hash), _method(work)
    compares = method in (Method.DPO, Method.MAPO)
    used = (
        {variant for one in taught.preferences for variant in (one.better, one.worse)}
        if compares
        else {one.variant for one in taught.opinions}
    )
    if not used:
        raise StudioError("learning.ratings_changed")
    prompts = lessons.prompts_of(work.db, used)
    work.begin()
    latents = lessons.latents_of(work.db, trainee, used, work.folder / "cache", work.progress)
    if compares:
        return lessons.pairs_of(taught.preferences, latents, prompts)
    return lessons.singles_of(method, taught.opinions, latents, prompts)


def _method(work: Work) -> Method:
    return Method((work.run.preflight or {})["method"])


def _plan(work: Work, trainee: Trainee, examples: int) -> TrainingPlan:
    """The run's plan: kept once, so that a resumed run trains as it began."""
    if work.run.plan:
        return TrainingPlan.model_validate(work.run.plan)
    made = plan_training(_method(work), examples, work.run.length, trainee.size)
    eight_bit = trainee.model.device.type == "cuda" and find_spec("bitsandbytes") is not None
    plan = made.model_copy(update={"seed": work.run.id, "eight_bit": eight_bit})
    learning_runs.keep_plan(work.db, work.run.id, plan.model_dump(mode="json"))
    return plan


def _sample_requests(work: Work, trainee: Trainee) -> list[GenerationRequest]:
    card = trainee.model.card
    everything = rated.gather(work.db, work.run.scope, trainee.model.hash)  # ratings that only check count, too
    texts = held_out(card, set(descriptions(everything).values())).texts[:SAMPLES]
    return [accept(make_request(text, card, seed=number, variants=1), card) for number, text in enumerate(texts)]


def _sample(work: Work, model: LoadedModel, requests: list[GenerationRequest], name: str) -> None:
    """Pictures of the network as it is now, as `samples/NAME-0.png` …"""
    folder = work.folder / "samples"
    folder.mkdir(exist_ok=True)
    for number, request in enumerate(requests):
        file = folder / f"{name}-{number}.png"
        if name == "before" and file.exists():
            continue
        picture = denoise(model, request, [request.seed], lambda step: None)[0]
        part = Path(f"{file}.part")
        picture.save(part, "PNG")
        part.replace(file)
