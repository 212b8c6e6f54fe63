"""A shop's products as an adapter: low-rank additions to a finished model's two networks, and the shop's words.

The model stays as it is, so that one file serves many shops. The denoiser's additions learn to draw the products from
rows of the concept table that only they have; the text encoder's learn to write these rows from the products' names,
which the model's own tokenizer spells in letters and characters. Of all else both learn what the model says itself.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.errors import StudioError
from t2i_studio.pretraining import objectives, probe, text_encoder, warm_start
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import WORDS, ConceptTable
from t2i_studio.pretraining.denoiser import WIDTH, Denoiser, error_losses
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.lessons import Draw, LatentScenes, lessons_of
from t2i_studio.pretraining.tokenizer import vocabulary
from t2i_studio.pretraining.trainer import Chance, Plan, Run, train
from t2i_studio.pretraining.writing import replacing

RANK = 32
DRAWING = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "conv1", "conv2")
READING = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
"""What gets additions, by its name in diffusers' U-Net and in CLIP's text Transformer."""


@dataclass(frozen=True)
class Pupil:
    """A finished model with additions that change nothing yet, and the table its text encoder was taught to write.

    new: the products it is to learn, of `catalogue`'s. old: those it knows.
    """

    pipe: StableDiffusionPipeline
    table: ConceptTable
    code: PatchCode
    catalogue: Catalogue
    new: list[str]
    old: list[str]


def pupil(folder: Path, catalogue: Catalogue, known: Sequence[str], pictures: Any) -> Pupil:
    """The model in `folder`, which knows the objects `known`, for the other products of `catalogue`.

    pictures: (N, 128, 128, 3) uint8 scenes. StudioError where the model is not of this recipe, where there is nothing
    new, and where two products have names that the model cannot tell apart.
    """
    old = [name for name in catalogue.objects if name in known]
    new = [name for name in catalogue.objects if name not in known]
    if not new:
        raise StudioError("shop.nothing_new", path=folder)
    pipe = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    _check_spelling(pipe.tokenizer, catalogue, new)
    code = warm_start.recover_code(pipe.vae, pictures)
    warm_start.check_code(code, folder)
    table = ConceptTable(attribute_sizes(catalogue), WIDTH)
    warm_start.recover_table(table, pipe.text_encoder.eval(), pipe.tokenizer, catalogue, old)
    for network, targets in ((pipe.unet, DRAWING), (pipe.text_encoder, READING)):
        _attach(network, targets)
    return Pupil(pipe, table, code, catalogue, new, old)


def _check_spelling(tokenizer: PreTrainedTokenizerFast, catalogue: Catalogue, new: Sequence[str]) -> None:
    """StudioError when two products' names become the same tokens: characters that the model's words have not are all
    one token.
    """
    spelled: dict[tuple[int, ...], tuple[str, str]] = {}
    for id in new:
        product = catalogue.objects[id]
        for name in (product.en, product.zh, product.zh_hant, *product.synonyms_en, *product.synonyms_zh):
            other, first = spelled.setdefault(tuple(tokenizer(name)["input_ids"]), (id, name))
            if other != id:
                raise StudioError("shop.same_spelling", name=name, other=first)


def _attach(network: Any, targets: Sequence[str]) -> None:
    from peft import LoraConfig

    torch.manual_seed(0)
    network.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(targets)))


def teach_drawing(taught: Pupil, data: LatentScenes, plan: Plan, run: Run) -> None:
    """Train the denoiser's additions and the new products' rows; goes on from the run's checkpoint."""
    model, device = Denoiser(taught.pipe.unet, taught.table), probe.device()
    rows = taught.table.rows.weight
    taught.table.requires_grad_(False)
    rows.requires_grad_(True).register_hook(lambda gradient: gradient * _is_new(taught, gradient))
    draw = lessons_of(data.favouring(taught.new, _often(taught)), taught.catalogue, device)
    loss = drawing_loss(model.to(device), draw, taught, device)
    with probe.autocast(device):
        train(model, loss, plan, run, list(taught.table.rows.parameters()))
    model.cpu().requires_grad_(False)


def _often(taught: Pupil) -> int:
    """How many times a new product is shown for once an old one, so that three lessons in four are about new ones."""
    return max(1, 3 * len(taught.old) // len(taught.new))


def _is_new(taught: Pupil, rows: Tensor) -> Tensor:
    """(rows, 1): 1 for the row of a new product, else 0."""
    mask = torch.zeros(len(rows), 1, device=rows.device)
    mask[taught.table.offsets[0].cpu() + _numbers(taught)] = 1
    return mask


def _numbers(taught: Pupil) -> Tensor:
    """Class numbers of the new products, see stated_classes."""
    return torch.tensor([1 + list(taught.catalogue.objects).index(name) for name in taught.new])


def drawing_loss(
    model: Denoiser, draw: Draw, taught: Pupil, device: torch.device
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """The loss of one step: where a prompt states a new product as far as the model is from the scene, else as far as
    it is from what it says without its additions.
    """
    edges, numbers = taught.code.edges().to(device), _numbers(taught).to(device)
    unet: Any = model.unet

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw(chance)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        old, target = ~torch.isin(lesson.said[:, 0], numbers), lesson.clean
        if bool(old.any()):
            unet.disable_adapters()
            with torch.no_grad():
                itself = model(noisy[old], lesson.sigmas[old], lesson.said[old])
            unet.enable_adapters()
            target = target.index_put((old,), itself.float())
        return error_losses(model(noisy, lesson.sigmas, lesson.said), target, lesson.mask, edges)

    return loss


def teach_reading(taught: Pupil, plan: Plan, run: Run) -> dict[str, float]:
    """Train the text encoder's additions; returns the share of held-out prompts understood, by attribute."""
    encoder: CLIPTextModel = taught.pipe.text_encoder
    tokenizer, device = taught.pipe.tokenizer, probe.device()
    table = taught.table.requires_grad_(False)
    objects = taught.old + taught.new * _often(taught)
    loss = text_encoder.concept_loss(
        encoder.to(device), table.to(device), taught.catalogue, objects, tokenizer, device
    )  # fmt: skip
    with probe.autocast(device):
        train(encoder, loss, plan, run)
    length = WORDS + len(table.sizes)
    rng = Chance.at(1, 0).numpy
    prompts = text_encoder.draw_prompts(rng, taught.catalogue, taught.new, tokenizer, length, 200)
    return text_encoder.classes_right(encoder.cpu(), prompts, table.cpu())


def write_adapter(taught: Pupil, out: Path) -> None:
    """Write the additions as diffusers' `load_lora_weights` reads them, and vocabulary.json with the shop's words.

    The folder appears whole or not at all. StudioError when it cannot be written.
    """
    from peft.utils import get_peft_model_state_dict

    pipe = taught.pipe
    parts = {"unet": pipe.unet, "text_encoder": pipe.text_encoder}
    layers = {
        f"{name}_lora_layers": {key: value.half() for key, value in get_peft_model_state_dict(part).items()}
        for name, part in parts.items()
    }
    facts = {f"{name}_lora_adapter_metadata": part.peft_config["default"].to_dict() for name, part in parts.items()}
    words = vocabulary(taught.catalogue, taught.new)
    own = {key: words[key] for key in (f"object.{name}" for name in taught.new)}
    with replacing(out) as part:
        StableDiffusionPipeline.save_lora_weights(part, **layers, **facts)
        text = json.dumps(own, ensure_ascii=False, indent=1)
        (part / "vocabulary.json").write_text(text, encoding="utf-8")
