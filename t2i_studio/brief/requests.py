"""The single door: whatever page, command line or API collected becomes one checked `GenerationRequest`."""

import secrets
from collections.abc import Sequence
from typing import Any

from t2i_studio.brief import styles
from t2i_studio.brief.markets import find_market
from t2i_studio.brief.presets import find_preset
from t2i_studio.brief.prompt import PromptModel, checked_negative, compose, tidy
from t2i_studio.domain import (
    MAX_SEED,
    Adapter,
    Derivation,
    GenerationRequest,
    Mark,
    Prompt,
    StyleSettings,
    Variant,
)
from t2i_studio.errors import StudioError


def make_request(
    text: str,
    model: PromptModel,
    *,
    style: StyleSettings | None = None,
    negative: str = "",
    prompt: str | Prompt | None = None,
    marks: Sequence[Mark] = (),
    preset: str | None = None,
    market: str | None = None,
    adapters: Sequence[Adapter] = (),
    seed: int | None = None,
    variants: int = 4,
    size: tuple[int, int] | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    sampler: str | None = None,
    derivation: Derivation | None = None,
    parent: Variant | None = None,
    init_image: str | None = None,
    mask: str | None = None,
    strength: float | None = None,
    user: str = "local",
) -> GenerationRequest:
    """A batch as the engine takes it. Raises StudioError for anything no model could do.

    adapters: the user's own; slider adapters that the style asks for come after them, also where a prompt is given.
    marks: corrections of how the text is read. preset: id of the look whose phrases join the prompt; its levels are
    those of `style` only if the caller sets them. market: id of where the creative is to run; kept, and no more.
    prompt: the user's own wording, or a finished Prompt; taken instead of a composed one.
    seed: None draws one. size, steps, guidance, sampler: None is the model's own default.
    derivation: None is worked out: a mask means inpaint, a starting picture means image, neither means text.
    parent: the variant to start from; its picture is the starting picture unless init_image (a content hash
    in the store, as mask is) gives another.
    """
    style = style or StyleSettings()
    if isinstance(prompt, Prompt):
        words = prompt.model_copy(update={"negative": checked_negative(prompt.negative, model)})
    elif prompt is not None and prompt.strip():
        words = Prompt(text=tidy(prompt), negative=checked_negative(negative, model), edited=True)
    else:
        look = find_preset(preset) if preset else None
        folders = [adapter.folder for adapter in adapters]
        words = compose(text, style, model, negative, marks=marks, preset=look, adapters=folders)
    if parent is not None and init_image is None and derivation is not Derivation.TEXT:
        if parent.image is None:
            raise StudioError("request.parent_unfinished", variant=parent.id)
        init_image = parent.image
    if derivation is None:
        derivation = Derivation.INPAINT if mask else Derivation.IMAGE if init_image else Derivation.TEXT
    if strength is not None and derivation is Derivation.TEXT:
        raise StudioError("request.init_missing")
    width, height = size or (None, None)
    return GenerationRequest(
        text=text,
        prompt=words,
        marks=tuple(marks),
        style=style,
        preset=preset,
        market=find_market(market).id if market else None,
        model=model.name,
        adapters=(*styles.own_adapters(adapters, model.name), *styles.adapters_for(style, model.name)),
        seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
        variants=variants,
        width=width,
        height=height,
        steps=steps,
        guidance=guidance,
        sampler=sampler,
        derivation=derivation,
        parent=None if parent is None else parent.id,
        init_image=init_image,
        mask=mask,
        strength=strength,
        user=user,
    )


def options_of(request: GenerationRequest) -> dict[str, Any]:
    """Arguments of `make_request` that make `request` again; the model is a name for the caller to look up.

    adapters: without those of the sliders, which `make_request` adds.
    The parent is left out: the request may come from a picture that was made in another store.
    """
    size = (request.width, request.height) if request.width and request.height else None
    kept = (
        "text",
        "style",
        "prompt",
        "marks",
        "preset",
        "market",
        "model",
        "seed",
        "variants",
        "steps",
        "guidance",
        "sampler",
    )
    derived = ("derivation", "init_image", "mask", "strength", "user")
    return {name: getattr(request, name) for name in (*kept, *derived)} | {
        "adapters": styles.own_adapters(request.adapters, request.model),
        "size": size,
    }
