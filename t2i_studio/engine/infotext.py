"""Settings inside a PNG: what made it, in the text form other tools of the field read and in our own,
complete one.

Two text chunks: `parameters`, the lines AUTOMATIC1111's web UI writes (prompt, negative prompt, one line of
settings), and `t2i_studio`, JSON with the request and the origin. Reading prefers ours, so that the same
pixels can be made again.
"""

import io
import json
import re
from pathlib import Path

from PIL import Image, PngImagePlugin, UnidentifiedImageError
from pydantic import ValidationError

from t2i_studio.domain import GenerationRequest, Origin, Prompt
from t2i_studio.errors import StudioError

OURS = "t2i_studio"
THEIRS = "parameters"
VERSION = 1
CARRIED = frozenset({"steps", "sampler", "schedule type", "cfg scale", "seed", "size", "model hash", "version"})
"""Their settings that a request carries, or that say nothing about the picture."""
SETTING = re.compile(r'\s*([A-Za-z][\w /+-]*?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')


def write_png(image: Image.Image, request: GenerationRequest, origin: Origin) -> bytes:
    """PNG bytes of one variant. request: of its whole batch; what is stored is the request for this variant
    alone.
    """
    chunks = PngImagePlugin.PngInfo()
    one = request.model_copy(update={"seed": origin.seed, "variants": 1, "adapters": origin.adapters})
    complete = {
        "version": VERSION,
        "request": one.model_dump(mode="json"),
        "origin": origin.model_dump(mode="json"),
    }
    chunks.add_itxt(THEIRS, parameters(origin))
    chunks.add_itxt(OURS, json.dumps(complete, ensure_ascii=False))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=chunks, compress_level=2)  # 6 takes four times as long for a sixth less
    return buffer.getvalue()


def parameters(origin: Origin) -> str:
    """The lines of AUTOMATIC1111's web UI for a picture made as `origin` says."""
    lines = [origin.prompt]
    if origin.negative:
        lines.append(f"Negative prompt: {origin.negative}")
    settings = {
        "Steps": origin.steps,
        "Sampler": origin.sampler,
        "CFG scale": f"{origin.guidance:g}",
        "Seed": origin.seed,
        "Size": f"{origin.width}x{origin.height}",
        "Model hash": origin.model_hash[:10],
        "Model": origin.model,
    }
    if origin.strength is not None:
        settings["Denoising strength"] = f"{origin.strength:g}"
    if origin.adapters:
        settings["Lora hashes"] = ", ".join(f"{Path(a.path).stem}: {(a.hash or '')[:12]}" for a in origin.adapters)
    settings["Version"] = "T2I Studio"
    lines.append(", ".join(f"{name}: {_quoted(str(value))}" for name, value in settings.items()))
    return "\n".join(lines)


def read_png(source: bytes | Path) -> GenerationRequest:
    """The request that makes the picture again, from its own chunks or those of other tools.

    Raises StudioError: picture.unreadable, parameters.missing.
    """
    chunks = _chunks(source)
    if OURS in chunks:
        return _ours(chunks[OURS])
    if THEIRS in chunks:
        return parse_parameters(chunks[THEIRS])
    raise StudioError("parameters.missing")


def unread_settings(source: bytes | Path) -> dict[str, str] | None:
    """What `read_png` could not take from the lines of another tool (its model, its upscaler), as written
    there; None for a picture of ours, whose settings are complete.
    """
    chunks = _chunks(source)
    if OURS in chunks or THEIRS not in chunks:
        return None
    settings = SETTING.findall(chunks[THEIRS].strip().split("\n")[-1])
    return {name: _unquoted(value.strip()) for name, value in settings if name.lower() not in CARRIED}


def parse_parameters(text: str) -> GenerationRequest:
    """A request from AUTOMATIC1111's lines. What they cannot say (the starting picture, adapters) is left
    out; the model is kept as the default one, since its name there is a file on another machine.
    StudioError parameters.missing.
    """
    *body, last = text.strip().split("\n")
    settings = {key.lower(): _unquoted(value.strip()) for key, value in SETTING.findall(last)}
    if "steps" not in settings or "seed" not in settings:
        raise StudioError("parameters.missing")
    prompt, _, negative = "\n".join(body).partition("Negative prompt:")
    width, _, height = settings.get("size", "").partition("x")
    try:
        return GenerationRequest(
            text=prompt.strip(),
            prompt=Prompt(text=prompt.strip(), negative=negative.strip(), edited=True),
            seed=int(settings["seed"]),
            variants=1,
            steps=int(settings["steps"]),
            guidance=float(settings["cfg scale"]) if "cfg scale" in settings else None,
            sampler=_sampler(settings),
            width=int(width) if height else None,
            height=int(height) if height else None,
        )
    except (ValueError, ValidationError) as error:
        raise StudioError("parameters.missing") from error


def _sampler(settings: dict[str, str]) -> str | None:
    """Newer versions write "DPM++ 2M" and "Karras" apart, and "Automatic" for the sampler's own schedule."""
    parts = [settings.get("sampler", ""), settings.get("schedule type", "")]
    return " ".join(part for part in parts if part and part != "Automatic") or None


def _ours(text: str) -> GenerationRequest:
    try:
        complete = json.loads(text)
        return GenerationRequest.model_validate(complete["request"])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise StudioError("parameters.missing") from error


def _chunks(source: bytes | Path) -> dict[str, str]:
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            image.load()  # text may follow the pixels
            return {str(key): value for key, value in image.info.items() if isinstance(value, str)}
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StudioError("picture.unreadable", formats="PNG") from error


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ',:\n"') else value


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value
