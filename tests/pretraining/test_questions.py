"""What the evaluation asks for, and the scenes that agree with it."""

import re

import numpy as np
import pytest

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.pretraining.catalogue import Catalogue, Color
from t2i_studio.pretraining.phrases import traditional
from t2i_studio.pretraining.questions import Question, agreeing, color_pairs, other_scenes, questions, translated
from t2i_studio.pretraining.scenes import PROPS, Scene, shown_color


@pytest.fixture(scope="module")
def asked(catalogue: Catalogue) -> list[Question]:
    return questions(catalogue, catalogue.tier(1), 60, 1)


@pytest.fixture(scope="module")
def pairs(catalogue: Catalogue) -> list[tuple[Question, Question]]:
    found = color_pairs(catalogue, catalogue.tier(1), 120, 1)
    return list(zip(found[::2], found[1::2], strict=True))


def test_a_pair_asks_for_two_colours_in_each_others_place(
    catalogue: Catalogue, pairs: list[tuple[Question, Question]]
) -> None:
    assert len(pairs) == 120
    for one, other in pairs:
        assert (one.scene.color, one.scene.backdrop) == (other.scene.backdrop, other.scene.color)
        assert one.scene.color != one.scene.backdrop
        assert one.scene.object == other.scene.object
        assert {one.scene.color, other.scene.color} <= set(catalogue.suitable[one.scene.object])
        assert one.facts == other.facts == {"object", "color", "backdrop"}


def test_a_pair_is_one_sentence_with_its_colour_words_exchanged(
    catalogue: Catalogue, pairs: list[tuple[Question, Question]]
) -> None:
    for one, other in pairs:
        wanted = _exchanged(one.text, *(catalogue.colors[question.scene.color or ""] for question in (one, other)))
        assert wanted == re.sub(r"\ban\b", "a", traditional(other.text))
        assert one.text != other.text


def test_pairs_are_in_both_languages_and_of_every_product_that_has_two_colours(
    catalogue: Catalogue, pairs: list[tuple[Question, Question]]
) -> None:
    languages = [one.language for one, _ in pairs]
    assert languages.count("zh") == pytest.approx(60, abs=5)
    assert all(
        (one.language, bool(re.search("[㐀-鿿]", one.text))) in {("zh", True), ("en", False)} for one, _ in pairs
    )
    able = {
        name for name in catalogue.tier(1) if len([c for c in catalogue.suitable[name] if c in catalogue.backdrops]) > 1
    }
    assert {one.scene.object for one, _ in pairs} == able


def test_the_same_seed_asks_the_same(catalogue: Catalogue) -> None:
    once, again, other = (color_pairs(catalogue, ["handbag", "teapot"], 4, seed) for seed in (1, 1, 2))
    assert once == again != other


def test_where_no_product_has_two_colours_there_are_no_pairs(catalogue: Catalogue) -> None:
    plain = next(name for name in catalogue.objects if not catalogue.suitable[name])
    assert color_pairs(catalogue, [plain], 4, 1) == []


def test_scenes_that_agree_have_what_the_prompt_states(catalogue: Catalogue, asked: list[Question]) -> None:
    rng = np.random.default_rng(0)
    for question in asked:
        for scene in (agreeing(question, rng, catalogue) for _ in range(4)):
            assert _told(scene, question.facts, catalogue) == _told(question.scene, question.facts, catalogue)
            assert bool(scene.props) == (PROPS[scene.style["richness"]] > 0)


def test_scenes_that_agree_differ_in_what_the_prompt_leaves_open(catalogue: Catalogue, asked: list[Question]) -> None:
    rng = np.random.default_rng(0)
    question = min(asked, key=lambda each: len(each.facts))
    scenes = [agreeing(question, rng, catalogue) for _ in range(60)]
    left = {"color", "backdrop", "podium", "position", *STYLE_CONTROLS} - question.facts
    assert len(left) > 8
    assert all(len({_told(scene, {name}, catalogue) for scene in scenes}) > 1 for name in left)


def test_other_scenes_are_of_the_same_products_and_not_those_described(
    catalogue: Catalogue, asked: list[Question]
) -> None:
    others = other_scenes(catalogue, asked, 5)
    assert [scene.object for scene in others] == [question.scene.object for question in asked]
    assert not any(scene == question.scene for scene, question in zip(others, asked, strict=True))


def test_prompts_are_in_turn_chinese_and_english_and_about_each_product(
    catalogue: Catalogue, asked: list[Question]
) -> None:
    assert [question.language for question in asked] == ["zh", "en"] * 30
    assert [question.scene.object for question in asked[::2]] == catalogue.tier(1)[:30]


def test_translations_say_the_same_of_the_same_scenes_in_the_other_language(
    catalogue: Catalogue, asked: list[Question]
) -> None:
    others = translated(asked, catalogue, 7)
    assert [other.language for other in others] == ["en", "zh"] * 30
    assert all((one.scene, one.facts) == (other.scene, other.facts) for one, other in zip(asked, others, strict=True))
    for other in others:
        assert other.text.isascii() == (other.language == "en")


def _told(scene: Scene, facts: set[str], catalogue: Catalogue) -> tuple[object, ...]:
    """The values that a scene has for some attributes."""
    values = {"object": scene.object, "color": shown_color(scene, catalogue), "backdrop": scene.backdrop}
    values |= {"podium": scene.podium, "position": scene.position} | {
        name: str(scene.style[name]) for name in STYLE_CONTROLS
    }
    return tuple(fact.removeprefix("prop.") in scene.props if "." in fact else values[fact] for fact in sorted(facts))


def _exchanged(text: str, one: Color, other: Color) -> str:
    """In traditional characters and with one article, so that only the two colours matter."""
    words = {one.en: other.en, other.en: one.en, one.zh_hant: other.zh_hant, other.zh_hant: one.zh_hant}
    pattern = rf"(?<![a-z])({'|'.join(words)})(?![a-z])"
    return re.sub(r"\ban\b", "a", re.sub(pattern, lambda found: words[found[0]], traditional(text)))
