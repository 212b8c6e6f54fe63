import re

import numpy as np
import pytest

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.captions import (
    canonical,
    caption,
    caption_stating,
    caption_with_facts,
    plural,
    style_phrase,
)
from t2i_studio.pretraining.catalogue import Catalogue, Words
from t2i_studio.pretraining.phrases import traditional
from t2i_studio.pretraining.scenes import Scene, sample_scene, shown_color

HAN = re.compile(r"[㐀-鿿]")


@pytest.fixture(scope="module")
def many(catalogue: Catalogue) -> list[Scene]:
    rng = np.random.default_rng(1)
    return [sample_scene(rng, catalogue) for _ in range(600)]


def concept(scene: Scene, fact: str, catalogue: Catalogue) -> Words:
    """The row of the tables that the scene has for an attribute."""
    if fact.startswith("prop."):
        return catalogue.props[fact.removeprefix("prop.")]
    if fact in STYLE_CONTROLS:
        return catalogue.styles[fact, scene.style[fact]]
    if fact == "color":
        return catalogue.colors[shown_color(scene, catalogue)]
    tables = {
        "object": catalogue.objects,
        "backdrop": catalogue.backdrops,
        "podium": catalogue.podiums,
        "position": catalogue.positions,
    }
    return tables[fact][getattr(scene, fact)]


def spellings(words: Words) -> set[str]:
    chinese = {words.zh, words.zh_hant, *words.synonyms_zh, *map(traditional, words.synonyms_zh)}
    return {words.en, plural(words.en), *words.synonyms_en, *map(plural, words.synonyms_en), *chinese}


@pytest.mark.parametrize("language", ["zh", "en", "mixed"])
def test_what_a_caption_claims_to_state_is_in_it(catalogue: Catalogue, many: list[Scene], language: str) -> None:
    rng = np.random.default_rng(2)
    for scene in many:
        text, facts = caption_with_facts(scene, rng, language, catalogue)
        for fact in facts - {"podium"}:  # "white" may stand within a podium's words
            assert any(word in text for word in spellings(concept(scene, fact, catalogue))), (text, fact)


def test_what_a_caption_does_not_claim_is_left_open(catalogue: Catalogue, many: list[Scene]) -> None:
    rng = np.random.default_rng(3)
    for scene in many:
        text, facts = caption_with_facts(scene, rng, "zh", catalogue)
        for control in set(STYLE_CONTROLS) - facts:
            assert catalogue.styles[control, scene.style[control]].zh not in _without(text, facts, scene, catalogue)


def _without(text: str, facts: set[str], scene: Scene, catalogue: Catalogue) -> str:
    for fact in facts:
        for word in sorted(spellings(concept(scene, fact, catalogue)), key=len, reverse=True):
            text = text.replace(word, "")
    return text


def test_every_attribute_is_stated_at_some_time_and_left_open_at_another(
    catalogue: Catalogue, many: list[Scene]
) -> None:
    rng = np.random.default_rng(4)
    stated = [caption_with_facts(scene, rng, "mixed", catalogue)[1] for scene in many * 2]
    for name in attribute_sizes(catalogue):
        share = np.mean([name in facts for facts in stated])
        assert share == 1 if name == "object" else 0 < share < 1, name


def test_translations_state_the_same(catalogue: Catalogue, many: list[Scene]) -> None:
    for scene in many[:200]:
        chinese, english = (canonical(scene, language, catalogue) for language in ("zh", "en"))
        said = ["object", "backdrop", *(f"prop.{prop}" for prop in scene.props)]
        said += ["color"] if scene.color else []
        said += ["position"] if scene.position != "centre" else []
        said += [control for control in STYLE_CONTROLS if scene.style[control] != NEUTRAL]
        for fact in said:
            words = concept(scene, fact, catalogue)
            assert words.zh in chinese
            assert words.en in english
        assert len(chinese.split("，")) == len(english.split(", "))


def test_what_one_caption_states_another_states_too_in_another_language(
    catalogue: Catalogue, many: list[Scene]
) -> None:
    rng = np.random.default_rng(8)
    for scene in many[:200]:
        facts = caption_with_facts(scene, rng, "zh", catalogue)[1]
        text = caption_stating(facts, scene, rng, "en", catalogue)
        assert not HAN.search(text)
        for fact in facts - {"podium"}:
            assert any(word in text for word in spellings(concept(scene, fact, catalogue))), (text, fact)
        for control in set(STYLE_CONTROLS) - facts:
            assert catalogue.styles[control, scene.style[control]].en not in _without(text, facts, scene, catalogue)


def test_what_a_scene_does_not_have_cannot_be_stated_of_it(catalogue: Catalogue, many: list[Scene]) -> None:
    bare = next(scene for scene in many if not scene.props)
    with pytest.raises(ValueError, match=r"prop\.leaves"):
        caption_stating({"object", "prop.leaves"}, bare, np.random.default_rng(9), "en", catalogue)


def test_the_plainest_description_reads_as_a_person_would_write_it(catalogue: Catalogue) -> None:
    style = dict.fromkeys(STYLE_CONTROLS, 3) | {"richness": 1}
    scene = Scene("handbag", "red", "pink", "round", (), "centre", style, 0)
    assert canonical(scene, "zh", catalogue) == "红色手提包，白色圆形展台，粉色背景，极简"
    assert canonical(scene, "en", catalogue) == "a red handbag, on a white round podium, pink background, minimal"


def test_languages_stay_apart_unless_mixed(catalogue: Catalogue, many: list[Scene]) -> None:
    rng = np.random.default_rng(5)
    assert not any(HAN.search(caption(scene, rng, "en", catalogue)) for scene in many)
    assert not any(re.search(r"[a-z]", caption(scene, rng, "zh", catalogue).replace("T恤", "")) for scene in many)
    mixed = [caption(scene, rng, "mixed", catalogue) for scene in many]
    assert sum(bool(HAN.search(text) and re.search(r"[a-z]{3}", text)) for text in mixed) > 300


def test_some_chinese_captions_are_in_traditional_script(catalogue: Catalogue, many: list[Scene]) -> None:
    rng = np.random.default_rng(6)
    share = np.mean([text != traditional(text) for text in (caption(s, rng, "zh", catalogue) for s in many)])
    assert 0.9 < share < 0.99


def test_a_seed_always_writes_the_same_caption_and_another_seed_another(
    catalogue: Catalogue, many: list[Scene]
) -> None:
    texts = [caption(many[0], np.random.default_rng(seed), "mixed", catalogue) for seed in (1, 1, 2, 3, 4)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 4


def test_articles_fit_their_nouns(catalogue: Catalogue, many: list[Scene]) -> None:
    rng = np.random.default_rng(7)
    text = " ".join(caption(scene, rng, "en", catalogue) for scene in many * 3)
    assert not re.search(r"\ba [aeiu]|\ban [^aeiou]|\ban one|\ba (jeans|glasses|headphones|shorts)\b", text)


@pytest.mark.parametrize(
    ("one", "more"),
    [
        ("watch", "watches"),
        ("cup of coffee", "cups of coffee"),
        ("glass of wine", "glasses of wine"),
        ("jeans", "jeans"),
        ("strawberry", "strawberries"),
        ("cactus", "cactuses"),
    ],
)
def test_plurals(one: str, more: str) -> None:
    assert plural(one) == more


def test_each_slider_has_one_phrase_for_each_level(catalogue: Catalogue) -> None:
    for language in ("zh", "en"):
        phrases = [
            style_phrase(control, level, language, catalogue) for control in STYLE_CONTROLS for level in range(1, 6)
        ]
        assert len(set(phrases)) == 40
