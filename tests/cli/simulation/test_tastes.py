"""Made-up raters: what they like can be seen, two of them agree as often as is said, and shuffled ones know nothing."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from t2i_studio.cli.simulation.tastes import (
    MEASURES,
    TASTES,
    Eye,
    agreement,
    busy,
    measures,
    noise_for_agreement,
    prefer,
    product,
    saturated,
    utility,
    warm,
)
from t2i_studio.judge.folder import load_judge


def picture(ground="#dddddd", thing="#888888", size=40, extra=0):
    image = Image.new("RGB", (128, 128), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle([64 - size // 2, 64 - size // 2, 64 + size // 2, 64 + size // 2], fill=thing)
    for number in range(extra):
        x, y = number * 29 % 120, number * 47 % 120
        draw.ellipse([x, y, x + 8, y + 8], fill=thing)
    return image


def pixels(image):
    return np.asarray(image.resize((64, 64), Image.Resampling.BOX), float) / 255


@pytest.mark.parametrize(
    ("measure", "less", "more"),
    [
        (warm, picture("#4060d0"), picture("#d06040")),
        (busy, picture(), picture(extra=12)),
        (product, picture(size=20), picture(size=80)),
        (saturated, picture("#c0c0c0"), picture("#ff2020")),
    ],
)
def test_each_measure_rises_with_what_it_is_named_after(measure, less, more):
    assert measure(pixels(more)) > measure(pixels(less)) + 0.01


def test_every_taste_is_about_measures_there_are():
    assert all(set(weights) <= set(MEASURES) for weights in TASTES.values())
    assert len(TASTES) == 3


def test_tastes_like_what_their_names_say():
    shown = [picture("#4060d0", size=70), picture("#d06040", extra=20), picture("#eeeeee", size=10), picture("#ff1010")]
    eye = Eye.used_to(load_judge(), shown)
    best = {taste: int(utility(taste, shown, eye).argmax()) for taste in TASTES}
    assert best["warm_rich"] == 1
    assert best["minimal_small"] == 2
    assert abs(utility("warm_rich", shown, eye).mean()) < 1e-9
    assert measures(eye.judge, shown).shape == (4, len(MEASURES))
    assert utility("warm_rich", [], eye).shape == (0,)


@pytest.mark.parametrize("agreed", [0.6, 0.8, 0.95])
def test_two_raters_agree_as_often_as_is_said(agreed):
    rng = np.random.default_rng(1)
    differences = rng.standard_t(4, 40_000)
    noise = noise_for_agreement(differences, agreed)
    assert agreement(differences, noise) == pytest.approx(agreed, abs=1e-6)
    one, two = (prefer(rng, differences, np.zeros(40_000), noise) for _ in range(2))
    assert (one == two).mean() == pytest.approx(agreed, abs=0.01)
    assert (one == (differences > 0)).mean() > agreed


def test_shuffled_raters_choose_by_a_coin():
    chosen = prefer(np.random.default_rng(2), np.full(20_000, 9.0), np.zeros(20_000), np.inf)
    assert chosen.mean() == pytest.approx(0.5, abs=0.015)
