"""The text encoder: a small CLIP text Transformer that writes the concept vectors of a prompt.

A prompt takes the first WORDS positions; the positions after them, one for each attribute, see all of it
(attention is causal) and learn to hold the attribute's vector of the concept table, or that of "unsaid".
Every other position learns to be blank. So the denoiser sees the same vectors, whatever the wording.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.pretraining.captions import CaptionLanguage, caption_with_facts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import WORDS, ConceptTable, stated_classes
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.trainer import Chance

SCENES = 16  # in a step, each described twice
LANGUAGES: tuple[CaptionLanguage, ...] = ("zh", "en", "mixed")
SHARES = (0.4, 0.5, 0.1)
EMPTY = 0.05  # share of prompts without a word
FIRST = {"object": 4.0, "color": 4.0, "backdrop": 2.0}
"""Attributes by which a picture is judged first count so much more. English needs it for colours: "red" is also part of
red envelopes and red wine, 红色 of nothing else.
"""
SHARPNESS = 20.0  # inverse temperature of the contrast


def text_encoder(tokenizer: PreTrainedTokenizerFast, length: int, width: int) -> CLIPTextModel:
    """An untrained encoder for prompts padded to `length` tokens."""
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=3 * width, projection_dim=width,
        num_hidden_layers=3, num_attention_heads=8, max_position_embeddings=length, hidden_act="gelu",
        pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, attn_implementation="sdpa",
    ))  # fmt: skip


@dataclass(frozen=True)
class Prompts:
    """Token numbers (B, length) and what the prompts state (B, attributes)."""

    tokens: Tensor
    said: Tensor


def tokenize(texts: Sequence[str], tokenizer: PreTrainedTokenizerFast, length: int) -> Tensor:
    """Token numbers (B, length): at most WORDS of words, then padding."""
    rows = tokenizer(list(texts), truncation=True, max_length=WORDS, padding="max_length")["input_ids"]
    tokens = torch.tensor(rows)
    return F.pad(tokens, (0, length - tokens.shape[1]), value=tokenizer.pad_token_id)


def draw_prompts(
    rng: np.random.Generator, catalogue: Catalogue, objects: Sequence[str],
    tokenizer: PreTrainedTokenizerFast, length: int, count: int = SCENES,
) -> Prompts:  # fmt: skip
    """`count` scenes, each described twice in a language drawn by lot; a share of descriptions is empty."""
    texts, said = [], []
    for _ in range(count):
        scene = sample_scene(rng, catalogue, objects)
        for _ in range(2):
            text, facts = caption_with_facts(scene, rng, LANGUAGES[rng.choice(3, p=SHARES)], catalogue)
            if rng.random() < EMPTY:
                text, facts = "", set()
            texts.append(text)
            said.append(stated_classes(scene, facts, catalogue))
    return Prompts(tokenize(texts, tokenizer, length), torch.from_numpy(np.stack(said)))


def concept_loss(
    model: CLIPTextModel, table: ConceptTable, catalogue: Catalogue, objects: Sequence[str],
    tokenizer: PreTrainedTokenizerFast, device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """Distance to the vectors of the table, and a contrast of each vector with all classes of its attribute."""
    length = WORDS + len(table.sizes)
    weights = torch.tensor([FIRST.get(name, 1.0) for name in table.sizes])
    weights = (weights / weights.mean()).to(device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        prompts = draw_prompts(chance.numpy, catalogue, objects, tokenizer, length)
        said = prompts.said.to(device)
        hidden = model(prompts.tokens.to(device)).last_hidden_state
        with torch.no_grad():
            target = table(said)
        error = (hidden - target).square().mean(-1)
        distance = (error[:, WORDS:] * weights).mean() + 0.3 * error[:, :WORDS].mean()
        logits = class_logits(hidden, table)
        contrasts = torch.stack([F.cross_entropy(row, said[:, n]) for n, row in enumerate(logits)])
        contrast = (contrasts * weights).mean()
        return {"loss": distance + 0.3 * contrast, "distance": distance, "contrast": contrast}

    return loss


def class_logits(hidden: Tensor, table: ConceptTable) -> list[Tensor]:
    """For each attribute the likeness (B, 1 + classes) of its position's vector to the vectors of its classes."""
    hidden = F.normalize(hidden[:, WORDS:], dim=-1)
    return [hidden[:, n] @ F.normalize(table.classes(name), dim=-1).T * SHARPNESS for n, name in enumerate(table.sizes)]


@torch.no_grad()
def classes_right(model: CLIPTextModel, prompts: Prompts, table: ConceptTable) -> dict[str, float]:
    """Share of prompts in which the nearest class is the one that is stated, for each attribute."""
    logits = class_logits(model(prompts.tokens).last_hidden_state, table)
    return {
        name: float((row.argmax(-1) == prompts.said[:, n]).float().mean())
        for n, (name, row) in enumerate(zip(table.sizes, logits, strict=True))
    }
