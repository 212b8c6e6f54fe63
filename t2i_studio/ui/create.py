"""The Create page: a description becomes rated variants."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gradio as gr
from pydantic import ValidationError

from t2i_studio.brief.reading import read
from t2i_studio.domain import Derivation, GenerationRequest, State
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.store.grids import get_grid, grids_of
from t2i_studio.store.jobs import get_job, list_jobs
from t2i_studio.store.variants import get_variant
from t2i_studio.ui import desk, form, ranking, sheets, understanding
from t2i_studio.ui.desk import server_function
from t2i_studio.ui.looks import advise, market_of
from t2i_studio.ui.parts import part
from t2i_studio.ui.rewriting import reword
from t2i_studio.ui.scenes import APART, begin_scenes, scenes_of
from t2i_studio.ui.studio import Studio, Visitor, visitor_of

GRID_ACTIONS = (
    desk.poll,
    desk.cancel,
    desk.resume,
    desk.interrupted,
    desk.recent,
    ranking.best_first,
    *sheets.SHEET_ACTIONS,
    *desk.CARD_ACTIONS,
)
WORDED = ("preset", "styles", "model", "negative", "prompt")
"""Controls that change the prompt, beside the description with its marks."""
Updates = list[Any]
SAME_AXES = (gr.skip(), gr.skip())
"""Leaves the grid's section as it is."""
Handler = Callable[..., Updates]


def build(studio: Studio, tr: gr.I18n, pages: gr.Blocks) -> None:
    """Lay the page out and wire it."""
    with gr.Row(elem_id="main", elem_classes="create"):
        with gr.Column(elem_id="brief"):
            controls = form.build(studio, tr)
            with gr.Accordion(tr("grid_section"), open=False, elem_id="grid-section") as axes_part:
                axes = part("axes", value=[])
            with gr.Row(elem_id="go-row"):
                go = gr.Button(tr("generate"), variant="primary", elem_id="go")
                surprise = gr.Button(tr("surprise"), elem_id="surprise")
        with gr.Column(elem_id="stage"):
            grid = part(
                "grid",
                events=["start", "settings"],
                server_functions=[server_function(studio, action) for action in GRID_ACTIONS],
                job=None,
                sheet=None,
            )
    message = part("message", note=None)
    inputs = controls.controls()

    def wire(trigger: Callable[..., Any], handler: Handler, read: Sequence[Any], write: Sequence[Any]) -> None:
        # Handlers only write or read rows, so they need no queue; the API has endpoints of its own.
        trigger(
            _answering(studio, handler, len(write)),
            list(read),
            [message, *write],
            queue=False,
            trigger_mode="always_last" if handler in (reading, advise) else "once",
            show_progress="hidden",
            api_visibility="private",
        )

    wire(go.click, generate, [axes, controls.scenes_part, controls.market_part, *inputs], [grid, controls.seed])
    wire(surprise.click, surprise_me, [controls.market_part, *inputs], [grid, controls.seed])
    wire(controls.model.input, choose_model, [controls.model], [controls.size, controls.sampler])
    wire(
        controls.model.change,
        describe_model,
        [controls.model],
        [controls.model_part, controls.negative, controls.styles, controls.learnt],
    )
    speak = [controls.marks.input, controls.scenes_part.change, *(getattr(controls, name).change for name in WORDED)]
    wire(
        partial(gr.on, speak),
        reading,
        [controls.scenes_part, *inputs],
        [controls.marks, controls.scenes_part, controls.prompt],
    )
    wire(controls.prompt.rewrite, reword, inputs, [controls.prompt])
    advised: list[Any] = [controls.text, controls.market_part]  # one event for both, so that no late answer overtakes
    wire(partial(gr.on, [control.change for control in advised]), advise, advised, [controls.market_part])
    wire(grid.start, use_as_start, [], controls.shown())
    wire(grid.settings, restore, [], controls.shown())
    wire(pages.load, arrive, [], [grid, axes, axes_part, *controls.shown()])


def _answering(studio: Studio, handler: Handler, outputs: int) -> Handler:
    """`handler(studio, visitor, asked, *values)` as Gradio calls it; its first output is the message part.

    A refusal becomes a sentence there and the other outputs stay as they are: an event outside Gradio's queue
    cannot show Gradio's own error. asked: what the event or the page's address says.
    """
    on_event, begins = handler in (use_as_start, restore), handler in (generate, surprise_me)

    def answer(visitor: Visitor, asked: dict[str, Any], values: tuple[Any, ...]) -> Updates:
        try:
            # a batch that has begun takes the last refusal's sentence away
            return [gr.HTML(note=None) if begins else gr.skip(), *handler(studio, visitor, asked, *values)]
        except StudioError as error:
            note = {"text": error.sentence(visitor.language), "at": time.time_ns()}
            return [gr.HTML(note=note), *[gr.skip()] * outputs]

    def handle_event(event: gr.EventData, request: gr.Request, *values: Any) -> Updates:
        return answer(visitor_of(request), dict(event._data or {}), values)

    def handle(request: gr.Request, *values: Any) -> Updates:
        return answer(visitor_of(request), dict(request.query_params), values)

    return handle_event if on_event else handle


def generate(
    studio: Studio, visitor: Visitor, asked: dict[str, Any], axes: Any, way: Any, market: Any, *values: Any
) -> Updates:
    """Write the jobs and show them; the engine does the rest, whether or not the page stays open."""
    options, varied = form.options(studio, visitor, *values), sheets.axes_of(axes)
    options["market"] = market_of(market)
    options |= {"variants": 1} if varied else {}
    scenes = scenes_of(read(understanding.first_text(options["text"]), options["marks"]), options["marks"])
    if way == APART and len(scenes) > 1:
        return begin_scenes(studio, options, scenes, varied, form.taste(*values))
    return sheets.begin(studio, options, varied, form.taste(*values))


def surprise_me(studio: Studio, visitor: Visitor, asked: dict[str, Any], market: Any, *values: Any) -> Updates:
    """Each variant in a style of its own."""
    options, styles = sheets.surprising(form.options(studio, visitor, *values) | {"market": market_of(market)})
    return sheets.begin(studio, options, styles, form.taste(*values))


def choose_model(studio: Studio, visitor: Visitor, asked: dict[str, Any], model: str) -> Updates:
    """The sizes and samplers of another model."""
    card = find_model(studio.settings, model)
    offered = form.sizes(card)
    return [
        gr.Dropdown(choices=offered, value=f"{card.width}x{card.height}"),
        gr.Dropdown(choices=form.sampler_choices(card)),
    ]


def describe_model(studio: Studio, visitor: Visitor, asked: dict[str, Any], model: str) -> Updates:
    """What a model is good at, its licence and its languages; no field for a negative prompt it could not follow.

    The sliders then show how well they work with it, and the switch what was learnt for it.
    """
    card = find_model(studio.settings, model)
    negative = gr.Textbox(visible=True) if card.negative_prompt else gr.Textbox(visible=False, value="")
    return [gr.HTML(card=form.public_card(card)), negative, gr.HTML(model=card.name), gr.HTML(model=card.name)]


def reading(studio: Studio, visitor: Visitor, asked: dict[str, Any], way: Any, *values: Any) -> Updates:
    """How a description is read, its scenes and the prompts the model will get, while it is typed.

    A prompt comes from where a batch gets it: what the page shows is what the model gets.
    """
    if not (values[0] or "").strip():
        return [gr.HTML(brief=None), gr.HTML(scenes=[]), gr.HTML(reading=[])]
    try:
        options = form.options(studio, visitor, *values)
        marks, sent = options["marks"], values[form.NAMES.index("marks")]
        brief = read(understanding.first_text(options["text"]), marks)
    except StudioError as error:  # half-typed words are no mistake yet: the sentence stays below the field
        return [
            gr.HTML(brief=None),
            gr.HTML(scenes=[]),
            gr.HTML(reading=[{"problem": error.sentence(visitor.language)}]),
        ]
    scenes = scenes_of(brief, marks)
    asked_for = scenes if way == APART and len(scenes) > 1 else [(brief.text, marks)]
    prompts = [
        understanding.told_prompt(options | {"text": text, "marks": own}, visitor.language) for text, own in asked_for
    ]
    return [
        gr.HTML(brief=understanding.told(brief, marks, sent)),
        gr.HTML(scenes=[text for text, _ in scenes]),
        gr.HTML(reading=prompts),
    ]


def use_as_start(studio: Studio, visitor: Visitor, asked: dict[str, Any]) -> Updates:
    """The form with a variant's picture as the starting picture of the next batch."""
    variant = get_variant(studio.db, _number(asked, "id"))
    if variant.image is None:
        raise StudioError("request.parent_unfinished", variant=variant.id)
    start = {"init_image": variant.image, "parent": variant.id, "mask": None, "derivation": Derivation.IMAGE}
    request = variant.request.model_copy(update=start | {"strength": None})
    return form.show(studio, request, keep_seed=False)


def restore(studio: Studio, visitor: Visitor, asked: dict[str, Any]) -> Updates:
    """The form as a dropped picture's own settings say."""
    try:
        request = GenerationRequest.model_validate(asked.get("request"))
    except ValidationError as error:
        raise StudioError("parameters.missing") from error
    return form.show(studio, request)


def arrive(studio: Studio, visitor: Visitor, asked: dict[str, Any]) -> Updates:
    """What the address asks for: ?job= a job, ?grid= a grid, ?like= a variant's settings, ?start= its picture to start
    from.

    Without a job in the address, the one at work now is shown: a closed tab or a phone finds it again.
    """
    untouched = [gr.skip()] * (len(form.NAMES) + 4)
    if "like" in asked:
        request = get_variant(studio.db, _number(asked, "like")).request
        return [gr.HTML(job=0), *SAME_AXES, *form.show(studio, request)]
    if "start" in asked:
        return [gr.HTML(job=0), *SAME_AXES, *use_as_start(studio, visitor, {"id": asked["start"]})]
    if "grid" in asked:
        return _show_grid(studio, _number(asked, "grid"))
    if "job" in asked:
        job = _number(asked, "job")
        request = get_job(studio.db, job).request
        return [gr.HTML(job=job), *SAME_AXES, *form.show(studio, request, keep_seed=False)]
    working = list_jobs(studio.db, (State.RUNNING, State.WAITING), limit=1)
    if not working:
        return [gr.HTML(job=0), *untouched]
    if grid := grids_of(studio.db, [working[0].id]).get(working[0].id):
        return _show_grid(studio, grid)
    return [gr.HTML(job=working[0].id), *SAME_AXES, *form.show(studio, working[0].request, keep_seed=False)]


def _show_grid(studio: Studio, number: int) -> Updates:
    grid = get_grid(studio.db, number)
    shown = form.show(studio, grid.jobs[0].request, keep_seed=False)
    return [gr.HTML(sheet=number), gr.HTML(value=sheets.rows_of(grid)), gr.Accordion(open=True), *shown]


def _number(asked: dict[str, Any], name: str) -> int:
    value = str(asked.get(name, ""))
    if not (value.isdecimal() and len(value) < 18):
        raise StudioError("page.payload", name=name)
    return int(value)
