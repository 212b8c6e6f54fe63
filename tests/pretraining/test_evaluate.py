"""What the scores of the evaluation make of pictures whose content is known: composed scenes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from t2i_studio.judge.folder import load_judge
from t2i_studio.judge.seeing import as_tensor, verdicts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.evaluate import binding, diversity, fid_ratio, zh_minus_en
from t2i_studio.pretraining.questions import Question, agreeing, color_pairs, other_scenes, questions, translated
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import Scene

OBJECTS = ["handbag", "teapot", "sneaker", "backpack"]


Compose = Callable[[Sequence[Scene]], list[Image.Image]]


@pytest.fixture(scope="module")
def compose(catalogue: Catalogue, renders: Path) -> Compose:
    renderer = Renderer(catalogue, renders, 128)
    return lambda scenes: [Image.fromarray(renderer.render(scene)) for scene in scenes]


@pytest.fixture(scope="module")
def asked(catalogue: Catalogue) -> list[Question]:
    return questions(catalogue, OBJECTS, 64, 3)


def test_binding_is_right_colours_in_the_right_places(catalogue: Catalogue, compose: Compose) -> None:
    pairs = color_pairs(catalogue, OBJECTS, 24, 1)
    right = as_tensor(compose([question.scene for question in pairs]))
    exchanged = right.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
    assert binding(pairs, right, load_judge()) > 0.8
    assert binding(pairs, exchanged, load_judge()) < 0.05
    assert np.isnan(binding([], right[:0], load_judge()))


def test_the_languages_are_apart_by_what_one_of_them_gets_wrong(
    catalogue: Catalogue, compose: Compose, asked: list[Question]
) -> None:
    both = [*asked, *translated(asked, catalogue, 1)]
    pictures = as_tensor(compose([question.scene for question in both]))
    seen = verdicts(load_judge(), pictures)["object"].argmax(-1).tolist()
    right = [replace(q, classes=q.classes | {"object": answer}) for q, answer in zip(both, seen, strict=True)]
    wrong = [
        replace(q, classes=q.classes | {"object": 1 - min(1, answer)}) for q, answer in zip(both, seen, strict=True)
    ]
    assert zh_minus_en(right, pictures, load_judge()) == 0
    english = [w if w.language == "en" else r for w, r in zip(wrong, right, strict=True)]
    assert zh_minus_en(english, pictures, load_judge()) == 1


def test_one_right_colour_is_not_enough_for_binding(catalogue: Catalogue, compose: Compose) -> None:
    pairs = color_pairs(catalogue, OBJECTS, 12, 1)
    both = as_tensor(compose([question.scene for question in pairs]))
    for name in ("color", "backdrop"):
        wrong = [
            Question(q.text, q.language, q.scene, q.classes | {name: (q.classes[name] + 1) % 12}, q.facts)
            for q in pairs
        ]
        assert binding(wrong, both, load_judge()) < 0.1


def test_diversity_is_one_for_scenes_and_zero_for_copies(
    catalogue: Catalogue, compose: Compose, asked: list[Question]
) -> None:
    rng = np.random.default_rng(0)
    one, other = ([compose([agreeing(q, rng, catalogue) for _ in range(4)]) for q in asked[:16]] for _ in "ab")
    copies = [[images[0]] * 4 for images in other]
    assert diversity(one, other, load_judge()) == pytest.approx(1, abs=0.2)
    assert diversity(copies, other, load_judge()) < 0.01


def test_diversity_falls_where_seeds_agree_in_what_is_left_open(
    catalogue: Catalogue, compose: Compose, asked: list[Question]
) -> None:
    rng = np.random.default_rng(0)
    free = [compose([agreeing(q, rng, catalogue) for _ in range(4)]) for q in asked[:16]]
    paler = [[Image.blend(images[0], image, 0.5) for image in images] for images in free]
    assert 0.3 < diversity(paler, free, load_judge()) < 0.7


def test_the_fid_ratio_is_one_for_scenes_and_far_above_for_other_pictures(
    catalogue: Catalogue, compose: Compose, asked: list[Question]
) -> None:
    made, scenes, more = (compose(other_scenes(catalogue, asked, seed)) for seed in (1, 2, 3))
    blurred = [image.filter(ImageFilter.GaussianBlur(3)) for image in made]
    dull = [ImageEnhance.Color(image).enhance(0.2) for image in made]
    assert fid_ratio(made, scenes, more, load_judge()) == pytest.approx(1, abs=0.3)
    assert fid_ratio(blurred, scenes, more, load_judge()) > 1.5  # 64 scenes are far apart by chance
    assert fid_ratio(dull, scenes, more, load_judge()) > 1.5
