"""A variational autoencoder (Kingma & Welling 2014, arXiv 1312.6114) that learns to draw small grey products.

    python -m examples.vae

The encoder says of each picture x where in a space of few dimensions it belongs: a Gaussian q(z|x). The decoder draws a
picture from any point z. Both are trained to raise the evidence lower bound, ELBO ≤ log p(x):

    ELBO = E_q[log p(x|z)]        the picture should come back from its code
         − KL(q(z|x) ‖ N(0, 1))   and all codes together should fill the space without holes,

so that afterwards a point drawn from N(0, 1) is as good as the code of a picture. docs/objectives.md derives it.
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
from torch.optim.lr_scheduler import CosineAnnealingLR

from examples.pictures import COLUMNS, load_pictures, save_grid
from t2i_studio.cli.console import complain
from t2i_studio.errors import StudioError
from t2i_studio.pretraining.objectives import elbo_terms

LATENT = 8  # dimensions of z
SCALE = 0.6  # standard deviation of a pixel in p(x|z): the larger, the less detail is worth a place in the code
BATCH = 64
RATE = 2e-3  # learning rate at first, falling to zero along a cosine


class VAE(nn.Module):
    """Encoder and decoder, each with two convolutions and a few dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.SiLU(),  # 28 → 14 px
            nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.SiLU(),  # 14 → 7 px
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 256), nn.SiLU(),
            nn.Linear(256, 2 * LATENT),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, 512), nn.SiLU(),
            nn.Linear(512, 512), nn.SiLU(),
            nn.Linear(512, 32 * 7 * 7), nn.SiLU(),
            nn.Unflatten(1, (32, 7, 7)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.SiLU(),  # 7 → 14 px
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid(),  # 14 → 28 px
        )  # fmt: skip

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (B, 1, 28, 28) → mean and log-variance of q(z|x), each (B, LATENT)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """Points (B, LATENT) → pictures (B, 1, 28, 28) in 0–1."""
        return self.decoder(z)


def train(pictures: Tensor, steps: int) -> Iterator[VAE]:
    """Raise the ELBO of pictures drawn by lot. Yields the model twenty times, when it prints the means of the terms
    since the last time.
    """
    torch.manual_seed(0)
    model = VAE()
    optimizer = Adam(model.parameters(), RATE, fused=True)
    schedule = CosineAnnealingLR(optimizer, steps)
    seen, every, start = [], max(1, steps // 20), time.monotonic()
    print("  step   −ELBO  −log p(x|z)     KL  (nats a picture)")
    for step in range(1, steps + 1):
        x = pictures[torch.randint(len(pictures), (BATCH,))]
        mean, log_variance = model.encode(x)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)  # z ~ q(z|x), written so that gradients pass
        likelihood, kl = elbo_terms(x, model.decode(z), SCALE, mean, log_variance)
        loss = (kl - likelihood).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        seen.append([loss.item(), -likelihood.mean().item(), kl.mean().item()])
        if step % every == 0:
            total, picture, code = torch.tensor(seen).mean(0).tolist()
            print(f"{step:6} {total:7.1f} {picture:12.1f} {code:6.1f}  {time.monotonic() - start:.0f} s", flush=True)
            seen.clear()
            yield model


@torch.no_grad()
def show(model: VAE, pictures: Tensor) -> list[Tensor]:
    """Samples; some pictures and, below, what comes back of them; a walk from the first of these to the last."""
    lot = torch.Generator().manual_seed(4)  # always the same points and pictures
    samples = model.decode(torch.randn(6 * COLUMNS, LATENT, generator=lot))
    some = pictures[torch.randint(len(pictures), (COLUMNS,), generator=lot)]
    codes = model.encode(some)[0]
    walk = torch.lerp(codes[0], codes[-1], torch.linspace(0, 1, COLUMNS)[:, None])
    return [samples, torch.cat([some, model.decode(codes)]), model.decode(walk)]


def main(
    work: Annotated[Path, typer.Option(help="Folder that has renders/.")] = Path("training"),
    out: Annotated[Path, typer.Option(help="The picture grid, rewritten as training goes on.")] = Path("vae.png"),
    steps: Annotated[int, typer.Option(min=1)] = 7_000,
) -> None:
    """Train a variational autoencoder on the catalogue's products and draw what it learnt."""
    torch.set_num_threads(1)  # networks this small gain nothing from a second one
    pictures = load_pictures(work)
    for model in train(pictures, steps):
        save_grid(out, show(model, pictures))
    print(f"{out}: samples; pictures and what comes back of them; a walk from the first to the last")


if __name__ == "__main__":
    try:
        typer.run(main)
    except StudioError as error:
        sys.exit(complain(error))
