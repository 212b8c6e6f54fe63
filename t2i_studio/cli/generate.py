"""`generate`: from a description, or from a picture's own metadata, to variants on the disk."""

from pathlib import Path
from typing import Annotated, Any

import typer

from t2i_studio.brief import values
from t2i_studio.brief.requests import make_request, options_of
from t2i_studio.cli import batch, files
from t2i_studio.cli.console import Home, Json, identifier, studio
from t2i_studio.domain import (
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    MAX_VARIANTS,
    GenerationRequest,
    StyleSettings,
)
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.infotext import read_png
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.store.images import accept_picture, put_image
from t2i_studio.store.variants import get_variant


def generate(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What the picture shows.")] = None,
    variants: Annotated[str | None, typer.Option(metavar="N", help=f"1 to {MAX_VARIANTS} [4].")] = None,
    seed: Annotated[str | None, typer.Option(metavar="S", help="Of the first variant [random].")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Pixels [the model's].")] = None,
    steps: Annotated[str | None, typer.Option(metavar="N", help="[the model's].")] = None,
    guidance: Annotated[str | None, typer.Option(metavar="G", help="[the model's].")] = None,
    sampler: Annotated[str | None, typer.Option(metavar="X", help="[the model's].")] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(metavar="CONTROL=LEVEL", help="For example brightness=4; repeat for more."),
    ] = None,
    negative: Annotated[str | None, typer.Option(metavar="T", help="What is not to be seen.")] = None,
    prompt: Annotated[str | None, typer.Option(metavar="T", help="Exact words for the model.")] = None,
    model: Annotated[str | None, typer.Option(metavar="M", help="Name, folder or hub id [env: T2I_MODEL].")] = None,
    adapter: Annotated[
        list[str] | None, typer.Option(metavar="A:SCALE", help="LoRA folder and scale; repeat for more.")
    ] = None,
    init: Annotated[
        str | None, typer.Option(metavar="IMG", help="Picture to start from: a file or a variant's number.")
    ] = None,
    strength: Annotated[str | None, typer.Option(metavar="X", help="How far from it: 0.01 to 1.")] = None,
    mask: Annotated[str | None, typer.Option(metavar="IMG", help="White where the picture is to change.")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="IMAGE", help="Make this picture again; other options change it."),
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Also put the pictures into this folder.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check; print the complete request as JSON.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make variants of a picture; they are kept in the store and, with --out, in a folder."""
    given: dict[str, Any] = {
        "text": text,
        "variants": _whole("variants", variants, 1, MAX_VARIANTS),
        "seed": _whole("seed", seed, 0, MAX_SEED),
        "size": None if size is None else values.size(size),
        "steps": _whole("steps", steps, 1, MAX_STEPS),
        "guidance": None if guidance is None else values.real("guidance", guidance, 0, MAX_GUIDANCE),
        "sampler": sampler,
        "style": StyleSettings.parse(style) if style else None,
        "negative": negative,
        "prompt": prompt,
        "adapters": [values.adapter(word) for word in adapter] if adapter else None,
        "strength": None if strength is None else values.real("strength", strength, 0.01, 1),
    }
    given = {name: value for name, value in given.items() if value is not None}
    if from_ is not None:
        given = _over_picture(read_png(files.read(from_)), given)
    if "text" not in given:
        raise StudioError("text.empty")
    folder = files.make_folder(out) if out is not None else None
    with studio(home) as (settings, db):
        request = _request(db, settings, model, init, mask, given)
        if dry_run:
            return print(Engine(db, settings).check(request).model_dump_json(indent=2))
        batch.run(db, settings, lambda engine: engine.submit(request), folder, json)


def _whole(name: str, value: str | None, low: int, high: int) -> int | None:
    return None if value is None else values.whole(name, value, low, high)


def _over_picture(base: GenerationRequest, given: dict[str, Any]) -> dict[str, Any]:
    """The options that made a picture, with those that were given instead; new words mean a new prompt."""
    options = options_of(base)
    if given.keys() & {"text", "style", "negative", "prompt"}:
        options["negative"] = base.prompt.negative
        del options["prompt"]
    return options | given


def _request(
    db: Database,
    settings: Settings,
    model: str | None,
    init: str | None,
    mask: str | None,
    given: dict[str, Any],
) -> GenerationRequest:
    card = find_model(settings, model or given.pop("model", settings.model))
    given.pop("model", None)
    if init is not None:
        given.pop("derivation", None)
        if init.isascii() and init.isdigit() and not Path(init).exists():
            given["parent"] = get_variant(db, identifier("variant", init))
        else:
            given["init_image"] = put_image(db, accept_picture(files.read(init)))
    if mask is not None:
        given.pop("derivation", None)
        given["mask"] = put_image(db, accept_picture(files.read(mask), mode="L"))
    return make_request(model=card, **given)
