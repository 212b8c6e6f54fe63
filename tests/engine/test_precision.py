"""8-bit weights: smaller, nearly the same picture, said in the record, and refused in a sentence without torchao."""

import importlib.util

import numpy as np
import pytest
import torch

from t2i_studio.engine import precision
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.denoising import denoise
from t2i_studio.engine.loading import load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError


def load(settings, folder, cache, eight_bit):
    settings = settings.model_copy(update={"eight_bit": eight_bit})
    return load_model(find_model(settings, str(folder)), torch.device("cpu"), settings, cache)


def picture(model, request):
    (made,) = denoise(model, accept(request, model.card), [1], lambda step: None)
    return np.asarray(made).astype(int)


@pytest.mark.parametrize("name", ["stable-diffusion", "z-image"])
def test_eight_bit_weights_are_smaller_and_draw_nearly_the_same(settings, tiny_models, request_for, tmp_path, name):
    full, small = (load(settings, tiny_models[name], tmp_path, mode) for mode in ("off", "on"))
    assert "8-bit" in small.precision
    assert "8-bit" not in full.precision
    part = "unet" if hasattr(full.pipe, "unet") else "transformer"
    kinds = {type(weight.data).__name__ for weight in getattr(small.pipe, part).parameters() if weight.ndim == 2}
    assert "Int8Tensor" in kinds
    request = request_for(name, seed=1)
    assert np.abs(picture(full, request) - picture(small, request)).mean() < 8


def test_without_the_package_the_wish_is_refused_in_a_sentence(settings, tiny_models, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StudioError) as told:
        load(settings, tiny_models["stable-diffusion"], tmp_path, "on")
    assert told.value.key == "eight_bit.missing"


def test_a_processor_keeps_its_full_weights_unless_asked(settings, tiny_models, tmp_path):
    assert "8-bit" not in load(settings, tiny_models["stable-diffusion"], tmp_path, "auto").precision
    assert precision.fastest_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)
