"""From trained parts to the model folder: a plain diffusers StableDiffusionPipeline, plus what the studio reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.errors import StudioError
from t2i_studio.framing import Framing, save_framing
from t2i_studio.pretraining import eight_bits
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import WORDS
from t2i_studio.pretraining.denoiser import scheduler
from t2i_studio.pretraining.latents import SIZE, PatchCode
from t2i_studio.pretraining.tokenizer import vocabulary
from t2i_studio.pretraining.writing import replacing
from t2i_studio.upscaling.folder import save_upscaler
from t2i_studio.upscaling.network import SCALE, Upscaler

SIDE = 256
PREVIEW_PATCH = 8  # preview pixels a cell and side


@dataclass(frozen=True)
class Sampling:
    """The steps and the guidance that a model is meant to be drawn with."""

    steps: int
    guidance: float


@dataclass(frozen=True)
class Painter:
    """All that makes a picture: a pipeline, its steps and guidance, and, where there are such, what lots tell it of the
    framing and what enlarges its pictures.
    """

    pipe: StableDiffusionPipeline
    sampling: Sampling
    framing: Framing | None = None
    upscaler: Upscaler | None = None


TEACHER = Sampling(10, 2.0)
STUDENT = Sampling(8, 1.0)  # its guidance is folded in (distilling.py)


def sampling_of(folder: Path) -> Sampling:
    """That of a model folder. StudioError when its studio.json cannot be read."""
    try:
        told = json.loads((folder / "studio.json").read_text(encoding="utf-8"))
        return Sampling(told["steps"], told["guidance"])
    except (OSError, ValueError, KeyError) as error:
        raise StudioError("recipe.no_model", path=folder) from error


def pipeline(
    unet: UNet2DConditionModel, text_encoder: CLIPTextModel, vae: AutoencoderTiny, tokenizer: PreTrainedTokenizerFast
) -> StableDiffusionPipeline:
    """The parts as one pipeline. Prompts are padded over the positions of the attributes too."""
    tokenizer.model_max_length = text_encoder.config.max_position_embeddings
    return StableDiffusionPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def export(
    folder: Path, painter: Painter, code: PatchCode, catalogue: Catalogue, objects: Sequence[str],
    scores: Mapping[str, float], card: str,
) -> None:  # fmt: skip
    """Write the folder whole or not at all, weights in half precision, the wide ones of the U-Net in 8 bits; an older
    one is replaced.

    objects: the products that are recognisable, so that only these are in the vocabulary. scores: of the
    evaluation, kept in scores.json. card: the text of README.md. StudioError when the folder cannot be written.
    """
    with replacing(folder) as partial:
        painter.pipe.to(torch.float16).save_pretrained(partial, safe_serialization=True)
        eight_bits.write(partial / "unet" / "diffusion_pytorch_model.safetensors")
        _load_in_full_precision(partial / "text_encoder" / "config.json")
        _write_json(partial / "vocabulary.json", vocabulary(catalogue, objects))
        if painter.framing:
            save_framing(partial, painter.framing)
        if painter.upscaler:
            save_upscaler(partial, painter.upscaler)
        _write_json(partial / "studio.json", studio_facts(code, painter.sampling, SCALE if painter.upscaler else 1))
        _write_json(partial / "scores.json", dict(scores))
        (partial / "README.md").write_text(card, encoding="utf-8")


def _load_in_full_precision(config: Path) -> None:
    """Without a precision asked for, transformers takes that of the configuration, diffusers fp32: let them agree."""
    _write_json(config, json.loads(config.read_text(encoding="utf-8")) | {"dtype": "float32"})


def known_objects(folder: Path) -> list[str]:
    """The objects of a model folder's vocabulary. StudioError when it has none that can be read."""
    try:
        concepts = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudioError("recipe.no_model", path=folder) from error
    return [key.removeprefix("object.") for key in concepts if key.startswith("object.")]


def studio_facts(code: PatchCode, sampling: Sampling, upscale: int) -> dict[str, Any]:
    """What the studio must know before it loads the weights (studio.json). upscale: of the folder's upscaler."""
    side = SIDE * upscale
    return {
        "name": "podium",
        "licence": "Apache-2.0; pictures: Fluent Emoji, MIT",
        "languages": ["zh", "en"],
        "width": side,
        "height": side,
        "size_step": side // 8,
        "sizes": [[side, side], [SIDE, SIDE]] if upscale > 1 else [[SIDE, SIDE]],
        "upscale": upscale,
        "steps": sampling.steps,
        "guidance": sampling.guidance,
        "max_prompt_tokens": WORDS,
        "negative_prompt": False,
        "exact_autoencoder": True,  # sums over the whole picture
        "linear_decoder": True,
        "style": "words",
        "preview": preview_map(code),
    }


def preview_map(code: PatchCode) -> dict[str, Any]:
    """Latent cell → PREVIEW_PATCH² RGB pixels in 0–1, exact: the linear code itself, averaged down.

    matrix: C rows of rows × columns × colours; bias: the same length.
    """
    channels = code.channels
    cell = torch.eye(channels + 1, channels)  # each component alone, then none
    pixels = code.decode(cell[:, :, None, None].expand(-1, -1, SIZE // 16, SIZE // 16))[..., :16, :16]
    pixels = torch.nn.functional.avg_pool2d(pixels, 16 // PREVIEW_PATCH) / 2
    flat = pixels.permute(0, 2, 3, 1).flatten(1)
    bias, matrix = flat[-1], flat[:-1] - flat[-1]
    return {
        "matrix": [[round(value, 4) for value in row] for row in matrix.tolist()],
        "bias": [round(value, 4) for value in (bias + 0.5).tolist()],
        "patch": PREVIEW_PATCH,
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
