"""How the upscaler learns: what its lessons show, and that two losses in one do not reach into each other."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from t2i_studio.pretraining import autoencoder, decoding, drawing, upscaling
from t2i_studio.pretraining.denoiser import redraw, sample
from t2i_studio.pretraining.latents import fit_patch_code, psnr, to_tensor
from t2i_studio.pretraining.trainer import Chance, Plan, Run, train
from t2i_studio.upscaling.cells import cell_pictures, decoded
from tests.pretraining.test_autoencoder import scenes


@pytest.fixture(scope="module")
def made() -> tuple[autoencoder.AutoencoderTiny, upscaling.Lessons]:
    small, large, largest = (scenes(48, size, 0) for size in (128, 256, 512))
    code = fit_patch_code(small)
    latents = code.encode(to_tensor(small))
    vae = autoencoder.autoencoder(code, autoencoder.fit_enlargement(latents, large, 1e-4), latents.std((0, 2, 3)))
    drawn = latents + 0.1 * torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
    return vae, upscaling.Lessons(latents, drawn, cell_pictures(vae), largest, np.arange(48))


@torch.no_grad()
def test_cells_decode_as_the_autoencoder_does(made: tuple) -> None:
    vae, lessons = made
    theirs = vae.decode(lessons.clean[:4] / vae.config.scaling_factor).sample
    assert psnr(decoded(lessons.clean[:4], lessons.cells), theirs) > 45


def test_a_lesson_shows_the_same_place_before_and_after(made: tuple) -> None:
    lessons = replace(made[1], drawn=made[1].clean)
    given, real = upscaling._crops(lessons, Chance.at(0, 3))
    assert given.shape == (upscaling.BATCH, 3, 128, 128)
    assert real.shape == (upscaling.BATCH, 3, 256, 256)
    assert psnr(torch.nn.functional.avg_pool2d(real, 2), given) > 30


def test_each_loss_reaches_only_the_network_it_is_for(made: tuple) -> None:
    torch.manual_seed(0)
    rivals = upscaling.Rivals()
    seen = decoded(made[1].clean[:2], made[1].cells)
    objective = sum(part.mean() for part in rivals.onlooker(rivals.upscaler(seen)))
    objective.backward()
    assert all(weight.grad is None for weight in rivals.discriminator.parameters())
    assert rivals.upscaler.tail.weight.grad.abs().max() > 0
    rivals.zero_grad()
    caught, _ = upscaling._discriminator_lesson(rivals.discriminator, seen, rivals.upscaler(seen).detach(), False)
    caught.backward()
    assert all(weight.grad is None for weight in rivals.upscaler.parameters())
    assert all(weight.grad is not None for weight in rivals.discriminator.parameters())


def test_it_learns_to_take_a_planted_fault_out(made: tuple, tmp_path) -> None:
    pale = replace(made[1], cells=0.8 * made[1].cells)
    torch.manual_seed(0)
    rivals, plan = upscaling.Rivals(), Plan(steps=30, lr=3e-3, warmup=5, decay=20, ema=0.8)
    before = decoding.quality(pale.clean[:8], pale.scenes[:8], pale.cells, rivals.upscaler).mean
    train(rivals, upscaling.upscaling_loss(rivals, pale, plan.steps), plan, Run(tmp_path / "run"))
    assert decoding.quality(pale.clean[:8], pale.scenes[:8], pale.cells, rivals.upscaler).mean > before + 2


def test_the_quality_of_pictures_is_their_mean_and_that_of_all_pixels(made: tuple) -> None:
    cells, scenes = made[1].cells, made[1].scenes[:2].copy()
    latents, none = made[1].clean[:2], upscaling.Upscaler()
    easy, hard = (decoding.quality(latents[i : i + 1], scenes[i : i + 1], cells, none) for i in (0, 1))
    assert easy.mean == pytest.approx(easy.pooled)
    both = decoding.quality(latents, scenes, cells, none)
    assert both.mean == pytest.approx((easy.mean + hard.mean) / 2)
    errors = [10 ** (-each.mean / 10) for each in (easy, hard)]
    assert both.pooled == pytest.approx(-10 * np.log10(sum(errors) / 2))


def test_the_discriminator_pulls_no_harder_than_it_may(made: tuple) -> None:
    torch.manual_seed(0)
    rivals = upscaling.Rivals()
    given, real = upscaling._crops(made[1], Chance.at(0, 0))
    result = rivals.upscaler(given)
    pixels, verdict = (result - real).abs().mean(), rivals.onlooker(result)[-1].mean()
    weight = rivals.upscaler.tail.weight
    share = upscaling._pull(pixels, verdict, weight)
    pulls = [torch.autograd.grad(loss, weight, retain_graph=True)[0].norm() for loss in (pixels, verdict)]
    assert float(share) == pytest.approx(min(1.0, float(pulls[0] / pulls[1])), rel=1e-4)


def test_drawing_over_a_scene_begins_where_the_sampler_would_be(catalogue) -> None:
    model = drawing.new_denoiser(catalogue).eval()
    clean = torch.randn(2, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    said = torch.zeros(2, len(model.table.sizes), dtype=torch.long)
    from_noise = redraw(model, torch.zeros_like(clean), said, 0, 3, 2.0, 0)
    assert torch.equal(from_noise, sample(model, said, steps=3))
    seen = []

    def unet(x: torch.Tensor, t: torch.Tensor, context: torch.Tensor) -> SimpleNamespace:
        seen.append((float(t), x.std().item()))
        return SimpleNamespace(sample=torch.cat([clean, clean]))

    model.unet.forward = unet  # one that knows what is there
    assert torch.allclose(redraw(model, clean, said, 4, 10, 2.0, 0), clean, atol=1e-4)
    assert len(seen) == 6
    assert seen[0][0] == pytest.approx(818, abs=2)
