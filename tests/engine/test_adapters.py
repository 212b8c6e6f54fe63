"""LoRA adapters change the pictures by their scale, and leave nothing behind."""

import numpy as np
import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from t2i_studio.brief import styles
from t2i_studio.brief.requests import make_request
from t2i_studio.domain import Adapter, StyleSettings
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.adapters import use_adapters
from t2i_studio.engine.lanes import make_pictures
from t2i_studio.errors import StudioError


@pytest.fixture(scope="module")
def lora(tmp_path_factory):
    """A random LoRA for the tiny Stable Diffusion model, as training tools write it."""
    from diffusers import StableDiffusionPipeline

    from tests.engine.conftest import unet

    torch.manual_seed(3)
    network = unet(16)
    network.add_adapter(LoraConfig(r=2, lora_alpha=8, target_modules=["to_q", "to_v"], init_lora_weights=False))
    folder = tmp_path_factory.mktemp("lora")
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=get_peft_model_state_dict(network))
    return folder


def picture(model, request, adapters):
    use_adapters(model, adapters)
    (made,) = make_pictures(model, accept(request, model.card), [1], lambda *_: None)
    return np.asarray(made.picture).astype(int)


def test_the_scale_decides_and_taking_it_out_restores_every_bit(load, request_for, lora):
    model, request = load(), request_for(steps=8)
    plain = picture(model, request, ())
    weak, strong = (picture(model, request, (Adapter(path=str(lora), scale=scale),)) for scale in (0.5, 4))
    assert 0 < np.abs(weak - plain).sum() < np.abs(strong - plain).sum()
    assert np.array_equal(plain, picture(model, request, ()))


def test_one_that_also_reads_otherwise_changes_the_text_encoder_and_leaves_it_as_it_was(load, request_for, tmp_path):
    """As most LoRAs for Stable Diffusion are: trainers write both networks' weights into one file."""
    from diffusers import StableDiffusionPipeline
    from transformers import CLIPTextModel

    model, request = load(), request_for(steps=8)
    plain = picture(model, request, ())
    encoder = CLIPTextModel(model.pipe.text_encoder.config)
    encoder.add_adapter(LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "fc1"], init_lora_weights=False))
    layers = get_peft_model_state_dict(encoder, adapter_name="default")
    StableDiffusionPipeline.save_lora_weights(tmp_path, text_encoder_lora_layers=layers)
    assert not np.array_equal(plain, picture(model, request, (Adapter(path=str(tmp_path), scale=4),)))
    assert np.array_equal(plain, picture(model, request, ()))


def test_an_adapter_is_known_by_its_content(load, lora):
    model = load()
    (used,) = use_adapters(model, (Adapter(path=str(lora)),))
    assert len(used.hash) == 64
    assert use_adapters(model, (Adapter(path=str(next(lora.iterdir()))),))[0].hash == used.hash


def test_two_adapters_work_at_once(load, request_for, lora, tmp_path):
    model, request = load(), request_for(steps=8)
    twice = picture(model, request, (Adapter(path=str(lora), scale=1), Adapter(path=str(lora), scale=1)))
    double = picture(model, request, (Adapter(path=str(lora), scale=2),))
    assert np.abs(twice - double).max() <= 2


@pytest.mark.parametrize("content", [b"no weights", b""])
def test_a_damaged_adapter_is_refused_and_the_model_stays_usable(load, request_for, tmp_path, content):
    model, request = load(), request_for()
    before = picture(model, request, ())
    (tmp_path / "broken.safetensors").write_bytes(content)
    with pytest.raises(StudioError) as told:
        use_adapters(model, (Adapter(path=str(tmp_path)),))
    assert told.value.key == "adapter.unfit"
    assert np.array_equal(before, picture(model, request, ()))


def test_an_adapter_of_another_model_is_refused(load, lora):
    with pytest.raises(StudioError) as told:
        use_adapters(load("z-image"), (Adapter(path=str(lora)),))
    assert told.value.key == "adapter.unfit"


def test_a_slider_moves_the_picture_by_its_adapter(load, request_for, lora, tmp_path, monkeypatch):
    model = load()
    table = tmp_path / "slider_adapters.csv"
    table.write_text(
        f"model,control,folder,scale_1,scale_2,scale_4,scale_5\n{model.card.name},warmth,{lora},-4,-1,0.5,4\n"
    )
    monkeypatch.setattr(styles, "SLIDER_ADAPTERS", table)

    def moved(warmth):
        style = StyleSettings(warmth=warmth)
        wanted = make_request("red handbag", model.card, prompt="red handbag", style=style, steps=8, seed=1)
        return picture(model, wanted, wanted.adapters)

    away = [np.abs(moved(level) - moved(3)).sum() for level in (3, 4, 5)]
    assert away[0] == 0 < away[1] < away[2]
