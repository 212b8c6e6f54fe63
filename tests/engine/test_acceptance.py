"""What a model cannot do is refused before anything is stored; what the request leaves open is the model's
own.
"""

import json

import pytest

from t2i_studio.domain import Adapter, Derivation
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.registry import find_model, model_cards
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from tests.engine.conftest import SIDE


@pytest.fixture
def card(settings, tiny_models):
    return find_model(settings, str(tiny_models["stable-diffusion"]))


def refusal(request, card, **more):
    with pytest.raises(StudioError) as told:
        accept(request, card, **more)
    for language in ("en", "zh"):
        assert "{" not in told.value.sentence(language)
    return told.value


def test_open_values_become_the_models_own(request_for, card):
    request = accept(request_for(), card)
    values = (
        request.width,
        request.height,
        request.steps,
        request.guidance,
        request.sampler,
        request.strength,
    )
    assert values == (SIDE, SIDE, 4, 4.0, "default", None)


def test_given_values_stay(request_for, card):
    request = accept(request_for(width=48, height=16, steps=9, guidance=1.5, sampler="euler A"), card)
    values = (request.width, request.height, request.steps, request.guidance, request.sampler)
    assert values == (48, 16, 9, 1.5, "Euler a")


def test_a_size_that_does_not_fit_is_refused_with_the_nearest(request_for, card):
    error = refusal(request_for(width=33, height=46), card)
    assert error.key == "size.indivisible"
    assert error.params["near"] == "32×46"


def test_a_model_of_fixed_sizes_names_them(request_for, card):
    closed = card.model_copy(update={"sizes": ((32, 32), (64, 32))})
    error = refusal(request_for(width=32, height=64), closed)
    assert error.key == "size.closed"
    assert "64×32" in error.sentence("en")


def test_an_unknown_sampler_names_those_that_fit(request_for, card, settings, tiny_models):
    assert "DPM++ 2M" in refusal(request_for(sampler="magic"), card).sentence("en")
    flow = find_model(settings, str(tiny_models["z-image"]))
    assert refusal(request_for("z-image", sampler="DDIM"), flow).key == "sampler.unknown"


def test_a_prompt_over_the_budget_names_the_words_that_would_be_cut(request_for, card):
    text = "red " * 14 + "handbag on a podium"
    error = refusal(request_for(text=text), card)
    assert error.key == "prompt.too_long"
    assert error.params["cut"] == "handbag on a podium"


def test_a_prompt_that_just_fits_is_taken(request_for, card):
    assert accept(request_for(text="red " * 13 + "handbag"), card).prompt.text.startswith("red")


def test_a_negative_prompt_nobody_would_follow_is_refused(request_for, card):
    assert accept(request_for(negative="blue"), card)
    assert refusal(request_for(negative="blue", guidance=1.0), card).key == "negative.unused"


def test_a_strength_without_a_step_is_refused(request_for, card):
    request = request_for(derivation=Derivation.IMAGE, init_image="0" * 64, strength=0.1, steps=4)
    assert refusal(request, card).params["least"] == "0.25"


def test_a_derived_picture_has_the_size_of_its_start_where_the_model_can(request_for, card):
    request = request_for(derivation=Derivation.IMAGE, init_image="0" * 64)
    assert accept(request, card, start_size=(48, 32)).width == 48
    assert accept(request, card, start_size=(47, 33)).width == SIDE


def test_a_missing_adapter_is_refused(request_for, card, tmp_path):
    request = request_for(adapters=(Adapter(path=str(tmp_path / "none")),))
    assert refusal(request, card).key == "adapter.unknown"


def test_every_offered_model_has_a_card_with_a_licence():
    cards = model_cards(Settings(model="podium", offline=True))
    assert cards[0].name == "podium"
    assert len(cards) >= 8
    for card in cards:
        assert card.licence
        assert card.good_at.en
        assert card.good_at.zh
        assert card.width % card.size_step == 0


def test_unknown_models_are_refused(tmp_path):
    for name in ("no such model", str(tmp_path / "nowhere"), "../x", "a/b/c"):
        with pytest.raises(StudioError) as told:
            find_model(Settings(), name)
        assert told.value.key == "model.unknown"


def test_a_damaged_card_is_named(settings, tiny_models, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model_index.json").write_text("{}")
    for text in ("{", "[]", json.dumps({"steps": 0})):
        (folder / "studio.json").write_text(text)
        with pytest.raises(StudioError) as told:
            find_model(settings, str(folder))
        assert told.value.key == "model.corrupt"
