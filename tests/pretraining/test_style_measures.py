"""The measures of the style check against scenes whose levels are known: composed, not generated."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.engine.picture_measures import MEASURES
from t2i_studio.engine.style_check import correlation
from t2i_studio.judge.cielab import lab
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import Scene

BACKDROPS = ("blue", "purple", "pink", "orange")


@pytest.fixture(scope="module")
def draw(renders, catalogue):
    renderer = Renderer(catalogue, renders, 256)
    return lambda scene: Image.fromarray(renderer.render(scene))


def scenes(catalogue):
    """Products of tier 1 on four backdrops, every control neutral."""
    neutral = dict.fromkeys(STYLE_CONTROLS, 3)
    for number, backdrop in enumerate(BACKDROPS):
        podium, product = list(catalogue.podiums)[1 + number], catalogue.tier(1)[number]
        yield Scene(product, "red" if number < 3 else "green", backdrop, podium, ("stars",), "centre", neutral, number)


def versions(scene, control):
    if control == "position":
        return [replace(scene, position=place) for place in ("left", "centre", "right")]
    styles = [scene.style | {control: level} for level in range(1, 6)]
    return [replace(scene, style=style, props=() if style["richness"] == 1 else scene.props) for style in styles]


@pytest.mark.parametrize("control", MEASURES)
def test_a_measure_follows_the_level_that_a_scene_was_composed_with(control, draw, catalogue):
    rows = [[MEASURES[control](lab(draw(one))) for one in versions(scene, control)] for scene in scenes(catalogue)]
    found, _, _ = correlation(np.array(rows))
    assert found >= 0.99
