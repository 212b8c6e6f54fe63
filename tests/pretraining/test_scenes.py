from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.errors import StudioError
from t2i_studio.pretraining import scenes
from t2i_studio.pretraining.attributes import attribute_sizes, attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import CELLS, Box, Scene, sample_scene


@pytest.fixture(scope="module")
def many(catalogue: Catalogue) -> list[Scene]:
    rng = np.random.default_rng(0)
    return [sample_scene(rng, catalogue, catalogue.tier(1)) for _ in range(1500)]


def test_a_seed_always_draws_the_same_scene(catalogue: Catalogue) -> None:
    first, second = (sample_scene(np.random.default_rng(5), catalogue) for _ in range(2))
    assert first == second


def test_every_product_asked_for_comes_and_no_other(catalogue: Catalogue, many: list[Scene]) -> None:
    assert {scene.object for scene in many} == set(catalogue.tier(1))


@pytest.mark.parametrize("objects", [[], ["unicorn"]])
def test_unknown_products_are_refused(catalogue: Catalogue, objects: list[str]) -> None:
    with pytest.raises(StudioError):
        sample_scene(np.random.default_rng(0), catalogue, objects)


def test_colours_suit_their_product(catalogue: Catalogue, many: list[Scene]) -> None:
    for scene in many:
        assert scene.color is None or scene.color in catalogue.suitable[scene.object]
    assert all(scene.color is None for scene in many if scene.object == "strawberry")


def test_every_level_of_every_control_is_drawn(many: list[Scene]) -> None:
    for control in STYLE_CONTROLS:
        assert {scene.style[control] for scene in many} == {1, 2, 3, 4, 5}


def test_products_stand_inside_the_picture_on_one_line_of_the_grid(many: list[Scene]) -> None:
    for scene in many:
        left, top, side = scenes.box(scene)
        assert top + side == scenes.BASELINE
        assert 0 <= left <= CELLS - side
        assert top >= 0
        assert (left * 2) % 2 == side % 2, "one phase on the grid for each size"


def test_nearer_products_are_larger() -> None:
    assert list(scenes.SIDE.values()) == sorted(set(scenes.SIDE.values()))


def test_left_is_left_of_the_centre_and_right_is_right_of_it(many: list[Scene]) -> None:
    for scene in many[:200]:
        left, middle, right = (scenes.centre(replace(scene, position=place)) for place in ("left", "centre", "right"))
        assert left < middle < right


def _overlap(a: Box, b: Box) -> bool:
    return a.left < b.left + b.side and b.left < a.left + a.side and a.top < b.top + b.side and b.top < a.top + a.side


def test_nothing_covers_the_product_or_another_prop(catalogue: Catalogue, many: list[Scene]) -> None:
    for scene in many[:500]:
        placed, confetti = scenes.prop_boxes(scene, catalogue)
        boxes = [scenes.box(scene), *(spot for _, spot in placed), *confetti]
        assert not any(_overlap(a, b) for a, b in combinations(boxes, 2))
        assert all(spot.left == int(spot.left) and spot.top == int(spot.top) for spot in boxes[1:])


def test_richness_says_how_many_props_there_are(catalogue: Catalogue, many: list[Scene]) -> None:
    for scene in many[:500]:
        wanted = scenes.PROPS[scene.style["richness"]]
        count = len(scenes.prop_boxes(scene, catalogue)[0])
        assert count == wanted or (count < wanted and scene.style["richness"] >= 3)
        assert bool(scene.props) == (wanted > 0)


def test_attributes_are_classes_within_their_sizes(catalogue: Catalogue, many: list[Scene]) -> None:
    sizes = attribute_sizes(catalogue)
    for scene in many[:300]:
        classes = attributes(scene, catalogue)
        assert list(classes) == list(sizes)
        assert all(0 <= classes[name] < sizes[name] for name in sizes)
