"""Weights from folders: told apart by content, and damage told in one sentence."""

import os
import shutil

import pytest
import torch

from t2i_studio.engine.loading import devices, load_model
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError


@pytest.fixture
def copy(tiny_models, tmp_path):
    return shutil.copytree(tiny_models["stable-diffusion"], tmp_path / "copy")


def loaded(settings, folder, tmp_path):
    return load_model(find_model(settings, str(folder)), torch.device("cpu"), settings, tmp_path / "cache")


def test_the_hash_follows_the_weights_and_nothing_else(copy, tiny_models, tmp_path):
    kept = tmp_path / "cache" / "weights.json"
    one = weight_hash(copy, kept)
    assert one == weight_hash(tiny_models["stable-diffusion"], kept) == weight_hash(copy, kept)
    (copy / "README.md").write_text("about")
    assert one == weight_hash(copy, kept)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    os.utime(weights, ns=(1, 1))
    assert one != weight_hash(copy, kept)


def test_a_damaged_store_of_hashes_is_made_anew(copy, tmp_path):
    kept = tmp_path / "weights.json"
    one = weight_hash(copy, kept)
    kept.write_text("{")
    assert weight_hash(copy, kept) == one


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "config"])
def test_a_damaged_model_is_named_with_its_file(settings, copy, tmp_path, damage):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "empty":
        weights.write_bytes(b"")
    elif damage == "gone":
        weights.unlink()
    else:
        (copy / "unet" / "config.json").write_text("{")
    with pytest.raises(StudioError) as told:
        loaded(settings, copy, tmp_path)
    assert told.value.key == "model.corrupt"
    assert "unet" in told.value.sentence("en")


def test_a_hub_model_without_access_is_told_as_unreachable(settings, tmp_path):
    card = ModelCard(name="nobody/nothing", source="nobody/nothing")
    with pytest.raises(StudioError) as told:
        load_model(card, torch.device("cpu"), settings, tmp_path)
    assert told.value.key == "model.unreachable"


def test_an_unusable_device_is_told(settings):
    for name in ("cuda:7", "abacus"):
        with pytest.raises(StudioError) as told:
            devices(settings.model_copy(update={"device": name}))
        assert told.value.key == "device.unknown"
