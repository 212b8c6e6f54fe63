"""Grids on the Create page: begun, watched cell by cell, stopped, resumed, and taken away as one picture."""

import secrets
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

import gradio as gr
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from t2i_studio.brief.grids import MAX_AXES, Axis, Grid, axis_name, bands, plan
from t2i_studio.brief.surprise import surprise
from t2i_studio.domain import MAX_SEED, Job, State, Variant
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.sheet import make_sheet
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs, variants
from t2i_studio.store.grids import StoredGrid, get_grid
from t2i_studio.ui.desk import Answer, card, sentence
from t2i_studio.ui.learnt import AS_USUAL, Taste, with_taste
from t2i_studio.ui.studio import Studio, Visitor, visitor_of

UNFINISHED = (State.INTERRUPTED, State.FAILED, State.CANCELLED)
_ROWS: TypeAdapter[list[tuple[str, str]]] = TypeAdapter(list[tuple[str, str]])


def axes_of(rows: Any) -> list[Axis]:
    """The axes of the form's section: rows of a name and values; those without values do not matter."""
    try:
        filled = [(name, said) for name, said in _ROWS.validate_python(rows or []) if said.strip()]
    except ValidationError as error:
        raise StudioError("page.payload", name="axes") from error
    return [Axis.parse(f"{name}={said}") for name, said in filled[: MAX_AXES + 1]]


def rows_of(grid: StoredGrid) -> list[list[str]]:
    """A grid's axes as the form's section shows them."""
    return [[axis.name, axis.said] for axis in Grid.model_validate({"axes": grid.axes}).axes]


def begin(studio: Studio, options: dict[str, Any], axes: Sequence[Axis] = (), taste: Taste = AS_USUAL) -> list[Any]:
    """Store and queue what the form says, a grid where something is varied: updates of the stage and of the seed."""
    planned = plan(options, partial(find_model, studio.settings), axes)
    requests = with_taste(studio, planned.requests, taste)
    if planned.grid is None:
        return [gr.HTML(job=studio.engine.submit(requests[0]).id), requests[0].seed]
    told = [axis.model_dump(mode="json") for axis in planned.grid.axes]
    return [gr.HTML(sheet=studio.engine.submit_grid(told, requests).id), requests[0].seed]


def surprising(options: dict[str, Any]) -> tuple[dict[str, Any], list[Axis]]:
    """As many styles as variants were asked for, each made once: the options and axes for `begin`."""
    seed = options["seed"] if options["seed"] is not None else secrets.randbelow(MAX_SEED + 1)
    return {**options, "seed": seed, "variants": 1}, [surprise(seed, options["variants"])]


def sheet(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """A grid with its headings, and the cards of its cells as they are now."""
    stored = get_grid(studio.db, id)
    grid = Grid.model_validate({"axes": stored.axes})
    made = iter(variants.get_variants(studio.db, [number for job in stored.jobs for number in job.variants]))
    cells = [_cell(studio, visitor, job, list(islice(made, len(job.variants)))) for job in stored.jobs]
    last = max((job.id for job in stored.jobs if job.state in jobs.OPEN), default=None)
    return {
        "sheet": {
            "id": id,
            "state": _state(stored.jobs),
            "text": stored.jobs[0].request.text,
            "left": studio.engine.status(last).seconds_left if last else None,
            "names": [axis_name(axis.name, visitor.language) for axis in grid.axes],
            "bands": [band.model_dump(mode="json") for band in bands(grid, visitor.language)],
            "error": next((cell["error"] for cell in cells if cell["error"]), None),
        },
        "cells": cells,
    }


def _cell(studio: Studio, visitor: Visitor, job: Job, made: list[Variant]) -> Answer:
    """The cards of one batch; only a running one has more to tell than the store."""
    if job.state is not State.RUNNING:
        steps = job.request.steps or 0
        now = [{"state": v.state, "step": 0, "steps": steps, "preview": 0} for v in made]
    else:
        live = studio.engine.status(job.id).variants
        now = [{"state": v.state, "step": v.step, "steps": v.steps, "preview": v.preview} for v in live]
    cards = [card(variant) | state for variant, state in zip(made, now, strict=True) if not variant.deleted]
    return {"job": job.id, "error": sentence(job.error, visitor), "cards": cards}


def _state(members: Sequence[Job]) -> State:
    """Of a whole grid: open while a cell is, else the worst end of any."""
    states = {job.state for job in members}
    return next(
        state
        for state in (State.RUNNING, State.WAITING, State.FAILED, State.INTERRUPTED, State.CANCELLED, State.DONE)
        if state in states
    )


def cancel_sheet(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    for job in get_grid(studio.db, id).jobs:
        studio.engine.cancel(job.id)
    return {"sheet": id}


def resume_sheet(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """Queue the unfinished cells again."""
    for job in get_grid(studio.db, id).jobs:
        if job.state in UNFINISHED:
            studio.engine.resume(job.id)
    return {"sheet": id}


SHEET_ACTIONS = (sheet, cancel_sheet, resume_sheet)


def sheet_routes(studio: Studio) -> APIRouter:
    """A grid as one picture, in the visitor's language."""
    router = APIRouter()

    @router.get("/sheets/{grid}.png")
    def picture(grid: int, request: Request) -> Response:
        language = visitor_of(request).language
        try:
            png = make_sheet(studio.db, get_grid(studio.db, grid), language)
        except StudioError as error:
            return Response(error.sentence(language), 404, media_type="text/plain")
        headers = {
            "Content-Disposition": f'attachment; filename="t2i-studio-grid-{grid}.png"',
            "Cache-Control": "no-store",
        }
        return Response(png, media_type="image/png", headers=headers)

    return router
