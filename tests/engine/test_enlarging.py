"""A model folder with an upscaler: larger pictures, and the size the pipeline draws wherever latents are meant."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from t2i_studio.domain import Derivation
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.denoising import Start, denoise, drawn_size
from t2i_studio.engine.loading import load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning.trainee import Trainee
from t2i_studio.upscaling.folder import FILE, save_upscaler
from t2i_studio.upscaling.network import Upscaler
from tests.engine.conftest import SIDE


@pytest.fixture
def folder(tiny_models, tmp_path):
    """The tiny model with an upscaler of random weights."""
    copy = shutil.copytree(tiny_models["stable-diffusion"], tmp_path / "large")
    card = json.loads((copy / "studio.json").read_text())
    own, large = [SIDE, SIDE], [2 * SIDE, 2 * SIDE]
    told = card | {"width": 2 * SIDE, "height": 2 * SIDE, "sizes": [large, own], "size_step": 4, "upscale": 2}
    (copy / "studio.json").write_text(json.dumps(told))
    torch.manual_seed(0)
    upscaler = Upscaler()
    torch.nn.init.normal_(upscaler.tail.weight, std=0.02)
    save_upscaler(copy, upscaler)
    return copy


@pytest.fixture
def model(settings, folder, tmp_path, load):
    load()  # full precision
    return load_model(find_model(settings, str(folder)), torch.device("cpu"), settings, tmp_path / "cache")


def drawn(model, request, start=None):
    return denoise(model, request, [request.seed], lambda step: None, start)[0]


def test_pictures_are_what_the_pipeline_draws_enlarged(model, request_for):
    whole = drawn(model, accept(request_for(), model.card))
    own = drawn(model, accept(request_for(width=SIDE, height=SIDE), model.card))
    assert (whole.size, own.size) == ((2 * SIDE, 2 * SIDE), (SIDE, SIDE))
    assert np.array_equal(whole, model.upscaler.enlarged(own))


def test_outside_the_mask_the_photo_keeps_its_own_pixels_at_full_size(model, request_for):
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (2 * SIDE, 2 * SIDE, 3), np.uint8))
    mask = Image.new("L", photo.size)
    mask.paste(255, (0, 0, SIDE, 2 * SIDE))
    given = {"derivation": Derivation.INPAINT, "init_image": "0" * 64, "mask": "1" * 64}
    made = drawn(model, accept(request_for(**given), model.card), Start(photo, mask))
    assert made.size == photo.size
    assert np.array_equal(np.asarray(made)[:, SIDE:], np.asarray(photo)[:, SIDE:])
    assert not np.array_equal(np.asarray(made)[:, : SIDE - 4], np.asarray(photo)[:, : SIDE - 4])


def test_learning_encodes_pictures_at_the_size_the_pipeline_draws(model, request_for):
    request = accept(request_for(), model.card)
    trainee = Trainee(model, request)
    assert (trainee.request.width, trainee.request.height) == (SIDE, SIDE)
    assert trainee.encode(Image.new("RGB", (SIDE, SIDE))).shape == trainee.layout.shape
    assert drawn_size(trainee.request, model) is trainee.request


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_an_upscaler_that_cannot_be_read_is_named(settings, folder, tmp_path, damage):
    if damage == "gone":
        (folder / FILE).unlink()
    else:
        (folder / FILE).write_bytes(b"")
    with pytest.raises(StudioError) as told:
        load_model(find_model(settings, str(folder)), torch.device("cpu"), settings, tmp_path / "cache")
    assert told.value.key == "model.corrupt"
    assert str(FILE) in told.value.sentence("en")
