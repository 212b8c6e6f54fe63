"""The recipe from end to end: each stage reads what earlier stages left in the work folder and leaves its own.

renders/      cut-outs of the catalogue, as fetched
corpus-T/     composed scenes of the objects up to tier T, at 128 px
code.safetensors    the linear latent code
denoiser/ text_encoder/ autoencoder/ judge/    training runs
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.pretraining import autoencoder, corpus, denoiser, probe, text_encoder
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import fetch_renders, load_catalogue
from t2i_studio.pretraining.concepts import WORDS, ConceptTable
from t2i_studio.pretraining.latents import SIZE, PatchCode, fit_patch_code, psnr, to_tensor
from t2i_studio.pretraining.scenes import Scene, sample_scene
from t2i_studio.pretraining.tokenizer import build_tokenizer
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train

CHANNELS = 96
HELD_OUT = 10_000  # seeds from here on are never trained on


def compose_scenes(work: Path, tier: int, count: int) -> Iterator[int]:
    """Compose the corpus of a tier, and fit the latent code if there is none; yields the number done by now."""
    objects = load_catalogue().tier(tier)
    yield from corpus.compose(work / f"corpus-{tier}", fetch_renders(work), objects, count, SIZE, seed=tier)
    if not (work / "code.safetensors").exists():
        parts = islice(corpus.parts(work / f"corpus-{tier}"), 4)
        fit_patch_code(np.concatenate([pictures for pictures, _, _ in parts]), CHANNELS).save(work / "code.safetensors")


def new_denoiser() -> denoiser.Denoiser:
    """The denoiser with its concept table, untrained."""
    torch.manual_seed(0)
    table = ConceptTable(attribute_sizes(load_catalogue()), denoiser.WIDTH)
    return denoiser.Denoiser(denoiser.unet(CHANNELS), table)


def train_denoiser(work: Path, tier: int, plan: Plan, objects: Sequence[str] | None = None, nearest: int = 1) -> None:
    """Train the denoiser on the corpus of a tier; goes on from the checkpoint, whatever it was trained on.

    objects, nearest: restrict the lesson to some of the tier's objects, and to scenes from that level of distance.
    """
    catalogue, device = load_catalogue(), probe.device()
    code = PatchCode.load(work / "code.safetensors")
    objects = objects or catalogue.tier(tier)
    data = _latent_scenes(work / f"corpus-{tier}", code).only(objects, nearest)
    model = new_denoiser().to(device)
    grid = denoiser.progress_grid(model, code, one_of_each(objects), catalogue, device)
    loss = denoiser.denoising_loss(model, data, catalogue, device)
    with probe.autocast(device):
        train(model, loss, plan, Run(work / "denoiser"), [model.table.rows.weight, model.table.blank], grid)


def _latent_scenes(folder: Path, code: PatchCode) -> denoiser.LatentScenes:
    """The corpus as latents; kept beside it, since a run is resumed often."""
    kept = folder / "latents.npz"
    if not kept.exists():
        data = denoiser.encode_corpus(corpus.parts(folder), code)
        np.savez(partial := folder / "latents.part.npz", latents=data.latents.numpy(), masks=data.masks.numpy())
        partial.rename(kept)
    with np.load(kept) as file:
        latents, masks = torch.from_numpy(file["latents"]), torch.from_numpy(file["masks"])
    return denoiser.LatentScenes(latents, masks, corpus.scenes(folder))


def trained_denoiser(work: Path) -> denoiser.Denoiser:
    """The denoiser with the averaged weights of its newest checkpoint."""
    return averaged(Run(work / "denoiser"), new_denoiser())  # type: ignore[return-value]


def new_text_encoder() -> tuple[CLIPTextModel, PreTrainedTokenizerFast]:
    """The text encoder, untrained, and its tokenizer."""
    torch.manual_seed(0)
    catalogue = load_catalogue()
    tokenizer = build_tokenizer(catalogue)
    length = WORDS + len(attribute_sizes(catalogue))
    return text_encoder.text_encoder(tokenizer, length, denoiser.WIDTH), tokenizer


def train_text_encoder(work: Path, tier: int, plan: Plan) -> dict[str, float]:
    """Teach the text encoder the denoiser's concepts; returns the share of held-out prompts understood."""
    catalogue, device = load_catalogue(), probe.device()
    objects = catalogue.tier(tier)
    table = trained_denoiser(work).table.requires_grad_(False)
    model, tokenizer = new_text_encoder()
    loss = text_encoder.concept_loss(model.to(device), table.to(device), catalogue, objects, tokenizer, device)
    words = [model.get_input_embeddings().weight]
    with probe.autocast(device):
        train(model, loss, plan, Run(work / "text_encoder"), words)
    prompts = text_encoder.draw_prompts(
        np.random.default_rng(HELD_OUT), catalogue, objects, tokenizer, WORDS + len(table.sizes), 200
    )
    return text_encoder.classes_right(model.cpu(), prompts, table.cpu())


def train_autoencoder(work: Path, tier: int, count: int, plan: Plan) -> float:
    """Train the autoencoder on `count` scenes composed at both sizes; returns the PSNR of held-out scenes."""
    catalogue, device = load_catalogue(), probe.device()
    code = PatchCode.load(work / "code.safetensors")
    pairs = _pairs(work / f"pairs-{tier}", catalogue.tier(tier), fetch_renders(work), count, HELD_OUT - tier, code)
    fresh = _pairs(work / "pairs-held-out", catalogue.tier(tier), fetch_renders(work), 32, HELD_OUT + tier, code)
    torch.manual_seed(0)
    model = autoencoder.autoencoder(CHANNELS).to(device)
    with probe.autocast(device):
        grid = autoencoder.reconstruction_grid(model, fresh, device)
        train(model, autoencoder.reconstruction_loss(model, pairs, device), plan, Run(work / "autoencoder"), grid=grid)
    with torch.no_grad():
        return psnr(model.cpu().decode(fresh.latents).sample, to_tensor(fresh.pictures))


def _pairs(
    folder: Path, objects: list[str], renders: Path, count: int, seed: int, code: PatchCode
) -> autoencoder.Pairs:
    for size in (SIZE, 2 * SIZE):
        deque(corpus.compose(folder / str(size), renders, objects, count, size, seed), maxlen=0)
    small, large = (np.concatenate([p for p, _, _ in corpus.parts(folder / str(size))]) for size in (SIZE, 2 * SIZE))
    return autoencoder.pair_up(small, large, code)


def one_of_each(objects: Sequence[str]) -> list[Scene]:
    """A held-out scene of each object, at the usual distance so that sheets are easy to judge."""
    catalogue = load_catalogue()
    rng = np.random.default_rng(HELD_OUT)
    scenes = []
    for name in objects:
        while (scene := sample_scene(rng, catalogue, [name])).style["distance"] < 3:
            pass
        scenes.append(scene)
    return scenes
