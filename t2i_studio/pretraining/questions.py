"""What the evaluation asks a model for: prompts in natural wording, and the scenes that agree with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.captions import CaptionLanguage, caption_stating, caption_with_facts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import PROPS, Scene, sample_scene

Seed = int | tuple[int, int]
TWO_COLORS = {"object", "color", "backdrop"}


@dataclass(frozen=True)
class Question:
    """A prompt, its language, the scene it describes, the class of every attribute of it, and what it states of it."""

    text: str
    language: str
    scene: Scene
    classes: dict[str, int]
    facts: set[str]


def questions(catalogue: Catalogue, objects: Sequence[str], count: int, seed: Seed) -> list[Question]:
    """`count` prompts in natural wording, in turn about each object and in turn Chinese and English."""
    rng = np.random.default_rng(seed)
    asked = []
    for number in range(count):
        scene = sample_scene(rng, catalogue, [objects[number // 2 % len(objects)]])
        language: CaptionLanguage = "en" if number % 2 else "zh"
        text, facts = caption_with_facts(scene, rng, language, catalogue)
        asked.append(Question(text, language, scene, attributes(scene, catalogue), facts))
    return asked


def translated(asked: Sequence[Question], catalogue: Catalogue, seed: Seed) -> list[Question]:
    """Each question in the other language: of the same scene, stating the same."""
    rng = np.random.default_rng(seed)
    others = []
    for one in asked:
        language: CaptionLanguage = "zh" if one.language == "en" else "en"
        text = caption_stating(set(one.facts), one.scene, rng, language, catalogue)
        others.append(replace(one, text=text, language=language))
    return others


def other_scenes(catalogue: Catalogue, asked: Sequence[Question], seed: Seed) -> list[Scene]:
    """For each question another scene of its object, all else drawn by lot."""
    rng = np.random.default_rng(seed)
    return [sample_scene(rng, catalogue, [question.scene.object]) for question in asked]


def agreeing(question: Question, rng: np.random.Generator, catalogue: Catalogue) -> Scene:
    """A scene of which the prompt is as true: what it states is as in its own scene, the rest is drawn by lot."""
    scene, facts = question.scene, question.facts
    told: dict[str, Any] = {
        name: getattr(scene, name) for name in ("color", "backdrop", "podium", "position") if name in facts
    }
    if any(fact.startswith("prop.") for fact in facts):
        told["props"] = scene.props
    levels = {control: scene.style[control] for control in STYLE_CONTROLS if control in facts}
    while True:
        drawn = sample_scene(rng, catalogue, [scene.object])
        drawn = replace(drawn, **told, style=drawn.style | levels)
        if bool(drawn.props) == (PROPS[drawn.style["richness"]] > 0):  # else there is no room for what was stated
            return drawn


def color_pairs(catalogue: Catalogue, objects: Sequence[str], count: int, seed: Seed) -> list[Question]:
    """`count` pairs of prompts that state a product, its colour and the backdrop's, one prompt after the other: the
    second is the first with the two colours in each other's place. As many pairs are Chinese as English.

    Only products that look right in two colours which backdrops have as well; where there are none, no prompts.
    """
    rng, catalogue = np.random.default_rng(seed), _with_usual_colors(catalogue)
    shared = {name: [color for color in catalogue.suitable[name] if color in catalogue.backdrops] for name in objects}
    able = [name for name in rng.permutation(list(objects)).tolist() if len(shared[name]) > 1]
    asked: list[Question] = []
    for number in range(count if able else 0):
        name = able[number % len(able)]
        language: CaptionLanguage = "en" if (number + number // len(able)) % 2 else "zh"
        one, other = rng.choice(shared[name], 2, replace=False).tolist()
        lots = int(rng.integers(2**31))
        for color, backdrop in ((one, other), (other, one)):
            scene = Scene(name, color, backdrop, "none", (), "centre", dict.fromkeys(STYLE_CONTROLS, NEUTRAL), 0)
            text = caption_stating(TWO_COLORS, scene, np.random.default_rng(lots), language, catalogue)
            asked.append(Question(text, language, scene, attributes(scene, catalogue), TWO_COLORS))
    return asked


def _with_usual_colors(catalogue: Catalogue) -> Catalogue:
    """Without synonyms of colours: of unequal number, they would draw unequal lots for the two captions of a pair."""
    usual = {"synonyms_en": (), "synonyms_zh": ()}
    tables = {"colors": catalogue.colors, "backdrops": catalogue.backdrops}
    return catalogue.model_copy(
        update={name: {id: row.model_copy(update=usual) for id, row in table.items()} for name, table in tables.items()}
    )
