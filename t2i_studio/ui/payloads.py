"""What goes over the API's wire: parameters as they may come, variants as they are told."""

from typing import Any

import gradio as gr

from t2i_studio.domain import Variant
from t2i_studio.errors import StudioError

MAX_WORDS = 50


def address(request: gr.Request) -> str:
    """Of this server, as the caller reached it."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def told_variant(request: gr.Request, variant: Variant) -> dict[str, Any]:
    """A variant as the lists tell it. url: of its picture on this server, None until there is one."""
    return {
        "id": variant.id,
        "batch": variant.job,
        "state": variant.state.value,
        "description": variant.request.text,
        "prompt": variant.request.prompt.text,
        "dropped": list(variant.request.prompt.dropped),
        "seed": variant.seed,
        "stars": variant.stars,
        "faults": list(variant.faults),
        "favourite": variant.favourite,
        "model": variant.request.model,
        "width": variant.origin.width if variant.origin else None,
        "height": variant.origin.height if variant.origin else None,
        "seconds": round(variant.origin.seconds, 3) if variant.origin else None,
        "sha256": variant.image,
        "url": f"{address(request)}/images/{variant.image}.png" if variant.image else None,
        "created": variant.created.isoformat(),
    }


def text(name: str, value: object) -> str:
    """Anyone can send any JSON: StudioError unless it is a text."""
    if not isinstance(value, str):
        raise StudioError("api.parameter", name=name, expected='"…"')
    return value


def texts(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_WORDS:
        raise StudioError("api.parameter", name=name, expected='["…", "…"]')
    return [text(name, word) for word in value]


def flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise StudioError("api.parameter", name=name, expected="true / false")
    return value
