"""The stages that turn latents into pictures: the autoencoder, computed, and the upscaler, trained."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor

from t2i_studio.domain import NEUTRAL
from t2i_studio.pretraining import autoencoder, corpus, probe, upscaling
from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue, catalogue_of, fetch_renders, tables_of
from t2i_studio.pretraining.concepts import stated_classes
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.denoiser import Denoiser, redraw
from t2i_studio.pretraining.export import Sampling
from t2i_studio.pretraining.latents import SIZE, PatchCode, decibels, psnr, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Plan, Run, train
from t2i_studio.pretraining.writing import writing
from t2i_studio.upscaling.cells import cell_pictures, decoded
from t2i_studio.upscaling.folder import load_upscaler, save_upscaler
from t2i_studio.upscaling.network import SCALE, Upscaler, grown

LARGE = 2 * SIZE  # of the autoencoder's pictures
SKIPPED = (0.4, 0.9)  # share of the steps left out where the model draws over a scene: the more, the more stays
HELD_OUT_SCENES = 256  # one alone comes back at 26 to 37 dB
OFTEN = 4  # how much more often scenes with confetti are shown, which is easily taken for grain


@dataclass(frozen=True)
class Quality:
    """PSNR in dB. mean: of the pictures' own, as the field tells it. pooled: of all their pixels at once, which the
    hardest pictures decide.
    """

    mean: float
    pooled: float


def fit_autoencoder(work: Path, tier: int, count: int) -> float:
    """Compute the autoencoder from `count` scenes composed at both sizes; returns the PSNR of held-out scenes."""
    code = PatchCode.load(work / "code.safetensors")
    latents, pictures, _ = _pairs(work, f"pairs-{tier}", tier, count, HELD_OUT - tier, code, LARGE)
    enlargement = autoencoder.fit_enlargement(latents, pictures, autoencoder.LATENT_NOISE)
    model = autoencoder.autoencoder(code, enlargement, latents.std((0, 2, 3)))
    save_autoencoder(work, model)
    held_out = min(HELD_OUT_SCENES, count)
    latents, pictures, _ = _pairs(work, "pairs-held-out", tier, held_out, HELD_OUT + tier, code, LARGE)
    with torch.no_grad():
        return psnr(model.decode(latents / autoencoder.LATENT_SCALE).sample, to_tensor(pictures))


def save_autoencoder(work: Path, model: AutoencoderTiny) -> None:
    """Leave the autoencoder in the work folder."""
    with writing(work / "autoencoder"):
        model.save_pretrained(work / "autoencoder")


def train_upscaler(
    work: Path, tier: int, count: int, plan: Plan, model: Denoiser, sampling: Sampling
) -> dict[str, Quality]:  # fmt: skip
    """Teach the upscaler on `count` scenes and on what `model` draws over them as it is meant to; returns how well
    held-out scenes come back from it (upscaled) and from bicubic enlargement (bicubic), both at full size.

    Where the work folder has a finished one and no run, as warm_start leaves it, the run begins with that one.
    """
    code, device = PatchCode.load(work / "code.safetensors"), probe.device()
    cells = cell_pictures(AutoencoderTiny.from_pretrained(work / "autoencoder"))
    name, seed = f"upscaling-{tier}", HELD_OUT - 100 - tier
    clean, pictures, scenes = _pairs(work, name, tier, count, seed, code, SCALE * LARGE)
    drawn = _drawn_over(model.to(device), sampling, clean, scenes, catalogue_of(work), device)
    rivals, run = upscaling.Rivals(), Run(work / "upscaler")
    if not run.checkpoint.exists() and (finished := load_upscaler(work)):
        rivals.upscaler = grown(finished)
    rivals.to(device)
    times = [OFTEN if scene.style["playfulness"] > NEUTRAL else 1 for scene in scenes]
    lessons = upscaling.Lessons(clean, drawn, cells, pictures, np.repeat(np.arange(len(scenes)), times))
    loss = upscaling.upscaling_loss(rivals, lessons, plan.steps)
    with probe.autocast(device):
        train(rivals, loss, plan, run)
    with writing(work / "upscaler"):
        save_upscaler(work, rivals.cpu().upscaler)
    held_out = min(HELD_OUT_SCENES, count)
    latents, large, _ = _pairs(work, "upscaling-held-out", tier, held_out, HELD_OUT + tier, code, SCALE * LARGE)
    return {
        name: quality(latents, large, cells, upscaler)
        for name, upscaler in (("upscaled", load_upscaler(work) or Upscaler()), ("bicubic", Upscaler()))
    }


@torch.no_grad()
def quality(latents: Tensor, scenes: np.ndarray, cells: Tensor, upscaler: Upscaler) -> Quality:
    """That of scenes (N, 512, 512, 3) uint8 as they come back from their latents (N, C, 8, 8)."""
    errors = torch.tensor([
        (upscaler(decoded(latent[None], cells)).clamp(-1, 1) - to_tensor(scene[None])).square().mean()
        for latent, scene in zip(latents, scenes, strict=True)
    ])  # fmt: skip
    return Quality(float(decibels(errors).mean()), float(decibels(errors.mean())))


def _drawn_over(
    model: Denoiser, sampling: Sampling, clean: Tensor, scenes: Sequence[Scene], catalogue: Catalogue,
    device: torch.device, batch: int = 32,
) -> Tensor:  # fmt: skip
    """What the model makes of each scene's own latents and a full description, begun at steps drawn by lot."""
    said = [stated_classes(scene, set(attributes(scene, catalogue)), catalogue) for scene in scenes]
    rng = np.random.default_rng(0)
    drawn = []
    for begin in range(0, len(scenes), batch):
        some = torch.from_numpy(np.stack(said[begin : begin + batch])).to(device)
        over, skipped = clean[begin : begin + batch].to(device), int(rng.uniform(*SKIPPED) * sampling.steps)
        drawn.append(redraw(model, over, some, skipped, sampling.steps, sampling.guidance, begin).cpu())
    return torch.cat(drawn)


def _pairs(
    work: Path, name: str, tier: int, count: int, seed: int, code: PatchCode, large: int
) -> tuple[Tensor, np.ndarray, list[Scene]]:  # fmt: skip
    """Latents (N, C, 8, 8) of scenes at 128 px, the same scenes at `large` px (N, large, large, 3) uint8, and what they
    show.
    """
    folder, tables, renders = work / name, tables_of(work), fetch_renders(work)
    objects = catalogue_of(work).tier(tier)
    for size in (SIZE, large):
        deque(corpus.compose(folder / str(size), renders, objects, count, size, seed, tables), maxlen=0)
    small, scenes = corpus.first(folder / str(SIZE), count)
    return code.encode(to_tensor(small)), corpus.first(folder / str(large), count)[0], scenes
