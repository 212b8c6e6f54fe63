"""A description of several scenes, made as one batch for each."""

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr

from t2i_studio.brief.grids import Axis, Grid, plan
from t2i_studio.brief.variations import escape
from t2i_studio.domain import MAX_SEED, Brief, Mark
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.ui.learnt import AS_USUAL, Taste, with_taste
from t2i_studio.ui.studio import Studio

TOGETHER, APART = "together", "apart"
"""What the page says of several scenes: one picture of all, or a batch for each."""


def scenes_of(brief: Brief, marks: Sequence[Mark] = ()) -> list[tuple[str, tuple[Mark, ...]]]:
    """Each scene of a text with the marks inside it, at their places in the scene."""
    told = []
    for start, end in brief.scenes:
        scene = brief.text[start:end]
        first = start + len(scene) - len(scene.lstrip())
        own = (
            mark.model_copy(update={"start": mark.start - first, "end": mark.end - first})
            for mark in marks
            if first <= mark.start and mark.end <= end
        )
        told.append((scene.strip(), tuple(own)))
    return told


def begin_scenes(
    studio: Studio,
    options: dict[str, Any],
    scenes: Sequence[tuple[str, tuple[Mark, ...]]],
    axes: Sequence[Axis] = (),
    taste: Taste = AS_USUAL,
) -> list[Any]:
    """Store and queue a batch for each scene: updates of the stage and of the seed.

    They are one grid, so that they are shown, stopped and taken away together, as one long picture too; what `axes`
    vary is varied in each scene. One seed for all.
    Raises StudioError grid.prompt_fixed where the prompt is given, which would be that of every scene, and as
    `grids.plan` and `Grid` do.
    """
    if options.get("prompt"):
        raise StudioError("grid.prompt_fixed", name="text")
    seed = options["seed"] if options["seed"] is not None else secrets.randbelow(MAX_SEED + 1)
    texts = Axis(name="text", values=tuple(scene for scene, _ in scenes))
    grid = Grid(axes=(*axes, texts))
    requests = [
        request
        for scene, marks in scenes
        for request in plan(
            {**options, "text": escape(scene), "marks": marks, "seed": seed}, partial(find_model, studio.settings), axes
        ).requests
    ]
    told = [axis.model_dump(mode="json") for axis in grid.axes]
    return [gr.HTML(sheet=studio.engine.submit_grid(told, with_taste(studio, requests, taste)).id), seed]
