"""A finished model folder as the beginning of further training, where the runs that made it are gone.

The folder has no latent code and no concept table, but networks that were made from them. The autoencoder's encoder
is the code, written as convolutions: it is asked for each pixel. The text encoder was taught to write the table's
vectors: each class's vector is the mean of what it writes for prompts that state the class.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.errors import StudioError
from t2i_studio.judge.network import Judge
from t2i_studio.pretraining.autoencoder import FACTOR
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import WORDS, ConceptTable
from t2i_studio.pretraining.export import preview_map
from t2i_studio.pretraining.latents import PATCH, PatchCode, to_tensor
from t2i_studio.pretraining.text_encoder import draw_prompts
from t2i_studio.pretraining.trainer import Plan, Run, new_optimizer

PROMPTS = 1_000
OTHER_LOTS = 7_001  # than those of any table that was trained


@torch.no_grad()
def recover_code(vae: AutoencoderTiny, pictures: np.ndarray) -> PatchCode:
    """The latent code of the autoencoder, from its encoder's answer to every pixel of a picture of one cell.

    pictures: (N, 128, 128, 3) uint8 scenes; the mean of their patches tells what no latent holds.
    """
    pixels = torch.eye(3 * PATCH**2).view(-1, 3, PATCH, PATCH)
    rest = vae.encoder(torch.zeros(1, 3, FACTOR, FACTOR))[0, :, 0, 0]
    answers = vae.encoder(F.interpolate(pixels, scale_factor=FACTOR // PATCH))[..., 0, 0] - rest
    projection = answers.T * vae.config.scaling_factor  # type: ignore[attr-defined]
    scale = 1 / projection.norm(dim=1)
    basis = projection * scale[:, None]
    mean = F.unfold(to_tensor(pictures), PATCH, stride=PATCH).mean((0, 2))
    held = -rest * vae.config.scaling_factor * scale  # type: ignore[attr-defined]
    return PatchCode(mean + basis.T @ (held - basis @ mean), basis.contiguous(), scale)


def check_code(code: PatchCode, folder: Path) -> None:
    """StudioError when the previews of the model folder are not those of `code`: its encoder was no code of ours."""
    theirs = json.loads((folder / "studio.json").read_text(encoding="utf-8"))["preview"]["matrix"]
    ours = preview_map(code)["matrix"]
    if np.shape(ours) != np.shape(theirs) or np.abs(np.subtract(ours, theirs)).max() > 0.01:
        raise StudioError("recipe.other_code", path=folder)


@torch.no_grad()
def recover_table(
    table: ConceptTable, encoder: CLIPTextModel, tokenizer: PreTrainedTokenizerFast,
    catalogue: Catalogue, objects: Sequence[str], prompts: int = PROMPTS,
) -> None:  # fmt: skip
    """Give `table` the vectors that `encoder` writes for the classes that prompts about `objects` state, and new random
    ones for the others: their rows began as those of other classes, which are still near where they began.
    """
    rng = np.random.default_rng(0)
    length = WORDS + len(table.sizes)
    sums = torch.zeros_like(table.rows.weight)
    counts = torch.zeros(len(sums), 1)
    blanks = []
    for _ in range(0, prompts, 200):
        drawn = draw_prompts(rng, catalogue, objects, tokenizer, length, 100)
        hidden = encoder(drawn.tokens).last_hidden_state.float()
        rows = (drawn.said + table.offsets).flatten()
        sums.index_add_(0, rows, hidden[:, WORDS:].flatten(0, 1))
        counts.index_add_(0, rows, torch.ones(len(rows), 1))
        blanks.append(hidden[:, :WORDS].mean((0, 1)))
    stated = counts[:, 0] > 0
    table.rows.weight.copy_(torch.randn(sums.shape, generator=torch.Generator().manual_seed(OTHER_LOTS)))
    table.rows.weight[stated] = (sums / counts.clamp(min=1))[stated]
    table.blank.copy_(torch.stack(blanks).mean(0))


def with_words(
    theirs: CLIPTextModel, their_words: PreTrainedTokenizerFast, ours: CLIPTextModel, our_words: PreTrainedTokenizerFast
) -> dict[str, torch.Tensor]:
    """Their weights for our words: the embedding of every token that both have, ours as it is for the others."""
    weights = dict(theirs.state_dict())
    embedding = ours.get_input_embeddings().weight.detach().clone()
    learnt = theirs.get_input_embeddings().weight
    numbers = their_words.get_vocab()
    for token, number in our_words.get_vocab().items():
        if token in numbers:
            embedding[number] = learnt[numbers[token]]
    name = next(name for name, value in weights.items() if value is learnt or value.data_ptr() == learnt.data_ptr())
    return weights | {name: embedding}


def with_classes(theirs: Judge, ours: Judge) -> dict[str, torch.Tensor]:
    """Their weights for our classes: the row of every class that both have, ours as it is for the others."""
    weights = dict(theirs.state_dict())
    for (attribute, ids), (key, head) in zip(ours.classes.items(), ours.heads.items(), strict=True):
        known = {id: row for row, id in enumerate(theirs.classes[attribute])}
        for part, own in head.state_dict().items():
            rows, learnt = own.clone(), weights[f"heads.{key}.{part}"]
            for row, id in enumerate(ids):
                if id in known:
                    rows[row] = learnt[known[id]]
            weights[f"heads.{key}.{part}"] = rows
    return weights


def check_new(*runs: Run) -> None:
    """StudioError when one of the runs has been begun."""
    for run in runs:
        if run.checkpoint.exists():
            raise StudioError("recipe.run_begun", path=run.folder)


def begin_from(run: Run, model: nn.Module, plan: Plan, fast: list[nn.Parameter], led: bool = False) -> None:
    """Write a checkpoint at step 0 that has the model's weights. led: guidance is folded into them; kept until the run
    has taken steps, which unlearn it.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    weights, optimizer = model.state_dict(), new_optimizer(model, fast, plan).state_dict()
    run.save({"step": 0, "model": weights, "ema": weights, "optimizer": optimizer, "led": led})


def check_not_led(run: Run) -> None:
    """StudioError when the weights of a denoiser's run are still those of a student: nothing is left to fold in."""
    state = run.load()
    if state and state.get("led"):
        raise StudioError("recipe.led_already", path=run.folder)
