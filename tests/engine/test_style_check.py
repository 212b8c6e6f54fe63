"""A style check sees what works and what is dead, and what it found is kept with the weights."""

import json
from datetime import date

import numpy as np
import pytest

from t2i_studio.domain import StyleSettings
from t2i_studio.engine import style_effects
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.engine.style_check import DESCRIPTIONS, PictureMaker, correlation, effect, levels_of
from t2i_studio.engine.style_effects import CONTROLS, Effect, effects_of, keep_effects
from t2i_studio.engine.weights import weight_hash
from t2i_studio.settings import EMBEDDED_MODEL
from t2i_studio.store.jobs import list_jobs


def found(value=0.9, pictures=20, model="m", measured=date(2026, 11, 25)):
    return Effect(correlation=value, low=value, high=value, pictures=pictures, model=model, measured=measured)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1, 2, 3, 4, 5], [10, 20, 21, 30, 90]], 1),
        ([[5, 4, 3, 2, 1]], -1),
        ([[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]], 0),
        ([[7, 7, 7, 7, 7]], 0),
        ([[1, 2, 3, 5, 4]], 0.9),
        ([[1, 1, 2, 3, 4]], 0.9747),  # a tie: Pearson's r of the mean ranks
    ],
)
def test_the_correlation_is_spearmans_within_each_scene(rows, expected):
    value, low, high = correlation(np.array(rows, float))
    assert value == pytest.approx(expected, abs=1e-4)
    assert low <= value <= high


def test_the_interval_shrinks_with_the_number_of_scenes_and_is_the_same_every_time():
    rows = np.random.default_rng(1).normal(size=(64, 5)) + np.arange(5)
    widths = [high - low for _, low, high in (correlation(rows[:8]), correlation(rows))]
    assert widths[0] > widths[1] > 0
    assert correlation(rows) == correlation(rows)


def test_a_control_is_compared_over_its_levels_with_all_else_neutral():
    assert levels_of("warmth") == [StyleSettings(warmth=level) for level in range(1, 6)]
    assert [style.position for style in levels_of("position")] == ["left", "centre", "right"]


def test_what_was_measured_is_found_by_the_weights_and_a_smaller_sample_does_not_replace_it(tiny_model, tmp_path):
    card = ModelCard(name="tiny", source=str(tiny_model))
    weights = weight_hash(tiny_model, tmp_path / "weights.json")
    assert effects_of(card, tmp_path) == {}
    keep_effects(tmp_path, weights, {"warmth": found(), "contrast": found(0.2)})
    keep_effects(tmp_path, weights, {"warmth": found(0.5, pictures=5), "contrast": found(0.3, pictures=20)})
    keep_effects(tmp_path, "0" * 64, {"distance": found()})
    known = effects_of(card, tmp_path)
    assert {name: one.correlation for name, one in known.items()} == {"warmth": 0.9, "contrast": 0.3}
    assert (known["warmth"].works, known["contrast"].works) == (True, False)


def test_a_hub_model_is_known_by_name_and_its_newest_weights_count(tmp_path):
    keep_effects(tmp_path, "0" * 64, {"warmth": found(model="a/b", measured=date(2026, 1, 1))})
    keep_effects(tmp_path, "2" * 64, {"warmth": found(model="another")})
    keep_effects(tmp_path, "1" * 64, {"warmth": found(0.1, model="a/b")})
    assert effects_of(ModelCard(name="a/b", source="a/b"), tmp_path) == {"warmth": found(0.1, model="a/b")}
    assert effects_of(ModelCard(name="c/d", source="c/d"), tmp_path) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": {"warmth": {"correlation": 7}}}'])
def test_a_damaged_file_of_results_is_measured_anew(tiny_model, tmp_path, text):
    (tmp_path / "style_effects.json").write_text(text)
    card = ModelCard(name="tiny", source=str(tiny_model))
    assert effects_of(card, tmp_path) == {}
    keep_effects(tmp_path, weight_hash(tiny_model, tmp_path / "weights.json"), {"warmth": found()})
    assert effects_of(card, tmp_path) == {"warmth": found()}


def test_shipped_results_are_those_of_the_weights_and_what_is_measured_here_comes_first(
    tiny_model, tmp_path, monkeypatch
):
    weights = weight_hash(tiny_model, tmp_path / "weights.json")
    shipped = {"warmth": found(0.7), "contrast": found(0.6)}
    rows = {name: one.model_dump(mode="json") for name, one in shipped.items()}
    (tmp_path / "shipped.json").write_text(json.dumps({weights: rows}))
    monkeypatch.setattr(style_effects, "SHIPPED", tmp_path / "shipped.json")
    keep_effects(tmp_path, weights, {"warmth": found(0.9)})
    known = effects_of(ModelCard(name="tiny", source=str(tiny_model)), tmp_path)
    assert known == {"warmth": found(0.9), "contrast": found(0.6)}


def test_the_shipped_table_can_be_read_and_names_no_unknown_control():
    shipped = json.loads(style_effects.SHIPPED.read_text(encoding="utf-8"))
    for weights, rows in shipped.items():
        assert len(weights) == 64
        assert set(rows) <= set(CONTROLS)
        assert all(Effect.model_validate(row).pictures > 0 for row in rows.values())


@pytest.mark.skipif(not (EMBEDDED_MODEL / "model_index.json").is_file(), reason="the embedded model is not in assets")
def test_on_the_embedded_model_brightness_moves_lightness_and_neutral_pictures_are_made_once(db, settings):
    engine = Engine(db, settings.model_copy(update={"model": "podium"}))
    engine.start()
    made = []
    maker = PictureMaker(engine, db, find_model(settings, "podium"), 1, made.append)
    scenes = list(maker.scenes("brightness", DESCRIPTIONS[:1]))
    maker.pictures(DESCRIPTIONS[0], StyleSettings())
    engine.close()
    assert effect("brightness", scenes, "podium").correlation >= 0.9
    assert (len(scenes), len(made), len(list_jobs(db))) == (1, 5, 5)
    assert maker.weights == weight_hash(EMBEDDED_MODEL, db.home / "weights.json")
