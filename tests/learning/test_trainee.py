"""What a trainee says is what its pipeline says, for every class of pipeline, and gradients reach the network."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from PIL import Image

from t2i_studio.engine.denoising import denoise
from t2i_studio.framing import Choice, Framing
from t2i_studio.learning import lora
from t2i_studio.learning.trainee import Trainee

CLASSES = ("stable-diffusion", "stable-diffusion-xl", "z-image", "flux2-klein")
TEXTS = ["red handbag", "blue mug on a white podium"]


def noisy(trainee: Trainee, count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, *trainee.layout.shape[1:], generator=torch.Generator().manual_seed(seed))


def emphatic(ready: Trainee, emphasis: float) -> Framing:
    """Emphasis on one attribute, which its request states."""
    pipe, text = ready.model.pipe, ready.request.prompt.text
    encoded = pipe.encode_prompt(text, "cpu", 1, do_classifier_free_guidance=False)[0]
    vectors = torch.stack([torch.zeros_like(encoded[0, 3]), encoded[0, 3]])
    return {"playfulness": Choice(3, vectors.detach(), torch.ones(1), emphasis)}


@pytest.mark.parametrize("name", CLASSES)
def test_a_batch_says_what_each_alone_says(name: str, trainee: Callable[[str], Trainee]) -> None:
    ready = trainee(name)
    latents, times = noisy(ready, 2), torch.tensor([900.0, 300.0])
    with torch.no_grad():
        together = ready.says(latents, times, TEXTS)
        alone = [ready.says(latents[k : k + 1], times[k : k + 1], TEXTS[k : k + 1]) for k in range(2)]
    assert together.shape == latents.shape
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize("name", CLASSES)
def test_gradients_reach_the_adapter(name: str, trainee: Callable[[str], Trainee]) -> None:
    ready = trainee(name)
    weights = lora.attach(ready.network, rank=2, seed=0)
    ready.says(noisy(ready, 2), torch.tensor([900.0, 300.0]), TEXTS).square().mean().backward()
    assert weights
    assert any(weight.grad is not None and weight.grad.abs().max() > 0 for weight in weights)


@pytest.mark.parametrize("name", CLASSES)
def test_the_reference_is_the_network_before(name: str, trainee: Callable[[str], Trainee]) -> None:
    ready = trainee(name)
    latents, times = noisy(ready, 2), torch.tensor([900.0, 300.0])
    with torch.no_grad():
        before = ready.says(latents, times, TEXTS)
    for weight in lora.attach(ready.network, rank=2, seed=0):
        weight.data = torch.randn_like(weight)
    with ready.reference():
        kept = ready.says(latents, times, TEXTS)
    changed = ready.says(latents, times, TEXTS)
    assert torch.equal(kept, before)
    assert not torch.allclose(changed.detach(), before)


def test_it_sees_the_picture_that_the_pipeline_makes_of_clean_latents(trainee: Callable[[str], Trainee]) -> None:
    """Encoding a picture, then adding no noise, is where the sampler ends."""
    ready = trainee("stable-diffusion")
    picture = Image.new("RGB", (32, 32), (200, 30, 30))
    latents = ready.encode(picture)
    assert latents.shape == ready.layout.shape
    assert torch.equal(latents, ready.encode(picture))


@pytest.mark.parametrize("emphasis", [None, 0.5])
def test_says_is_what_the_sampler_gets(emphasis: float | None, trainee: Callable[[str], Trainee]) -> None:
    """One step of the real pipeline from known noise, against the trainee's answer for the same latents."""
    ready = trainee("stable-diffusion")
    if emphasis:
        ready = Trainee(replace(ready.model, framing=emphatic(ready, emphasis)), ready.request)
    request = ready.request.model_copy(update={"guidance": 1.0, "steps": 4})
    seen: list[torch.Tensor] = []
    denoise(ready.model, request, [5], lambda step: seen.append(step.clean) if step.number == 1 else None)
    start = torch.randn(1, *ready.layout.shape[1:], generator=torch.Generator().manual_seed(5))
    time = ready.visited[:1]
    with torch.no_grad():
        said = ready.says(start, time, [request.prompt.text])
    kept = ready.model.own_scheduler.alphas_cumprod[int(time)]
    assert torch.allclose((start - (1 - kept).sqrt() * said) / kept.sqrt(), seen[0], atol=1e-3)


@pytest.mark.parametrize("name", CLASSES)
def test_large_networks_compute_again_and_learn_the_same(
    name: str, trainee: Callable[[str], Trainee], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gradients() -> list[torch.Tensor]:
        ready = trainee(name)
        weights = lora.attach(ready.network, rank=2, seed=0)
        for number, weight in enumerate(weights):
            weight.data = 0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(number))
        ready.says(noisy(ready, 2), torch.tensor([900.0, 300.0]), TEXTS).square().mean().backward()
        return [weight.grad for weight in weights if weight.grad is not None]

    kept = gradients()
    monkeypatch.setattr("t2i_studio.learning.trainee.SMALL", 0)
    again = gradients()
    assert len(kept) == len(again) > 0
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(kept, again, strict=True))
