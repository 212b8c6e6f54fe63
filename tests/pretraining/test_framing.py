"""Lessons say where a product stands and how large it is, more often than captions do; lots follow the scenes."""

import numpy as np
import torch

from t2i_studio.pretraining import drawing
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.framing import OPEN, READILY, framing_of, shares
from t2i_studio.pretraining.lessons import DROPPED, stated
from t2i_studio.pretraining.scenes import sample_scene

COUNT = 2_000


def test_how_often_framing_is_open_rests_neither_on_the_caption_nor_on_what_it_is(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, catalogue) for _ in range(COUNT)]
    facts = [stated(scene, rng, catalogue) for scene in scenes]
    levels = np.array([scene.style["distance"] for scene in scenes])
    said = np.array(["distance" in some for some in facts])
    expected = (1 - OPEN) * (1 - DROPPED)
    for some in (said[levels == 3], said[levels != 3], np.array(["position" in each for each in facts])):
        assert abs(some.mean() - expected) < 4 * (expected * (1 - expected) / len(some)) ** 0.5


def test_lots_fall_as_scenes_are_but_never_on_a_tiny_product_nor_on_many_props_or_confetti(
    catalogue: Catalogue,
) -> None:
    for name in READILY:
        assert np.isclose(shares(name, catalogue).sum(), 1)
    assert np.array_equal(shares("richness", catalogue) > 0, [True, True, True, False, False])
    assert np.array_equal(shares("playfulness", catalogue), [0, 0, 1, 0, 0])
    assert shares("position", catalogue)[1] == max(shares("position", catalogue))
    tiny, *others = shares("distance", catalogue)
    assert tiny == 0 < min(others)
    for name, count in (("backdrop", 12), ("podium", 5)):
        assert np.allclose(shares(name, catalogue), np.full(count, 1 / count))


def test_no_prop_of_a_feast_or_season_comes_unasked(catalogue: Catalogue) -> None:
    often = {prop: shares(f"prop.{prop}", catalogue)[1] for prop in catalogue.props}
    assert np.isclose(sum(often.values()), 1)
    unasked = {prop for prop, share in often.items() if share}
    assert unasked == {"leaves", "blossoms", "stars"}


def test_what_pictures_obey_too_little_is_emphasised_and_nothing_else(catalogue: Catalogue) -> None:
    framing = framing_of(drawing.new_denoiser(catalogue).table, catalogue)
    props = {f"prop.{prop}" for prop in catalogue.props}
    assert {name for name, choice in framing.items() if choice.emphasis} == {"playfulness", "richness"} | props


def test_each_colour_knows_the_backdrop_that_looks_like_it(catalogue: Catalogue) -> None:
    color = framing_of(drawing.new_denoiser(catalogue).table, catalogue)["color"]
    assert color.backdrops is not None
    names, grounds = (("", *attribute_classes(catalogue)[name]) for name in ("color", "backdrop"))
    alike = {names[number]: grounds[ground] for number, ground in enumerate(color.backdrops.tolist()) if ground}
    assert alike == {name: name for name in catalogue.colors if name in catalogue.backdrops}


def test_the_lots_are_the_vectors_of_the_table(catalogue: Catalogue) -> None:
    table = drawing.new_denoiser(catalogue).table
    names = list(table.sizes)
    for name, choice in framing_of(table, catalogue).items():
        assert len(choice.shares) == len(attribute_classes(catalogue)[name])
        for number in range(UNSAID, len(choice.vectors)):
            said = torch.full((1, len(names)), UNSAID)
            said[0, names.index(name)] = number
            assert torch.allclose(table(said)[0, choice.place], choice.vectors[number], atol=1e-5)
