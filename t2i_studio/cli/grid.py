"""`grid`: every combination of what is varied, as variants in the store and as one labelled picture."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from t2i_studio.brief.grids import Axis, cells, plan
from t2i_studio.cli import batch, files, options
from t2i_studio.cli.console import Home, Json, answer, studio
from t2i_studio.domain import Mark
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning.joining import join


def grid(
    text: options.Text = None,
    axis: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUES", help="warmth=1..5, steps=6,10 or text=bag|mug; repeat for up to three."),
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="PNG", help="Also draw all as one labelled picture.")] = None,
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
    learnt: options.Learnt = True,
    team: options.Team = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check; print the cells.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a grid of pictures: one or more things varied, all else and the seed the same."""
    axes = [Axis.parse(words) for words in axis or ()]
    given = options.read(
        text=text, variants=variants, seed=seed, size=size, steps=steps, guidance=guidance, sampler=sampler,
        style=style, preset=preset, market=market, negative=negative, prompt=prompt, adapters=adapter,
        strength=strength,
    )  # fmt: skip
    given.setdefault("variants", 1)
    if "text" not in given and (worded := [one.values[0] for one in axes if one.name == "text"]):
        given["text"] = worded[0]
    if "text" not in given:
        raise StudioError("text.empty")
    if mark:
        given["marks"] = Mark.parse(mark, options.first_text(given["text"]))
    sheet = _sheet(out)
    with studio(home) as (settings, db):
        arguments = options.complete(db, settings, model, init, mask, given)
        planned = plan(arguments, partial(find_model, settings), axes)
        if planned.grid is None:
            raise StudioError("grid.axes", count=0, limit=3)
        requests = join(db, settings, planned.requests, team) if learnt else planned.requests
        if dry_run:
            engine = Engine(db, settings)
            checked = [engine.check(request).model_dump(mode="json") for request in requests]
            changes = [{name: str(value) for name, value in cell.items()} for cell in cells(planned.grid)]
            lines = ["  ".join(f"{name}={value}" for name, value in cell.items()) for cell in changes]
            return answer(checked, "\n".join(lines), json)
        batch.run_grid(db, settings, planned.grid, requests, None, sheet, json)


def _sheet(out: str | None) -> Path | None:
    """Where the picture is to go. Raises StudioError file.unwritable, before anything is made."""
    if out is None:
        return None
    path = Path(out).expanduser().absolute()
    return files.make_folder(str(path.parent)) / path.name
