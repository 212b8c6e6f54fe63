"""The recipe from end to end: each stage reads what earlier stages left in the work folder and leaves its own.

renders/      cut-outs of the catalogue, as fetched
catalogue/    tables of its own, where `pretrain build` made them of a shop's products (shop/dataset.py)
corpus-T/     composed scenes of the objects up to tier T, at 128 px
code.safetensors    the linear latent code
denoiser/ student/ text_encoder/ judge/ judge-2/    training runs
upscaler/    one more, and the trained network
adapter/ adapter_text/    two more, of a shop's products as an adapter (shop/adapting.py)
autoencoder/    the computed autoencoder, as diffusers keeps it
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.errors import StudioError
from t2i_studio.framing import load_framing
from t2i_studio.judge.seeing import verdicts
from t2i_studio.pretraining import (
    corpus,
    decoding,
    denoiser,
    drawing,
    eight_bits,
    evaluate,
    export,
    judging,
    model_card,
    probe,
    text_encoder,
    warm_start,
)
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import Catalogue, catalogue_of, fetch_renders, tables_of
from t2i_studio.pretraining.concepts import WORDS
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.export import Painter
from t2i_studio.pretraining.framing import framing_of
from t2i_studio.pretraining.latents import SIZE, PatchCode, fit_patch_code
from t2i_studio.pretraining.questions import questions
from t2i_studio.pretraining.shop import adapting
from t2i_studio.pretraining.tokenizer import build_tokenizer
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train
from t2i_studio.pretraining.writing import writing
from t2i_studio.upscaling.folder import load_upscaler, save_upscaler

SCENES, PAIRS = 32_000, 2_000  # scenes composed for the denoiser; for the autoencoder and the upscaler
SHOWN = 64  # pictures on the evaluation's sheet
RECOGNISED = 0.6  # share of an object's pictures in which the judge must see it, for its names to be offered
PROMPTS = 512  # of an evaluation
AGAIN = 12  # prompts about an object that the evaluation's three or four leave in doubt
PLANS = {
    "denoiser": Plan(steps=24_000, lr=7e-4, decay=4_000),
    "student": Plan(steps=3_000, lr=2e-4, warmup=100, decay=1_500),
    "refining": Plan(steps=8_000, lr=4e-4, decay=3_000),
    "text_encoder": Plan(steps=1_500, lr=5e-4, warmup=100, decay=400, ema=0.99),
    "upscaler": Plan(steps=3_000, lr=5e-4, warmup=100, decay=1_000, ema=0.998),
    "judge": Plan(steps=12_000, lr=1e-3, warmup=100, decay=3_000, ema=0.998),
    "adapter": Plan(steps=4_000, lr=1e-3, warmup=50, decay=1_000, ema=0.99),
    "adapter_text": Plan(steps=3_200, lr=2e-3, warmup=50, decay=1_600, ema=0.98),
    "judge-2": Plan(steps=12_000, lr=1e-3, decay=3_000, ema=0.998),
}

ON_AN_ACCELERATOR = {
    "denoiser": Plan(steps=7_000, lr=1.2e-3, decay=2_500),
    "student": Plan(steps=2_500, lr=4e-4, decay=1_000),
    "refining": Plan(steps=2_500, lr=6e-4, decay=1_000),
}
"""Plans of the stages that draw, whose lessons are 64 times as large there (lessons.LARGE)."""
ADAPTER = ("adapter", "adapter_text")  # runs that are no part of a model folder


def plan(stage: str, scale: float = 1.0, steps: int | None = None, decay: bool = True) -> Plan:
    """The plan of a stage at a share of its length, or for `steps` in all; decay: end with the falling rate."""
    full = PLANS[stage] if probe.device().type == "cpu" else (PLANS | ON_AN_ACCELERATOR)[stage]
    steps = steps or max(2, round(full.steps * scale))
    share = steps / full.steps
    return replace(
        full, steps=steps, warmup=min(full.warmup, max(1, round(full.warmup * share))),
        decay=round(full.decay * share) if decay else 0,
    )  # fmt: skip


def scene_count(scale: float, count: int = SCENES) -> int:
    """How many scenes to compose at a share of the full length."""
    return max(16, round(count * scale))


def compose_scenes(work: Path, tier: int, count: int) -> Iterator[int]:
    """Compose the corpus of a tier, and fit the latent code if there is none; yields the number done by now."""
    tables, objects = tables_of(work), catalogue_of(work).tier(tier)
    yield from corpus.compose(work / f"corpus-{tier}", fetch_renders(work), objects, count, SIZE, tier, tables)
    if not (work / "code.safetensors").exists():
        parts = islice(corpus.parts(work / f"corpus-{tier}"), 4)
        fit_patch_code(np.concatenate([pictures for pictures, _, _ in parts]), drawing.CHANNELS).save(
            work / "code.safetensors"
        )


def start_from(work: Path, folder: Path, tier: int) -> None:
    """Begin the runs of denoiser and text encoder with a model folder's weights, at step 0, and with its latent code
    and autoencoder.

    Words and objects that the catalogue has got since are begun untrained. StudioError when a run has been begun, or
    when the folder was not made by this recipe with these attributes.
    """
    catalogue, known = catalogue_of(work), export.known_objects(folder)
    runs = Run(work / "denoiser"), Run(work / "text_encoder")
    warm_start.check_new(*runs)
    pipe = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    code = warm_start.recover_code(pipe.vae, corpus.first(work / f"corpus-{tier}", 2 * corpus.PART)[0])
    warm_start.check_code(code, folder)
    model, (encoder, tokenizer) = drawing.new_denoiser(catalogue), new_text_encoder(catalogue)
    weights = warm_start.with_words(pipe.text_encoder, pipe.tokenizer, encoder, tokenizer)
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:  # other attributes, another width
        raise StudioError("recipe.other_words", path=folder) from error
    model.unet.load_state_dict(pipe.unet.state_dict())
    objects = [name for name in catalogue.tier(tier) if name in known] or catalogue.tier(tier)
    warm_start.recover_table(model.table, encoder.eval(), tokenizer, catalogue, objects)
    led = export.sampling_of(folder).guidance == export.STUDENT.guidance
    warm_start.begin_from(runs[0], model, PLANS["denoiser"], model.quick(), led)
    words = [encoder.get_input_embeddings().weight]
    warm_start.begin_from(runs[1], encoder, PLANS["text_encoder"], words)
    code.save(work / "code.safetensors")
    decoding.save_autoencoder(work, pipe.vae)
    if upscaler := load_upscaler(folder):
        save_upscaler(work, upscaler)


def new_text_encoder(catalogue: Catalogue) -> tuple[CLIPTextModel, PreTrainedTokenizerFast]:
    """The text encoder, untrained, and its tokenizer."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer(catalogue)
    length = WORDS + len(attribute_sizes(catalogue))
    return text_encoder.text_encoder(tokenizer, length, denoiser.WIDTH), tokenizer


def train_text_encoder(work: Path, tier: int, plan: Plan) -> dict[str, float]:
    """Teach the text encoder the denoiser's concepts; returns the share of held-out prompts understood."""
    catalogue, device = catalogue_of(work), probe.device()
    objects = catalogue.tier(tier)
    table = drawing.trained_denoiser(work).table.requires_grad_(False)
    model, tokenizer = new_text_encoder(catalogue)
    loss = text_encoder.concept_loss(model.to(device), table.to(device), catalogue, objects, tokenizer, device)
    words = [model.get_input_embeddings().weight]
    with probe.autocast(device):
        train(model, loss, plan, Run(work / "text_encoder"), words)
    prompts = text_encoder.draw_prompts(
        np.random.default_rng(HELD_OUT), catalogue, objects, tokenizer, WORDS + len(table.sizes), 200
    )
    return text_encoder.classes_right(model.cpu(), prompts, table.cpu())


def train_adapter(work: Path, tier: int, folder: Path, out: Path, draws: Plan, reads: Plan) -> dict[str, float]:
    """Teach the model in `folder` the other products of the work folder's catalogue as an adapter, and write that to
    `out`; returns the share of held-out prompts about them understood, by attribute.
    """
    scenes = work / f"corpus-{tier}"
    pictures = corpus.first(scenes, 2 * corpus.PART)[0]
    pupil = adapting.pupil(folder, catalogue_of(work), export.known_objects(folder), pictures)
    adapting.teach_drawing(pupil, drawing.latent_scenes(scenes, pupil.code), draws, Run(work / ADAPTER[0]))
    understood = adapting.teach_reading(pupil, reads, Run(work / ADAPTER[1]))
    adapting.write_adapter(pupil, out)
    return understood


def train_upscaler(work: Path, tier: int, scale: float, plan: Plan) -> dict[str, decoding.Quality]:
    """Teach the upscaler what the student draws, or the denoiser where there is none; returns what held-out scenes come
    back with (decoding.train_upscaler).
    """
    return decoding.train_upscaler(work, tier, scene_count(scale, PAIRS), plan, *drawing.drawing_network(work))


@dataclass(frozen=True)
class Evaluation:
    """scores: flat keys (evaluate.scores), those by the second judge as second.KEY where the work folder has one.
    recognised: for each object asked for, the share of pictures showing it.
    """

    scores: dict[str, float]
    recognised: dict[str, float]


def evaluate_pipeline(
    work: Path, painter: Painter, objects: Sequence[str], prompts: int,
    progress: Callable[[int, int], None] = lambda done, total: None, sheet: Path | None = None,
) -> Evaluation:  # fmt: skip
    """Held-out prompts about `objects`, drawn and judged.

    progress: told how many pictures of how many there are. sheet: the file for the first SHOWN of them, beside their
    prompts. StudioError when the cut-outs cannot be had.
    """
    catalogue, critic, second = catalogue_of(work), judging.critic(work), judging.second_critic(work)
    if untaught := set(objects) - critic.taught:
        raise StudioError("recipe.untaught", objects=", ".join(sorted(untaught)))
    drawn = evaluate.draw_all(painter, catalogue, objects, prompts, fetch_renders(work), progress)
    if sheet:
        with writing(sheet):
            evaluate.first_pictures(drawn, SHOWN).save(sheet)
    scores = evaluate.scores(drawn, critic)
    if second:
        scores |= {f"second.{name}": value for name, value in evaluate.scores(drawn, second).items()}
    return Evaluation(scores, evaluate.recognised(drawn.asked, drawn.pictures, critic, catalogue))


def _looked_at_again(work: Path, painter: Painter, result: Evaluation, prompts: int) -> dict[str, float]:
    """For each object below RECOGNISED the share of pictures showing it among new ones: by so few prompts as the
    evaluation has about each, chance would decide which are offered.
    """
    catalogue, critic = catalogue_of(work), judging.critic(work)
    doubtful = [name for name, share in result.recognised.items() if share < RECOGNISED]
    if not doubtful:
        return {}
    each = max(2, round(AGAIN * min(1, prompts / PROMPTS)))
    asked = questions(catalogue, doubtful, each * len(doubtful), (HELD_OUT, 6))
    pictures = evaluate.draw(painter, [question.text for question in asked])
    return evaluate.recognised(asked, pictures, critic, catalogue)


def evaluate_folder(
    work: Path, folder: Path, prompts: int, progress: Callable[[int, int], None], sheet: Path | None = None,
    objects: Sequence[str] = (), adapter: Path | None = None, steps: int | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate a model folder, with an adapter where one is given, about `objects` or those of its vocabulary.

    steps: instead of its own. StudioError when the model knows no object.
    """
    asked = catalogue_of(work).checked(objects) if objects else export.known_objects(folder)
    if not asked:
        raise StudioError("recipe.no_objects", path=folder)
    painter = painter_of(folder, adapter)
    if steps:
        painter = replace(painter, sampling=replace(painter.sampling, steps=steps))
    return evaluate_pipeline(work, painter, asked, prompts, progress, sheet)


def painter_of(folder: Path, adapter: Path | None = None) -> Painter:
    """A model folder as the studio draws with it. StudioError when the adapter is none of this model."""
    pipe = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    if adapter:
        try:
            pipe.load_lora_weights(adapter, local_files_only=True)
        except Exception as error:  # peft, safetensors and diffusers each raise their own kinds
            raise StudioError("adapter.unfit", path=adapter, model=folder.name) from error
    return Painter(pipe, export.sampling_of(folder), load_framing(folder), load_upscaler(folder))


def judged(work: Path, folder: Path, prompts: Sequence[str]) -> dict[str, np.ndarray]:
    """For each attribute the class that the judge sees in the picture that a model folder draws for each prompt."""
    seen = verdicts(judging.critic(work), evaluate.draw(painter_of(folder), prompts))
    return {name: likely.argmax(-1).numpy() for name, likely in seen.items()}


def trained_painter(work: Path) -> Painter:
    """The newest checkpoints of all parts, the network's weights as the folder will have them."""
    encoder, tokenizer = new_text_encoder(catalogue_of(work))
    network, sampling = drawing.drawing_network(work)
    pipe = export.pipeline(
        eight_bits.rounded(network.unet), averaged(Run(work / "text_encoder"), encoder),
        AutoencoderTiny.from_pretrained(work / "autoencoder"), tokenizer,
    )  # fmt: skip
    return Painter(pipe, sampling, framing_of(network.table, catalogue_of(work)), load_upscaler(work))


def export_model(
    work: Path, out: Path, tier: int, objects: Sequence[str], prompts: int, progress: Callable[[int, int], None]
) -> list[str]:
    """Write the model folder and return which of `objects` it offers: those the judge recognises, all if prompts is 0.

    tier: that of the training, so that the card can tell what was taught and is not offered.
    """
    catalogue = catalogue_of(work)
    objects, painter = catalogue.checked(objects), trained_painter(work)
    result = evaluate_pipeline(work, painter, objects, prompts, progress) if prompts else Evaluation({}, {})
    recognised = result.recognised | _looked_at_again(work, painter, result, prompts)
    known = [name for name in objects if recognised.get(name, 0 if prompts else 1) >= RECOGNISED]
    card = model_card.write(
        catalogue, known, result.scores, prompts, painter.sampling, run_lengths(work), core_hours(work),
        catalogue.tier(tier),
    )  # fmt: skip
    code = PatchCode.load(work / "code.safetensors")
    export.export(out, painter, code, catalogue, known, result.scores, card)
    return known


def run_lengths(work: Path) -> dict[str, int]:
    """Steps taken by each stage's run."""
    return {stage: state["step"] for stage, state in _states(work).items()}


def core_hours(work: Path) -> float:
    """Hours of processor cores that the stages' runs took, without what made a model that they began with."""
    return sum(state.get("core_seconds", 0.0) for state in _states(work).values()) / 3600


def _states(work: Path) -> dict[str, dict]:
    states = {stage: Run(work / stage).load() for stage in PLANS if stage not in ADAPTER}
    return {stage: state for stage, state in states.items() if state}


def run(work: Path, out: Path, tier: int, scale: float, report: Callable[[str], None]) -> None:
    """All stages in order; a stage that was finished before takes no time."""
    objects = catalogue_of(work).tier(tier)
    for done in compose_scenes(work, tier, scene_count(scale)):
        report(f"{done} scenes")
    drawing.train_denoiser(work, tier, plan("denoiser", scale))
    train_text_encoder(work, tier, plan("text_encoder", scale))
    drawing.train_student(work, tier, plan("student", scale))
    decoding.fit_autoencoder(work, tier, scene_count(scale, PAIRS))
    train_upscaler(work, tier, scale, plan("upscaler", scale))
    judging.train_judge(work, tier, plan("judge", scale), scene_count(scale, 500))
    prompts = max(8, round(PROMPTS * scale))
    known = export_model(work, out, tier, objects, prompts, lambda done, total: report(f"{done}/{total} pictures"))
    report(f"{out}: {len(known)} objects")
