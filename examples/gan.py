"""A generative adversarial network (Goodfellow et al. 2014, arXiv 1406.2661) that learns to draw small grey products.

    python -m examples.gan

The generator draws a picture from a point z of N(0, 1) and never sees a real one. The discriminator sees both kinds and
says how surely a picture is real. Each is the other's lesson:

    discriminator   lowers −log D(x) − log(1 − D(G(z)))
    generator       lowers −log D(G(z))

The best a discriminator can do is log 4 − 2·JS(p ‖ p_G): while its loss is under log 4 = 1.39, the two kinds can be
told apart, and the generator has something to learn. docs/objectives.md derives this, and why neither loss has to fall
for the pictures to improve.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from examples.pictures import COLUMNS, load_pictures, save_grid
from t2i_studio.cli.console import complain
from t2i_studio.errors import StudioError
from t2i_studio.pretraining import objectives

LATENT = 16  # dimensions of z
BATCH = 32
RATE = 2e-3  # learning rate of both for the first half, then falling to zero, which ends their circling
BETAS = (0.0, 0.99)  # of Adam: no momentum, since the other network changes where downhill is
AVERAGE = 0.995  # the pictures shown are of the moving average of the generator, not of its last move
PENALTY, EVERY = 0.05, 8  # γ of the gradient penalty, which is computed in every eighth step


def generator() -> nn.Module:
    """Points (B, LATENT) → pictures (B, 1, 28, 28) in 0–1. Batch normalisation as in DCGAN (arXiv 1511.06434)."""
    return nn.Sequential(
        nn.Linear(LATENT, 512), nn.BatchNorm1d(512), nn.ReLU(),
        nn.Linear(512, 32 * 7 * 7), nn.BatchNorm1d(32 * 7 * 7), nn.ReLU(),
        nn.Unflatten(1, (32, 7, 7)),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),  # 7 → 14 px
        nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(16, 1, 3, padding=1), nn.Sigmoid(),  # 14 → 28 px
    )  # fmt: skip


def discriminator() -> nn.Module:
    """Pictures (B, 1, 28, 28) → logits (B,): above 0 where the picture is taken for real."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.LeakyReLU(0.2),  # 28 → 14 px
        nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.LeakyReLU(0.2),  # 14 → 7 px
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128), nn.LeakyReLU(0.2),
        nn.Linear(128, 1), nn.Flatten(0),
    )  # fmt: skip


def train(pictures: Tensor, steps: int) -> Iterator[nn.Module]:
    """Play the game on pictures drawn by lot. Yields the averaged generator twenty times, when it prints the means of
    the losses since the last time.
    """
    torch.manual_seed(0)
    draw, judge = generator(), discriminator()
    average = AveragedModel(draw, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE), use_buffers=True).eval()
    optimizers = [Adam(network.parameters(), RATE, BETAS, fused=True) for network in (draw, judge)]
    schedules = [LambdaLR(one, lambda step: min(1.0, 2 * (1 - step / steps))) for one in optimizers]
    for_draw, for_judge = optimizers
    seen, every, start = [], max(1, steps // 20), time.monotonic()
    print("  step  discriminator  generator  (nats)")
    for step in range(1, steps + 1):
        real = pictures[torch.randint(len(pictures), (BATCH,))]
        fake = draw(torch.randn(BATCH, LATENT))

        penalised = step % EVERY == 0
        verdict = judge(real.requires_grad_(penalised))
        caught = objectives.discriminator_loss(verdict, judge(fake.detach()))
        penalty = EVERY * PENALTY / 2 * objectives.gradient_penalty(verdict, real) if penalised else 0
        for_judge.zero_grad()
        (caught + penalty).backward()
        for_judge.step()

        judge.requires_grad_(False)  # in the generator's move the discriminator only says where the faults are
        unmasked = objectives.generator_loss(judge(fake))
        for_draw.zero_grad()
        unmasked.backward()
        for_draw.step()
        judge.requires_grad_(True)

        average.update_parameters(draw)
        for schedule in schedules:
            schedule.step()
        seen.append([caught.item(), unmasked.item()])
        if step % every == 0:
            first, second = torch.tensor(seen).mean(0).tolist()
            print(f"{step:6} {first:14.3f} {second:10.3f}  {time.monotonic() - start:.0f} s", flush=True)
            seen.clear()
            yield average


@torch.no_grad()
def show(model: nn.Module) -> list[Tensor]:
    """Samples, always of the same points."""
    return [model(torch.randn(9 * COLUMNS, LATENT, generator=torch.Generator().manual_seed(0)))]


def main(
    work: Annotated[Path, typer.Option(help="Folder that has renders/.")] = Path("training"),
    out: Annotated[Path, typer.Option(help="The picture grid, rewritten as training goes on.")] = Path("gan.png"),
    steps: Annotated[int, typer.Option(min=1)] = 7_000,
) -> None:
    """Train a generative adversarial network on the catalogue's products and draw what it learnt."""
    torch.set_num_threads(1)  # networks this small gain nothing from a second one
    for model in train(load_pictures(work), steps):
        save_grid(out, show(model))
    print(f"{out}: {9 * COLUMNS} samples")


if __name__ == "__main__":
    try:
        typer.run(main)
    except StudioError as error:
        sys.exit(complain(error))
