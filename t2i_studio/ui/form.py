"""The form of the Create page: its components, what they say as a request, and a request shown in them."""

import json
from dataclasses import dataclass, fields
from math import sqrt
from typing import Any

import gradio as gr
from pydantic import BaseModel, ValidationError

from t2i_studio.brief import values
from t2i_studio.brief.markets import markets
from t2i_studio.brief.styles import own_adapters
from t2i_studio.brief.variations import escape
from t2i_studio.domain import BRIEF_FIELDS, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, GenerationRequest, StyleSettings
from t2i_studio.engine import samplers
from t2i_studio.engine.registry import ModelCard, find_model, model_cards
from t2i_studio.errors import StudioError
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variant
from t2i_studio.ui.desk import server_function, style_effects
from t2i_studio.ui.learnt import Taste, learnt_tastes, shown_taste, taste_of
from t2i_studio.ui.looks import PRESET_ACTIONS
from t2i_studio.ui.parts import part
from t2i_studio.ui.scenes import TOGETHER
from t2i_studio.ui.studio import Studio, Visitor
from t2i_studio.ui.understanding import corrections, marks_for

COUNTS = (1, 2, 4, 6, 8, 12)
RATIOS = ((1, 1), (4, 3), (3, 4), (16, 9), (9, 16))


class Start(BaseModel):
    """A starting picture as its part of the page sends it: content hashes of the store."""

    image: str | None = None
    parent: int | None = None
    mask: str | None = None
    strength: float | None = None


@dataclass(frozen=True)
class Form:
    """Every control whose value makes a request, in the order handlers get them; then what only shows."""

    text: gr.Textbox
    marks: gr.HTML
    count: gr.Radio
    size: gr.Dropdown
    preset: gr.HTML
    styles: gr.HTML
    start: gr.HTML
    model: gr.Dropdown
    prompt: gr.HTML
    negative: gr.Textbox
    steps: gr.Number
    guidance: gr.Number
    sampler: gr.Dropdown
    seed: gr.Number
    keep_seed: gr.Checkbox
    adapter: gr.Textbox
    adapter_scale: gr.Number
    learnt: gr.HTML
    scenes_part: gr.HTML
    market_part: gr.HTML
    model_part: gr.HTML
    start_part: gr.Accordion

    def controls(self) -> list[Any]:
        return [getattr(self, name) for name in NAMES]

    def shown(self) -> list[Any]:
        """What `show` updates: the controls, the starting picture's section, open when there is one, and the market."""
        return [*self.controls(), self.start_part, self.market_part]


NAMES = tuple(field.name for field in fields(Form) if not field.name.endswith("_part"))


def options(studio: Studio, visitor: Visitor, *controls: Any) -> dict[str, Any]:
    """What the values of `Form.controls()` say, as arguments of `make_request`. StudioError names the control that is
    wrong.
    """
    form = dict(zip(NAMES, controls, strict=True))
    card = find_model(studio.settings, form["model"])
    start = _start(form["start"])
    parent = get_variant(studio.db, start.parent) if start.parent and start.image else None
    adapter = (form["adapter"] or "").strip()
    return {
        "text": form["text"] or "",
        "model": card,
        "style": style_of(form["styles"]),
        "preset": str(form["preset"]) if form["preset"] else None,
        "negative": form["negative"] or "",
        "prompt": form["prompt"] or None,
        "marks": marks_for(form["marks"], form["text"] or ""),
        "adapters": (values.adapter(f"{adapter}:{form['adapter_scale'] or 0}"),) if adapter else (),
        "seed": values.whole("seed", form["seed"], 0, MAX_SEED)
        if form["keep_seed"] and form["seed"] is not None
        else None,
        "variants": int(form["count"]),
        "size": values.size(form["size"]) if form["size"] else None,
        "steps": _given("steps", form["steps"], values.whole, 1, MAX_STEPS),
        "guidance": _given("guidance", form["guidance"], values.real, 0, MAX_GUIDANCE),
        "sampler": form["sampler"] if form["sampler"] not in (None, "", samplers.OWN) else None,
        "parent": parent,
        "init_image": start.image,
        "mask": start.mask if start.image else None,
        "strength": start.strength if start.image else None,
        "user": visitor.user,
    }


def taste(*controls: Any) -> Taste:
    """What the switch says, of the values of `Form.controls()`. Raises StudioError page.payload."""
    return taste_of(controls[NAMES.index("learnt")])


def _given(name: str, value: Any, check: Any, low: float, high: float) -> Any:
    return None if value is None else check(name, value, low, high)


def _start(value: Any) -> Start:
    try:
        return Start.model_validate(value or {})
    except ValidationError as error:
        raise StudioError("page.payload", name="start") from error


def style_of(value: Any) -> StyleSettings:
    """StudioError style.level for anything that is not sliders."""
    try:
        return StyleSettings.model_validate(value or {})
    except ValidationError as error:
        raise StudioError("page.payload", name="style") from error


def show(studio: Studio, request: GenerationRequest, *, keep_seed: bool = True) -> list[Any]:
    """`request` as updates of `Form.shown()`; a starting picture that is no longer there is left out. Without a market,
    or with one that is listed no more, the one that was chosen stays.
    """
    start: dict[str, Any] | None = None
    if request.init_image and _is_there(studio, request.init_image):
        mask = request.mask if request.mask and _is_there(studio, request.mask) else None
        start = Start(
            image=request.init_image, parent=request.parent, mask=mask, strength=request.strength
        ).model_dump()
    card = _card_or_default(studio, request.model)
    taste = shown_taste(studio, request, exactly=keep_seed)
    own = () if taste and taste["on"] else own_adapters(request.adapters, request.model)
    adapter = next(iter(own), None)
    size = f"{request.width}x{request.height}" if request.width and request.height else _own_size(card)
    shown = {
        "text": escape(request.text),
        "marks": gr.HTML(value=corrections(request.text, request.marks)),
        "count": min(COUNTS, key=lambda count: abs(count - request.variants)),
        "size": gr.Dropdown(choices=sizes(card), value=size),
        "preset": gr.HTML(value=request.preset or ""),
        "styles": gr.HTML(value=request.style.model_dump()),
        "start": gr.HTML(value=start),
        "model": card.name,
        "prompt": gr.HTML(value=request.prompt.text if request.prompt.edited else ""),
        "negative": request.prompt.negative,
        "steps": request.steps,
        "guidance": request.guidance,
        "sampler": gr.Dropdown(choices=sampler_choices(card), value=request.sampler or samplers.OWN),
        "seed": request.seed,
        "keep_seed": keep_seed,
        "adapter": adapter.path if adapter else "",
        "adapter_scale": adapter.scale if adapter else 1.0,
        "learnt": gr.HTML(value=taste) if taste else gr.skip(),
    }
    listed = request.market in {market.id for market in markets()}
    market = gr.HTML(value=request.market) if listed else gr.skip()
    return [*(shown[name] for name in NAMES), gr.Accordion(open=start is not None), market]


def _is_there(studio: Studio, sha: str) -> bool:
    try:
        return image_path(studio.db, sha).is_file()
    except StudioError:
        return False


def _card_or_default(studio: Studio, model: str) -> ModelCard:
    try:
        return find_model(studio.settings, model)
    except StudioError:
        return find_model(studio.settings, studio.settings.model)


def _own_size(card: ModelCard) -> str:
    return f"{card.width}x{card.height}"


def sizes(card: ModelCard) -> list[tuple[str, str]]:
    """(label, "WxH") of sizes worth offering: the model's own list, or the usual ratios at its area."""
    offered = list(card.sizes) or [_near(card, *ratio) for ratio in RATIOS]
    if (card.width, card.height) not in offered:
        offered.insert(0, (card.width, card.height))
    return [(f"{w} × {h}", f"{w}x{h}") for w, h in dict.fromkeys(offered)]


def _near(card: ModelCard, across: int, down: int) -> tuple[int, int]:
    unit = sqrt(card.width * card.height / (across * down))
    side = [max(1, round(unit * part / card.size_step)) * card.size_step for part in (across, down)]
    return side[0], side[1]


def sampler_choices(card: ModelCard) -> list[str]:
    """Samplers that fit the model, by its scheduler's configuration; all while it is not on this machine."""
    path = card.folder / "scheduler" / "scheduler_config.json" if card.folder else None
    if path is None or not path.is_file():
        return [samplers.OWN, *samplers.SAMPLERS]
    return samplers.fitting(json.loads(path.read_text(encoding="utf-8")))


def public_card(card: ModelCard) -> dict[str, Any]:
    """What the page shows of a model."""
    return card.model_dump(
        mode="json", include={"name", "source", "licence", "languages", "vram_gb", "good_at", "available"}
    )


def build(studio: Studio, tr: gr.I18n) -> Form:
    """Lay the controls out, top to bottom. The technical ones sit in one closed section."""
    cards = model_cards(studio.settings)
    own = find_model(studio.settings, studio.settings.model)
    text = gr.Textbox(
        label=tr("description"),
        placeholder=tr("description_hint"),
        lines=2,
        max_lines=8,
        autofocus=True,
        elem_id="description",
    )
    part("examples")  # above the reading, whose length changes with the text: else they slip away under the pointer
    marks = part("marks", events=["input"], value=None, brief=None, fields=list(BRIEF_FIELDS))
    scenes_part = part("scenes", events=["change"], value=TOGETHER, scenes=[])
    writer = bool(studio.settings.writer)
    prompt = part("prompt", events=["change", "rewrite"], value="", reading=[], writer=writer, written=None)
    market_part = part("market", events=["change"], value="", hints=[])
    with gr.Row(elem_id="how-many"):
        count = gr.Radio(choices=list(COUNTS), value=4, label=tr("variants"), elem_id="count")
        size = gr.Dropdown(
            choices=sizes(own),
            value=_own_size(own),
            label=tr("size"),
            allow_custom_value=True,
            interactive=True,
            elem_id="size",
        )
    learnt = part("learnt", server_functions=[server_function(studio, learnt_tastes)], value=None, model=own.name)
    preset = part(
        "presets",
        events=["change"],
        server_functions=[server_function(studio, action) for action in PRESET_ACTIONS],
        value="",
    )
    styles = part(
        "styles",
        events=["change"],
        server_functions=[server_function(studio, style_effects)],
        value=StyleSettings().model_dump(),
        model=own.name,
    )
    with gr.Accordion(tr("start_section"), open=False, elem_id="start-section") as start_part:
        start = part("start", events=["change"], value=None)
    with gr.Accordion(tr("advanced"), open=False, elem_id="advanced"):
        model = gr.Dropdown(
            choices=[card.name for card in cards],
            value=own.name,
            label=tr("model"),
            allow_custom_value=True,
            interactive=True,
            elem_id="model",
        )
        model_part = part("model", elem_id="model-part", card=public_card(own))
        negative = gr.Textbox(
            label=tr("negative"),
            placeholder=tr("negative_hint"),
            lines=1,
            visible=own.negative_prompt,
            elem_id="negative",
        )
        with gr.Row():
            steps = gr.Number(
                label=tr("steps"),
                placeholder=tr("models_own"),
                precision=0,
                minimum=1,
                maximum=MAX_STEPS,
                elem_id="steps",
            )
            guidance = gr.Number(
                label=tr("guidance"), placeholder=tr("models_own"), minimum=0, maximum=MAX_GUIDANCE, step=0.5
            )
        with gr.Row():
            seed = gr.Number(
                label=tr("seed"),
                placeholder=tr("seed_random"),
                precision=0,
                minimum=0,
                maximum=MAX_SEED,
                elem_id="seed",
            )
            sampler = gr.Dropdown(
                choices=sampler_choices(own), value=samplers.OWN, label=tr("sampler"), interactive=True
            )
        keep_seed = gr.Checkbox(label=tr("keep_seed"), value=False, elem_id="keep-seed")
        with gr.Row():
            adapter = gr.Textbox(label=tr("adapter"), placeholder=tr("adapter_hint"), scale=2)
            adapter_scale = gr.Number(label=tr("adapter_scale"), value=1.0, minimum=-4, maximum=4, step=0.1)
    return Form(
        text, marks, count, size, preset, styles, start, model, prompt, negative, steps, guidance, sampler, seed,
        keep_seed, adapter, adapter_scale, learnt, scenes_part, market_part, model_part, start_part,
    )  # fmt: skip
