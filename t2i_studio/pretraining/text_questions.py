"""Held-out captions that a text encoder must find alike, or must tell apart.

Each scene is described in Chinese and in English, with the same attributes stated, and so is a scene in which exactly
one of these attributes has another class. Twins are two captions of the very same words in another order, in which
product and backdrop have swapped their colours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.captions import caption_stating, caption_with_facts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import WORDS, stated_classes
from t2i_studio.pretraining.scenes import Scene, sample_scene, shown_color
from t2i_studio.pretraining.text_encoder import Prompts, tokenize

LANGUAGES: tuple[Literal["zh", "en"], ...] = ("zh", "en")


@dataclass(frozen=True)
class Told:
    """A caption, the scene it describes and the attributes it states."""

    text: str
    scene: Scene
    facts: set[str]


@dataclass(frozen=True)
class Questions:
    """Row k of `zh` and of `en` state the same of one scene; row k of `other_zh` and `other_en` state the same
    attributes, one of them with another class. Row k of the two `twins` have the same words.
    """

    zh: Prompts
    en: Prompts
    other_zh: Prompts
    other_en: Prompts
    twins: tuple[Prompts, Prompts]


def ask(
    catalogue: Catalogue, objects: Sequence[str], tokenizer: PreTrainedTokenizerFast, count: int, seed: int
) -> Questions:
    """`count` scenes of `objects`, and as many pairs of twins."""
    rng = np.random.default_rng(seed)
    columns: list[list[Told]] = [[], [], [], []]
    while len(columns[0]) < count:
        scene = sample_scene(rng, catalogue, objects)
        facts = caption_with_facts(scene, rng, LANGUAGES[len(columns[0]) % 2], catalogue)[1]
        if changed := list(variations(scene, facts, catalogue, objects).values()):
            other = changed[rng.integers(len(changed))]
            scenes = ((scene, facts), other[rng.integers(len(other))])
            told = [Told(caption_stating(f, s, rng, x, catalogue), s, f) for s, f in scenes for x in LANGUAGES]
            for column, one in zip(columns, told, strict=True):
                column.append(one)
    zh, en, other_zh, other_en = (_prompts(column, tokenizer, catalogue) for column in columns)
    pairs = list(islice(twins(rng, catalogue, objects, tokenizer), count))
    left, right = (_prompts([pair[side] for pair in pairs], tokenizer, catalogue) for side in (0, 1))
    return Questions(zh, en, other_zh, other_en, (left, right))


def variations(
    scene: Scene, facts: set[str], catalogue: Catalogue, objects: Sequence[str]
) -> dict[str, list[tuple[Scene, set[str]]]]:
    """By attribute ("props" for all of them) the scenes in which that one of `facts` has another class, and no other,
    each with what a caption of it states then. An attribute without such scenes is left out.
    """
    shown, said = shown_color(scene, catalogue), "color" in facts
    kept = replace(scene, color=shown) if said else scene  # another product would have another colour by nature
    fitting = [name for name in objects if not said or shown in catalogue.suitable[name]]
    scenes = {
        "object": [replace(kept, object=name) for name in fitting],
        "color": [replace(scene, color=color) for color in catalogue.suitable[scene.object] if color != shown],
        "backdrop": [replace(scene, backdrop=name) for name in catalogue.backdrops],
        "podium": [replace(scene, podium=name) for name in catalogue.podiums],
        "position": [replace(scene, position=name) for name in catalogue.positions],
    }
    for control in STYLE_CONTROLS:
        scenes[control] = [replace(scene, style=scene.style | {control: level}) for level in range(1, 6)]
    found = {
        name: [(other, facts) for other in others if other not in (scene, kept)]
        for name, others in scenes.items()
        if name in facts
    }
    plain = {fact for fact in facts if not fact.startswith("prop.")}
    if plain != facts:  # one prop more, or one less
        props = [tuple(sorted({prop} ^ set(scene.props))) for prop in catalogue.props]
        found["props"] = [(replace(scene, props=p), plain | {f"prop.{prop}" for prop in p}) for p in props if p]
    return {name: others for name, others in found.items() if others}


def twins(
    rng: np.random.Generator, catalogue: Catalogue, objects: Sequence[str], tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[Told, Told]]:
    """Captions of two scenes with the colours of product and backdrop swapped, in turn Chinese and English, without
    end; none where no object comes in two colours that a backdrop has too.

    Both are written with the same dice; a pair is dropped where these led to other words.
    """
    both = set(catalogue.colors) & set(catalogue.backdrops)
    colored = [name for name in objects if len(both & set(catalogue.suitable[name])) > 1]
    number = 0
    while colored:
        scene, language = sample_scene(rng, catalogue, colored), LANGUAGES[number % 2]
        facts = caption_with_facts(scene, rng, language, catalogue)[1]
        colors = rng.choice(sorted(both & set(catalogue.suitable[scene.object])), 2, replace=False).tolist()
        dice = int(rng.integers(2**31))
        if not facts >= {"color", "backdrop"}:
            continue
        one, two = (
            Told(caption_stating(facts, swapped, np.random.default_rng(dice), language, catalogue), swapped, facts)
            for color, backdrop in (colors, colors[::-1])
            for swapped in [replace(scene, color=color, backdrop=backdrop)]
        )
        if sorted(tokenizer(one.text)["input_ids"]) == sorted(tokenizer(two.text)["input_ids"]):
            number += 1
            yield one, two


def _prompts(told: Sequence[Told], tokenizer: PreTrainedTokenizerFast, catalogue: Catalogue) -> Prompts:
    attributes = len(attribute_sizes(catalogue))
    said = [stated_classes(one.scene, one.facts, catalogue) for one in told]
    tokens = tokenize([one.text for one in told], tokenizer, WORDS + attributes)
    return Prompts(tokens, torch.from_numpy(np.array(said, np.int64).reshape(-1, attributes)))
