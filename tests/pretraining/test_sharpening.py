"""Sharper pictures: what the student meets, who learns from what, and what the discriminator can see."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.pretraining import adversary, drawing, objectives, sharpening
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.denoiser import Denoiser, LatentScenes, Lesson
from t2i_studio.pretraining.eight_bits import rounded
from t2i_studio.pretraining.export import STUDENT
from t2i_studio.pretraining.latents import PatchCode, fit_patch_code
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.sharpening import Discriminator, Sharpening, sharpening_loss
from t2i_studio.pretraining.trainer import Chance, Plan, Run, train


class Certain(torch.nn.Module):
    """A denoiser that sees through all noise: it says the scene itself."""

    def __init__(self, clean: Tensor) -> None:
        super().__init__()
        self.clean = clean

    def forward(self, noisy: Tensor, sigmas: Tensor, said: Tensor) -> Tensor:
        return self.clean


@pytest.fixture
def code() -> PatchCode:
    return fit_patch_code(np.random.default_rng(0).integers(0, 255, (8, 128, 128, 3), np.uint8))


@pytest.fixture
def data() -> LatentScenes:
    one = Scene("teapot", "red", "blue", "none", (), "centre", dict.fromkeys(STYLE_CONTROLS, NEUTRAL), 0)
    latent = torch.randn(1, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(1))
    return LatentScenes(latent.repeat(8, 1, 1, 1).half(), torch.zeros(8, 8, 8), [one] * 8)


def network(catalogue: Catalogue) -> Denoiser:
    """One that says the same with weights of 8 bits, and whose concepts are learnt."""
    made = drawing.new_denoiser(catalogue)
    made.table.requires_grad_(False)
    rounded(made.unet)
    return made


def test_an_unfinished_picture_is_where_the_sampler_would_be() -> None:
    clean, noise = torch.randn(2, 3, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    lesson = Lesson(clean, noise, torch.zeros(3), torch.zeros(3, 1, dtype=torch.long), torch.zeros(3, 8, 8))
    levels = set()
    for step in range(20):
        met, sigmas = sharpening._unfinished(Certain(clean), {}, lesson, 8, Chance.at(0, step))  # type: ignore[arg-type]
        assert torch.allclose(met, objectives.diffuse(clean, noise, sigmas), atol=1e-4)
        levels.add(round(float(sigmas[0]), 2))
    assert len(levels) == len(sharpening.ENDS)
    assert max(levels) < 0.7


def test_each_loss_reaches_only_the_one_it_is_for(catalogue: Catalogue, data: LatentScenes, code: PatchCode) -> None:
    torch.manual_seed(0)
    before, rivals = network(catalogue).requires_grad_(False), Sharpening(network(catalogue))
    loss = sharpening_loss(rivals, before, data, code, catalogue, 10, 8, torch.device("cpu"))
    told = loss(9, Chance.at(0, 9))
    assert float(told["keeps"]) < 1e-9
    assert float(told["finishes"]) > 0.01
    told["loss"].backward()
    assert all(weight.grad is None for weight in [*before.parameters(), *rivals.student.table.parameters()])
    assert all(weight.grad is not None for weight in rivals.discriminator.parameters())
    assert rivals.student.unet.conv_out.weight.grad.abs().max() > 0
    rivals.zero_grad()
    made, real = torch.rand(2, 2, 3, 128, 128).unbind()
    adversary.judged(rivals.discriminator, made.requires_grad_(), real).loss.backward()
    assert all(weight.grad is None for weight in rivals.discriminator.parameters())
    assert made.grad is not None


def test_the_discriminator_soon_sees_what_is_soft(tmp_path: Path) -> None:
    torch.manual_seed(0)
    judge = Discriminator((8, 16, 16))

    def pictures(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Discs with sharp rims on plain ground, and the same a little soft: what lies 1 px apart is mixed."""
        places = torch.from_numpy(rng.uniform(40, 88, (4, 2, 1, 1)).astype("float32"))
        y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
        sharp = ((x - places[:, 0]) ** 2 + (y - places[:, 1]) ** 2 < 30**2).float()[:, None].repeat(1, 3, 1, 1) - 0.5
        return sharp, torch.nn.functional.avg_pool2d(sharp, 3, 1, 1, count_include_pad=False)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        caught, penalty = adversary.lesson(judge, *pictures(chance.numpy), step, sharpening.PENALTY)
        return {"loss": caught + penalty}

    train(judge, loss, Plan(steps=40, lr=3e-3, warmup=1, ema=0.5), Run(tmp_path / "run"))
    sharp, soft = pictures(np.random.default_rng(5))
    assert (judge(sharp)[-1].mean((1, 2, 3)) > judge(soft)[-1].mean((1, 2, 3)) + 0.1).all()


def test_the_sharpened_network_is_the_one_that_draws(catalogue: Catalogue, tmp_path: Path) -> None:
    rivals = Sharpening(drawing.new_denoiser(catalogue))
    with torch.no_grad():
        rivals.student.unet.conv_out.bias += 1
    state = {"step": 3, "model": rivals.state_dict(), "ema": rivals.state_dict()}
    run = Run(tmp_path / "sharpening")
    run.folder.mkdir()
    run.save(state)
    network, sampling = drawing.drawing_network(tmp_path)
    assert sampling == STUDENT
    assert torch.equal(network.unet.conv_out.bias, rivals.student.unet.conv_out.bias)
