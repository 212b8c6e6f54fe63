"""The recipe from end to end: each stage reads what earlier stages left in the work folder and leaves its own.

renders/      cut-outs of the catalogue, as fetched
corpus-T/     composed scenes of the objects up to tier T, at 128 px
code.safetensors    the linear latent code
denoiser/ text_encoder/ autoencoder/ judge/    training runs
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from t2i_studio.pretraining import corpus, denoiser, probe
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import fetch_renders, load_catalogue
from t2i_studio.pretraining.concepts import ConceptTable
from t2i_studio.pretraining.latents import SIZE, PatchCode, fit_patch_code
from t2i_studio.pretraining.scenes import Scene, sample_scene
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train

CHANNELS = 96
HELD_OUT = 10_000  # seeds from here on are never trained on


def compose_scenes(work: Path, tier: int, count: int) -> Iterator[int]:
    """Compose the corpus of a tier, and fit the latent code if there is none; yields the number done by now."""
    objects = load_catalogue().tier(tier)
    yield from corpus.compose(work / f"corpus-{tier}", fetch_renders(work), objects, count, SIZE, seed=tier)
    if not (work / "code.safetensors").exists():
        parts = islice(corpus.parts(work / f"corpus-{tier}"), 4)
        fit_patch_code(np.concatenate([pictures for pictures, _, _ in parts]), CHANNELS).save(
            work / "code.safetensors"
        )


def new_denoiser() -> denoiser.Denoiser:
    """The denoiser with its concept table, untrained."""
    torch.manual_seed(0)
    table = ConceptTable(attribute_sizes(load_catalogue()), denoiser.WIDTH)
    return denoiser.Denoiser(denoiser.unet(CHANNELS), table)


def train_denoiser(work: Path, tier: int, plan: Plan) -> None:
    """Train the denoiser on the corpus of a tier; goes on from the checkpoint, whatever tier that was of."""
    catalogue, device = load_catalogue(), probe.device()
    code = PatchCode.load(work / "code.safetensors")
    data = denoiser.encode_corpus(corpus.parts(work / f"corpus-{tier}"), code)
    model = new_denoiser().to(device)
    grid = denoiser.progress_grid(model, code, one_of_each(tier), catalogue, device)
    loss = denoiser.denoising_loss(model, data, catalogue, device)
    with probe.autocast(device):
        train(model, loss, plan, Run(work / "denoiser"), [model.table.rows.weight, model.table.blank], grid)


def trained_denoiser(work: Path) -> denoiser.Denoiser:
    """The denoiser with the averaged weights of its newest checkpoint."""
    return averaged(Run(work / "denoiser"), new_denoiser())  # type: ignore[return-value]


def one_of_each(tier: int) -> list[Scene]:
    """A held-out scene of each object, at the usual distance so that sheets are easy to judge."""
    catalogue = load_catalogue()
    rng = np.random.default_rng(HELD_OUT)
    scenes = []
    for name in catalogue.tier(tier):
        while (scene := sample_scene(rng, catalogue, [name])).style["distance"] < 3:
            pass
        scenes.append(scene)
    return scenes
