"""The settings inside a dropped picture, made to fit this studio, and what of them cannot be used here."""

from typing import Any

from t2i_studio.domain import Derivation, GenerationRequest, Prompt
from t2i_studio.engine.infotext import read_png, unread_settings
from t2i_studio.errors import Language, StudioError
from t2i_studio.ui.i18n import words
from t2i_studio.ui.studio import Studio

LeftOut = list[tuple[str, str]]
"""(name of a setting, its value), as shown."""

WITHOUT_START: dict[str, Any] = {
    "derivation": Derivation.TEXT, "init_image": None, "parent": None, "mask": None, "strength": None,
}  # fmt: skip
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "size.closed": ("size", {"width": None, "height": None}),
    "size.indivisible": ("size", {"width": None, "height": None}),
    "sampler.unknown": ("sampler", {"sampler": None}),
    "strength.no_step": ("strength", {"strength": None}),
    "image.unknown": ("start_picture", WITHOUT_START),
    "adapter.unknown": ("adapter", {"adapters": ()}),
}
"""The engine's refusals: the word for the setting that is wrong, and the request's fields without it."""


def read_settings(studio: Studio, data: bytes, language: Language) -> tuple[GenerationRequest, LeftOut]:
    """A request that the engine takes, and what had to be left out for it.

    Raises StudioError picture.unreadable, parameters.missing.
    """
    request = read_png(data)
    unread = unread_settings(data)
    if unread is not None or not request.prompt.edited:
        # The form composes the prompt anew; of another tool's, it then tells the words the model does not know.
        request = request.model_copy(update={"prompt": Prompt(text="", negative=request.prompt.negative)})
    request, refused = _fitted(studio, request)
    return request, [*((words(language)[name], value) for name, value in refused), *(unread or {}).items()]


def _fitted(studio: Studio, request: GenerationRequest) -> tuple[GenerationRequest, LeftOut]:
    left_out: LeftOut = []
    for _ in range(len(REFUSED) + 3):
        try:
            studio.engine.check(request)
            break
        except StudioError as error:
            changed = _without(studio, request, error.key)
            if changed is None:
                break  # the form says it when the picture is asked for
            name, update = changed
            left_out.append((name, _shown(request, name)))
            request = request.model_copy(update=update)
    return request, left_out


def _without(studio: Studio, request: GenerationRequest, refusal: str) -> tuple[str, dict[str, Any]] | None:
    if refusal.startswith("model.") and request.model != studio.settings.model:
        return "model", {"model": studio.settings.model}
    if refusal in ("negative.unused", "prompt.too_long"):
        if request.prompt.negative:
            return "negative", {"prompt": request.prompt.model_copy(update={"negative": ""})}
        if request.prompt.edited:
            return "prompt_edit", {"prompt": request.prompt.model_copy(update={"text": "", "edited": False})}
    return REFUSED.get(refusal)


def _shown(request: GenerationRequest, name: str) -> str:
    values = {
        "model": request.model,
        "size": f"{request.width} × {request.height}",
        "sampler": request.sampler or "",
        "strength": str(request.strength),
        "negative": request.prompt.negative,
        "prompt_edit": request.prompt.text,
        "adapter": ", ".join(adapter.path for adapter in request.adapters),
    }
    return values.get(name, "")
