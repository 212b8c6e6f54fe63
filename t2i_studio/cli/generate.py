"""`generate`: from a description, or from a picture's own metadata, to variants on the disk."""

import json as notation
import secrets
from functools import partial
from typing import Annotated, Any

import typer

from t2i_studio.brief.grids import plan
from t2i_studio.brief.marks import moved
from t2i_studio.brief.requests import options_of
from t2i_studio.brief.surprise import surprise as surprising_styles
from t2i_studio.brief.variations import escape
from t2i_studio.cli import batch, files, options
from t2i_studio.cli.console import Home, Json, studio
from t2i_studio.domain import MAX_SEED, GenerationRequest, Mark, check_text
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.infotext import read_png
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning.joining import join


def generate(
    text: options.Text = None,
    variants: options.Variants = None,
    seed: options.Seed = None,
    size: options.Size = None,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    sampler: options.Sampler = None,
    style: options.Style = None,
    preset: options.Preset = None,
    market: options.Market = None,
    mark: options.Marks = None,
    negative: options.Negative = None,
    prompt: options.Words = None,
    model: options.Model = None,
    adapter: options.Adapters = None,
    init: options.Init = None,
    strength: options.Strength = None,
    mask: options.Mask = None,
    surprise: Annotated[
        bool, typer.Option("--surprise", help="Each variant in a style of its own, repeatable from the seed.")
    ] = False,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="IMAGE", help="Make this picture again; other options change it."),
    ] = None,
    learnt: options.Learnt = True,
    team: options.Team = "",
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Also put the pictures into this folder.")] = None,
    dry_run: options.DryRun = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make variants of a picture; they are kept in the store and, with --out, in a folder."""
    given = options.read(
        text=text, variants=variants, seed=seed, size=size, steps=steps, guidance=guidance, sampler=sampler,
        style=style, preset=preset, market=market, negative=negative, prompt=prompt, adapters=adapter,
        strength=strength,
    )  # fmt: skip
    base = read_png(files.read(from_)) if from_ is not None else None
    if mark:
        given["marks"] = Mark.parse(mark, options.first_text(given.get("text") or escape(base.text if base else "")))
    if base is not None:
        given = _over_picture(base, given)
    if "text" not in given:
        raise StudioError("text.empty")
    folder = files.make_folder(out) if out is not None else None
    with studio(home) as (settings, db):
        arguments = options.complete(db, settings, model, init, mask, given)
        axes = [_surprise(arguments)] if surprise else []
        planned = plan(arguments, partial(find_model, settings), axes)
        if learnt and base is None:
            planned = planned.model_copy(update={"requests": join(db, settings, planned.requests, team)})
        if dry_run:
            checked = [Engine(db, settings).check(request) for request in planned.requests]
            if planned.grid is None:
                return print(checked[0].model_dump_json(indent=2))
            told = [request.model_dump(mode="json") for request in checked]
            return print(notation.dumps(told, ensure_ascii=False, indent=2))
        if planned.grid is None:
            batch.run(db, settings, lambda engine: engine.submit(planned.requests[0]), folder, json)
        else:
            batch.run_grid(db, settings, planned.grid, planned.requests, folder, None, json)


def _surprise(arguments: dict[str, Any]) -> Any:
    """The axis of styles, as many as variants were asked for; each is then made once."""
    arguments.setdefault("seed", secrets.randbelow(MAX_SEED + 1))
    count = arguments.pop("variants", 4)
    arguments["variants"] = 1
    return surprising_styles(arguments["seed"], count)


def _over_picture(base: GenerationRequest, given: dict[str, Any]) -> dict[str, Any]:
    """The options that made a picture, with those that were given instead; new words mean a new prompt.

    Corrections stay on the words that a new text still says.
    """
    kept = options_of(base)
    kept["text"] = escape(base.text)
    if "text" in given:
        kept["marks"] = moved(base.marks, check_text(base.text), options.first_text(given["text"]))
    if given.keys() & {"text", "style", "preset", "marks", "negative", "prompt"}:
        kept["negative"] = base.prompt.negative
        del kept["prompt"]
    return kept | given
