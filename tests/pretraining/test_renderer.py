from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.errors import StudioError
from t2i_studio.pretraining import scenes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.cutouts import from_oklab, parse_rgb, recolor, to_oklab
from t2i_studio.pretraining.renderer import LUMA, Renderer
from t2i_studio.pretraining.scenes import CELLS, Scene, sample_scene

PLAIN = Scene(
    object="handbag",
    color="red",
    backdrop="blue",
    podium="round",
    props=("stars",),
    position="centre",
    style=dict.fromkeys(STYLE_CONTROLS, 3),
    layout=7,
)


@pytest.fixture(scope="module")
def renderer(catalogue: Catalogue, renders: Path) -> Renderer:
    return Renderer(catalogue, renders, 128)


def at_level(control: str, level: int) -> Scene:
    return replace(PLAIN, style={**PLAIN.style, control: level})


def test_a_scene_is_always_the_same_picture(renderer: Renderer, catalogue: Catalogue, renders: Path) -> None:
    picture = renderer.render(PLAIN)
    assert picture.shape == (128, 128, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, Renderer(catalogue, renders, 128).render(PLAIN))


def test_both_sizes_show_the_same_composition(renderer: Renderer, catalogue: Catalogue, renders: Path) -> None:
    large = Renderer(catalogue, renders, 256)
    rng = np.random.default_rng(3)
    for _ in range(6):
        scene = sample_scene(rng, catalogue, catalogue.tier(1))
        halved = large.render(scene).reshape(128, 2, 128, 2, 3).mean((1, 3))
        assert np.abs(halved - renderer.render(scene)).mean() < 4


def test_the_mask_covers_the_product_and_nothing_else(renderer: Renderer, catalogue: Catalogue) -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        scene = sample_scene(rng, catalogue, catalogue.tier(1))
        mask = renderer.object_mask(scene)
        left, top, side = scenes.box(scene)
        assert mask.shape == (CELLS, CELLS)
        assert 0.3 * side**2 < mask.sum() < side**2
        mask[int(top) : int(top + side), int(np.floor(left)) : int(np.ceil(left + side))] = 0
        assert not mask.any()


def _luma(picture: np.ndarray) -> np.ndarray:
    return picture @ LUMA


def _liveliness(picture: np.ndarray) -> float:
    """Edges above the product, where only the wall and what hangs on it is seen; slanted ones count most."""
    wall = _luma(picture)[:32]
    down, across = np.abs(np.diff(wall, axis=0))[:, 1:], np.abs(np.diff(wall, axis=1))[1:]
    return float((down + across).mean() + 5 * np.sqrt((down * across).mean()))


MEASURES = {
    "brightness": lambda picture: _luma(picture).mean(),
    "warmth": lambda picture: (picture[..., 0] - picture[..., 2]).mean(),
    "saturation": lambda picture: (picture.max(-1) - picture.min(-1)).mean(),
    "contrast": lambda picture: _luma(picture).std(),
    "softness": lambda picture: _luma(picture)[:88].mean(),
    "playfulness": _liveliness,
}


@pytest.mark.parametrize("control", MEASURES)
def test_each_level_of_light_and_mood_can_be_measured(renderer: Renderer, control: str) -> None:
    values = [MEASURES[control](renderer.render(at_level(control, level)).astype(np.float32)) for level in range(1, 6)]
    assert values == sorted(values)
    assert np.diff(values).min() > 0.02 * (values[-1] - values[0])


def test_each_level_of_distance_shows_more_product(renderer: Renderer) -> None:
    areas = [renderer.object_mask(at_level("distance", level)).sum() for level in range(1, 6)]
    assert np.diff(areas).min() > 2


def test_each_level_of_richness_shows_more_decoration(renderer: Renderer) -> None:
    bare = renderer.render(replace(at_level("richness", 1), props=())).astype(int)
    changed = [np.abs(renderer.render(at_level("richness", level)).astype(int) - bare).mean() for level in range(2, 6)]
    assert np.diff([0, *changed]).min() > 0


def test_hard_light_has_a_crisp_shadow_and_soft_light_none(renderer: Renderer) -> None:
    edges = []
    for level in (1, 3, 5):
        scene = replace(PLAIN, style={**PLAIN.style, "softness": level, "playfulness": 1, "richness": 1})
        beside = _luma(renderer.render(scene).astype(np.float32))[64, 97:120]  # just right of the product
        edges.append(np.abs(np.diff(beside)).max())
    assert edges[0] > 2 * edges[1] > 2 * edges[2]


def test_a_missing_render_is_named(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"1f45c\.webp"):
        Renderer(catalogue, tmp_path, 64).render(PLAIN)


def test_a_damaged_render_is_named(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "1f45c.webp").write_bytes(b"no picture")
    with pytest.raises(StudioError) as caught:
        Renderer(catalogue, tmp_path, 64).render(PLAIN)
    assert caught.value.key == "recipe.render_missing"


def test_oklab_and_back_is_the_same_colour() -> None:
    colors = np.random.default_rng(0).random((100, 3)).astype(np.float32)
    assert np.abs(from_oklab(to_oklab(colors)) - colors).max() < 1e-3
    assert np.allclose(to_oklab(np.ones(3, np.float32)), (1, 0, 0), atol=1e-3)


@pytest.mark.parametrize("mode", ["hue", "all"])
def test_a_recoloured_product_has_the_colour_asked_for_and_its_own_shading(catalogue: Catalogue, mode: str) -> None:
    shade = np.linspace(0.35, 0.75, 40, dtype=np.float32)
    picture = np.ones((40, 40, 4), np.float32)
    picture[..., 0], picture[..., 1], picture[..., 2] = shade[:, None] * 1.3, shade[:, None] * 0.4, 0.2
    palette = {name: to_oklab(parse_rgb(color.rgb)) for name, color in catalogue.colors.items()}
    for name, color in catalogue.colors.items():
        lab = to_oklab(recolor(picture, color.rgb, mode)[..., :3])
        middle = lab.mean((0, 1))
        assert min(palette, key=lambda other: np.linalg.norm(palette[other] - middle)) == name
        assert np.all(np.diff(lab[:, 0, 0]) > -1e-3)


@pytest.mark.parametrize("name", ["black", "white"])
@pytest.mark.parametrize("contrast", [0.05, 0.15, 0.4])
def test_black_and_white_show_light_and_shade(catalogue: Catalogue, name: str, contrast: float) -> None:
    shade = np.linspace(0.6 - contrast / 2, 0.6 + contrast / 2, 40, dtype=np.float32)
    picture = np.ones((40, 40, 4), np.float32)
    picture[..., 0], picture[..., 1], picture[..., 2] = shade[:, None], shade[:, None] * 0.4, 0.1
    lightness = to_oklab(recolor(picture, catalogue.colors[name].rgb, "hue")[..., :3])[:, 0, 0]
    assert np.ptp(lightness) > min(1.5 * np.ptp(to_oklab(picture[..., :3])[..., 0]), 0.18)
    assert np.diff(lightness).min() > 0  # no two of them became one
    assert 0.05 < lightness.min() < lightness.max() < 0.99


def test_recolouring_by_hue_leaves_trimmings_alone() -> None:
    picture = np.ones((10, 10, 4), np.float32)
    picture[..., :3] = (0.9, 0.1, 0.2)
    picture[:2, :, :3] = (0.2, 0.6, 0.9)
    painted = recolor(picture, "#2fa84f", "hue")
    assert np.abs(painted[:2] - picture[:2]).max() < 0.02
    assert painted[5, 5, 1] > painted[5, 5, 0]
