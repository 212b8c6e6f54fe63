"""The preset picker and the market's hints: what their scripts are told and may ask for."""

import datetime as dt
from typing import Any

import gradio as gr

from t2i_studio.brief import markets, presets
from t2i_studio.domain import StyleSettings
from t2i_studio.errors import Language
from t2i_studio.store import presets as own
from t2i_studio.ui.desk import Answer
from t2i_studio.ui.studio import Studio, Visitor


def preset_table(language: Language) -> list[dict[str, Any]]:
    """The presets as the picker shows them."""
    return [
        {"id": preset.id, "name": preset.name.said(language), "style": _levels(preset.style)}
        for preset in presets.presets()
    ]


def market_table(language: Language) -> list[dict[str, str]]:
    """The markets to choose from."""
    return [{"id": market.id, "name": market.name.said(language)} for market in markets.markets()]


def _levels(style: StyleSettings) -> dict[str, Any]:
    """What a preset sets; an automatic position leaves the user's own."""
    return style.model_dump(exclude={"position"} if style.position == "auto" else None)


def own_presets(studio: Studio, visitor: Visitor) -> Answer:
    """The saved looks, the newest first."""
    return {"presets": [_told(preset) for preset in own.own_presets(studio.db)]}


def save_preset(
    studio: Studio, visitor: Visitor, *, name: str, style: dict[str, int | str], based_on: str | None = None
) -> Answer:
    """Keep the sliders as they stand, and the phrases of the preset they began from."""
    if based_on is not None:
        presets.find_preset(based_on)
    saved = own.save_preset(studio.db, name, StyleSettings.model_validate(style), based_on)
    return {"preset": _told(saved)}


def delete_preset(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    own.delete_preset(studio.db, id)
    return {"id": id}


def restore_preset(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    return {"preset": _told(own.restore_preset(studio.db, id))}


def _told(preset: own.OwnPreset) -> dict[str, Any]:
    return {"id": preset.id, "name": preset.name, "style": _levels(preset.style), "based_on": preset.based_on}


PRESET_ACTIONS = (own_presets, save_preset, delete_preset, restore_preset)


def market_of(value: Any) -> str | None:
    """The id of the chosen market, as its part of the page sends it. Raises StudioError market.unknown."""
    return markets.find_market(str(value)).id if value else None


def advise(studio: Studio, visitor: Visitor, asked: dict[str, Any], text: str, market: str | None) -> list[Any]:
    """The market's hints on a description, for its part of the page."""
    if not market:
        return [gr.HTML(hints=[])]
    today = dt.date.today()
    told = [
        {
            "kind": hint.kind,
            "text": hint.text.said(visitor.language),
            "days": (hint.begins - today).days if hint.begins else None,
            "preset": hint.preset,
        }
        for hint in markets.hints(market, [text or ""], today)
    ]
    return [gr.HTML(hints=told)]
