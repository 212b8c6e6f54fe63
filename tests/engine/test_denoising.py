"""One call of a pipeline: starts, masks, seeds together, and memory that runs short."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image

from t2i_studio.domain import Derivation
from t2i_studio.engine import latents
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.denoising import Start, image_to_image
from t2i_studio.engine.lanes import make_pictures
from t2i_studio.framing import Choice
from tests.engine.conftest import BUILDERS, SIDE

CLASSES = tuple(BUILDERS)


def stripes():
    rows = np.indices((SIDE, SIDE)).sum(0) // 4 % 2 * 255
    return Image.fromarray(np.stack([rows, 255 - rows, rows // 2], -1).astype(np.uint8))


def from_picture(request_for, model, name, strength, steps=8):
    request = request_for(name, derivation=Derivation.IMAGE, init_image="0" * 64, strength=strength, steps=steps)
    return accept(request, model.card)


def last_latents(model, request, start):
    seen = []
    make_pictures(model, request, [request.seed], lambda _, step: seen.append(step), start)
    return seen


@pytest.mark.parametrize("name", CLASSES)
def test_the_lower_the_strength_the_nearer_the_start(load, request_for, name):
    model, start = load(name), Start(stripes())
    away = []
    for strength in (0.25, 1.0):
        seen = last_latents(model, from_picture(request_for, model, name, strength), start)
        picture = torch.tensor(np.asarray(stripes())).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.inference_mode():
            original = latents.encode(model.pipe.vae, picture, seen[-1].latents)
        away.append((seen[-1].latents - original).abs().mean().item())
    assert away[0] * 1.3 < away[1]


@pytest.mark.parametrize("name", CLASSES)
def test_latents_of_a_picture_are_the_pipelines_own(load, request_for, name, monkeypatch):
    model, start = load(name), Start(stripes())
    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mode())
    picture = torch.tensor(np.asarray(stripes())).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.inference_mode():
        if image_to_image(model.pipe):
            theirs = noised_latents(model, from_picture(request_for, model, name, 0.5), start, monkeypatch)
        else:
            theirs = model.pipe._pack_latents(model.pipe._encode_vae_image(picture, None))
        ours = latents.encode(model.pipe.vae, picture, theirs)
    assert torch.allclose(ours, theirs, atol=1e-5)


def noised_latents(model, request, start, monkeypatch):
    """What the image-to-image pipeline hands to its sampler to be made noisy."""
    seen = []
    for method in ("add_noise", "scale_noise"):
        own = getattr(type(model.own_scheduler), method, None)
        if own:
            spied = lambda self, sample, *rest, own=own: seen.append(sample) or own(self, sample, *rest)  # noqa: E731
            monkeypatch.setattr(type(model.own_scheduler), method, spied)
    make_pictures(model, request, [1], lambda *_: None, start)
    return seen[0]


def test_beside_a_picture_to_start_from_a_prompt_is_emphasised_and_no_lot_is_drawn(load, request_for):
    model, start = load(), Start(stripes())
    request = from_picture(request_for, model, "stable-diffusion", 1.0)
    plain = last_latents(model, request, start)[-1].latents
    open_ = Choice(3, torch.stack([encoded_at(model, request, 3), torch.zeros(16)]), torch.ones(1))
    stated = replace(open_, vectors=open_.vectors.flip(0))
    for choice, same in ((open_, True), (replace(open_, emphasis=0.5), True), (replace(stated, emphasis=0.5), False)):
        made = last_latents(replace(model, framing={"playfulness": choice}), request, start)[-1].latents
        assert torch.allclose(made, plain, atol=1e-5) == same


def encoded_at(model, request, place):
    """The vector of an encoded prompt at a place."""
    with torch.inference_mode():
        encoded = model.pipe.encode_prompt(request.prompt.text, "cpu", 1, do_classifier_free_guidance=False)[0]
    return encoded[0, place].clone()


def test_a_text_encoder_runs_once_for_a_prompt(load, request_for):
    model = load()
    request = accept(request_for(), model.card)
    calls = []
    layer = model.pipe.text_encoder.text_model if hasattr(model.pipe.text_encoder, "text_model") else None
    (layer or next(model.pipe.text_encoder.children())).register_forward_hook(lambda *_: calls.append(1))
    make_pictures(model, request, [1], lambda *_: None)
    once = len(calls)
    make_pictures(model, request, [2], lambda *_: None)
    assert once == len(calls) == 2  # the prompt and the empty negative prompt


def test_several_variants_of_a_prompt_take_one_encoding_that_of_one_alone(load, request_for):
    model = load()
    request = accept(request_for(), model.card)
    text = request.prompt.text

    def encoded(texts):
        with torch.inference_mode():
            return model.pipe.encode_prompt(texts, "cpu", 1, do_classifier_free_guidance=False)[0]

    asked = []
    model.pipe.text_encoder.register_forward_pre_hook(lambda module, args: asked.append(len(args[0])))
    four, one, other = encoded([text] * 4), encoded([text]), encoded([text, "blue mug"])
    assert torch.equal(four, one.expand(4, -1, -1))
    assert torch.allclose(other[:1], one, atol=1e-5)
    assert not torch.allclose(other[1], one[0], atol=1e-2)
