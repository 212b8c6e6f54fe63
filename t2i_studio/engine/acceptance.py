"""A request meets a model: defaults are filled in, and what the model cannot do is refused before anything
is stored.
"""

import json
import os
from pathlib import Path
from typing import Any

from t2i_studio.brief.tokens import folder_tokenizer
from t2i_studio.domain import Adapter, Derivation, GenerationRequest
from t2i_studio.engine.prompts import check_length
from t2i_studio.engine.registry import HUB_ID, ModelCard
from t2i_studio.engine.samplers import OWN, check_sampler
from t2i_studio.errors import StudioError

STRENGTHS = {
    Derivation.VARY_SUBTLE: 0.4,
    Derivation.VARY_STRONG: 0.7,
    Derivation.IMAGE: 0.6,
    Derivation.INPAINT: 1.0,
}
"""Share of the noise path that a derived picture goes back, where the request leaves it open."""


def accept(request: GenerationRequest, card: ModelCard, start_size: tuple[int, int] | None = None) -> GenerationRequest:
    """The request with the model's defaults in place of None. start_size: (width, height) of the starting
    picture.

    Raises StudioError: model.missing, size.indivisible, size.closed, sampler.unknown, prompt.too_long,
    negative.unused, strength.no_step, adapter.unknown.
    """
    if card.folder is None and not HUB_ID.fullmatch(card.source):
        raise StudioError("model.missing", model=card.name, folder=card.source)
    width, height = _size(request, card, start_size)
    steps = card.steps if request.steps is None else request.steps
    guidance = card.guidance if request.guidance is None else request.guidance
    _check_negative(request, card, guidance)
    if card.folder and (tokenizer := folder_tokenizer(card.folder, card.max_prompt_tokens)):
        check_length(request.prompt.text, card.name, *tokenizer)
        check_length(request.prompt.negative, card.name, *tokenizer)
    return request.model_copy(
        update={
            "width": width,
            "height": height,
            "steps": steps,
            "guidance": guidance,
            "sampler": check_sampler(request.sampler or OWN, scheduler_config(card)),
            "strength": _strength(request, steps),
            "adapters": tuple(_located(adapter) for adapter in request.adapters),
        }
    )


def scheduler_config(card: ModelCard) -> dict[str, Any]:
    """The model's scheduler configuration; empty while its files are not on this machine."""
    path = card.folder / "scheduler" / "scheduler_config.json" if card.folder else None
    if path is None or not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        raise StudioError("model.corrupt", model=card.name, file=path.name) from error


def _size(request: GenerationRequest, card: ModelCard, start_size: tuple[int, int] | None) -> tuple[int, int]:
    natural = start_size if start_size and _possible(start_size, card) else (card.width, card.height)
    width = natural[0] if request.width is None else request.width
    height = natural[1] if request.height is None else request.height
    if card.sizes and (width, height) not in card.sizes:
        sizes = ", ".join(f"{w}×{h}" for w, h in card.sizes)
        raise StudioError("size.closed", width=width, height=height, model=card.name, sizes=sizes)
    if not _possible((width, height), card):
        near = [max(card.size_step, round(side / card.size_step) * card.size_step) for side in (width, height)]
        raise StudioError(
            "size.indivisible",
            width=width,
            height=height,
            step=card.size_step,
            near=f"{near[0]}×{near[1]}",
        )
    return width, height


def _possible(size: tuple[int, int], card: ModelCard) -> bool:
    if card.sizes:
        return tuple(size) in card.sizes
    return all(side % card.size_step == 0 for side in size)


def _check_negative(request: GenerationRequest, card: ModelCard, guidance: float) -> None:
    if request.prompt.negative and not (card.negative_prompt and guidance > 1):
        raise StudioError("negative.unused", model=card.name, guidance=f"{guidance:g}")


def _strength(request: GenerationRequest, steps: int) -> float | None:
    if request.derivation is Derivation.TEXT:
        return None
    strength = STRENGTHS[request.derivation] if request.strength is None else request.strength
    if int(steps * strength) < 1:
        raise StudioError("strength.no_step", strength=f"{strength:g}", steps=steps, least=f"{1 / steps:.2f}")
    return strength


def _located(adapter: Adapter) -> Adapter:
    path = Path(os.path.expanduser(adapter.path))
    if os.path.isfile(path):
        found = path.suffix == ".safetensors"
    else:
        found = os.path.isdir(path) and any(path.glob("*.safetensors"))
    if not found:
        raise StudioError("adapter.unknown", path=adapter.path[:80])
    return adapter.model_copy(update={"path": str(path.resolve())})
