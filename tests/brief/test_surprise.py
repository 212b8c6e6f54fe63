"""Styles spread over the space of styles."""

from itertools import combinations

import pytest

from t2i_studio.brief.grids import Grid, cells
from t2i_studio.brief.surprise import MILD, SAID, distance, spread, surprise
from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_a_seed_always_gives_the_same_styles(seed: int):
    assert spread(seed, 12) == spread(seed, 12)
    assert spread(seed, 12)[:4] == spread(seed, 4)
    assert spread(seed, 4) != spread(seed + 1, 4)


@pytest.mark.parametrize("count", [4, 12])
def test_styles_are_far_from_one_another(count: int):
    for seed in range(10):
        assert min(distance(*pair) for pair in combinations(spread(seed, count), 2)) >= 7


def test_a_style_moves_a_few_controls_and_never_hides_the_product():
    for style in spread(5, 20):
        assert all(getattr(style, control) in (2, NEUTRAL, 4) for control in MILD)
        assert sum(getattr(style, control) != NEUTRAL for control in STYLE_CONTROLS) == SAID


def test_a_surprise_is_an_axis_of_these_styles():
    assert [cell["style"] for cell in cells(Grid(axes=(surprise(9, 100),)))] == spread(9, 100)
