"""How well a text encoder reads: whether captions that state the same come out alike, and others apart.

A prompt's embedding is what the denoiser sees of it, the vectors of the attributes' positions one after the other, less
those of "unsaid": else what two prompts both leave open, most of the 25, would count as likeness of theirs.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.concepts import UNSAID, WORDS, ConceptTable
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.export import known_objects
from t2i_studio.pretraining.text_baselines import bag_of_words, mean_of_vectors, ridge, word_vectors, words_of
from t2i_studio.pretraining.text_encoder import Prompts, class_logits, draw_prompts
from t2i_studio.pretraining.text_questions import Questions, ask
from t2i_studio.pretraining.warm_start import recover_table

BATCH = 100

Reader = Callable[[Prompts], Tensor]
"""Prompts to vectors (B, attributes, width) as the denoiser would see them."""


def score_folder(folder: Path, count: int, lessons: int) -> dict[str, float]:
    """The scores of a model folder's text encoder about the objects of its vocabulary, from `count` scenes.

    word2vec.KEY, bag_of_words.KEY: those of the baselines, fitted on `lessons` scenes, each described twice.
    perfect.KEY: those of the class vectors themselves, which no reader does better than. The vectors are read off the
    encoder (warm_start.recover_table), so that the model folder is enough.
    StudioError model.missing, model.corrupt, recipe.other_words.
    """
    encoder, tokenizer, objects = load(folder)
    catalogue = load_catalogue()
    table = ConceptTable(attribute_sizes(catalogue), encoder.config.hidden_size).requires_grad_(False)
    length = WORDS + len(table.sizes)
    if encoder.config.max_position_embeddings != length:
        raise StudioError("recipe.other_words", path=folder)
    torch.nn.init.zeros_(table.rows.weight)  # so that a class of which nobody speaks is near to nothing
    recover_table(table, encoder, tokenizer, catalogue, objects)
    asked = ask(catalogue, objects, tokenizer, count, HELD_OUT)
    taught = draw_prompts(np.random.default_rng(1), catalogue, objects, tokenizer, length, lessons)
    words = words_of(taught, tokenizer)
    vectors = word_vectors(taught.tokens, words)
    readers: dict[str, Reader] = {
        "": transformer(encoder),
        "word2vec.": ridge(mean_of_vectors(words, vectors), taught, table),
        "bag_of_words.": ridge(bag_of_words(words), taught, table),
        "perfect.": lambda prompts: table(prompts.said)[:, WORDS:],
    }
    return {
        f"{name}{key}": value for name, read in readers.items() for key, value in scores(asked, read, table).items()
    }


def load(folder: Path) -> tuple[CLIPTextModel, PreTrainedTokenizerFast, list[str]]:
    """The text encoder of a model folder in full precision, its tokenizer and the objects of its vocabulary.

    StudioError model.missing, model.corrupt.
    """
    if not folder.is_dir():
        raise StudioError("model.missing", model=folder.name, folder=folder)
    transformers.utils.logging.disable_progress_bar()
    part = "vocabulary.json"
    try:
        objects = known_objects(folder)
        part = "tokenizer"
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / part, local_files_only=True)
        part = "text_encoder"
        encoder = CLIPTextModel.from_pretrained(folder / part, local_files_only=True, dtype=torch.float32)
    except Exception as error:  # the libraries raise a dozen kinds for a damaged folder
        raise StudioError("model.corrupt", model=folder.name, file=part) from error
    return encoder.eval().requires_grad_(False), tokenizer, objects


def transformer(encoder: CLIPTextModel) -> Reader:
    """What the pipeline gives the denoiser, at the positions of the attributes."""

    @torch.no_grad()
    def read(prompts: Prompts) -> Tensor:
        return torch.cat([encoder(some).last_hidden_state[:, WORDS:] for some in prompts.tokens.split(BATCH)])

    return read


def scores(asked: Questions, read: Reader, table: ConceptTable) -> dict[str, float]:
    """Flat keys; cosines in −1 to 1, shares in 0–1.

    translation.: cosines of a Chinese and an English caption that state the same of one scene, their mean and 5 %
    quantile. one_attribute.: of captions one stated attribute of which has another class, mean and 95 % quantile;
    in one language (same.), in two (across.). Both also of the stated attribute in which the two are least alike
    (least.), and of the mean of all positions, "unsaid" and all (pooled.).
    understood.prompts: share of captions in which the nearest class of every stated attribute is the one stated.
    understood.attributes: share of the stated attributes. binding: share of twins both of which are nearer to their
    own scene's vectors than to those of the other's; 0 of a reader that ignores the order of words.
    """
    zh, en, other_zh, other_en = (read(prompts) for prompts in (asked.zh, asked.en, asked.other_zh, asked.other_en))
    same, across = ((zh, other_zh), (en, other_en)), ((zh, other_en), (en, other_zh))
    translated, changed = ((zh, en), (other_zh, other_en)), (*same, *across)
    unsaid, stated = unsaid_vectors(table), asked.zh.said != UNSAID

    def whole(one: Tensor, other: Tensor) -> Tensor:
        return likeness(one - unsaid, other - unsaid)

    def least(one: Tensor, other: Tensor) -> Tensor:
        return least_likeness(one - unsaid, other - unsaid, stated)

    cosines = {
        "translation": (whole, translated, 0.05),
        "translation.least": (least, translated, 0.05),
        "translation.pooled": (pooled_likeness, translated, 0.05),
        "one_attribute": (whole, changed, 0.95),
        "one_attribute.same": (whole, same, 0.95),
        "one_attribute.across": (whole, across, 0.95),
        "one_attribute.least": (least, changed, 0.95),
        "one_attribute.pooled": (pooled_likeness, changed, 0.95),
    }
    result = {}
    for name, (measure, pairs, quantile) in cosines.items():
        found = torch.cat([measure(*pair) for pair in pairs])
        result[f"{name}.mean"] = float(found.mean())
        result[f"{name}.q{100 * quantile:02.0f}"] = float(found.quantile(quantile))
    result |= understood(torch.cat([zh, en]), torch.cat([asked.zh.said, asked.en.said]), table)
    if len(asked.twins[0].said):
        result["binding"] = bound(asked.twins, read, table)
    return {name: round(value, 4) for name, value in result.items()}


def unsaid_vectors(table: ConceptTable) -> Tensor:
    """(attributes, width): the vectors of a prompt that says nothing."""
    return torch.stack([table.classes(name)[UNSAID] for name in table.sizes])


def likeness(one: Tensor, other: Tensor) -> Tensor:
    """Cosine (B) of two embeddings (B, attributes, width), each taken as one long vector; 0 where one of them is 0."""
    return F.cosine_similarity(one.flatten(1), other.flatten(1))


def least_likeness(one: Tensor, other: Tensor, stated: Tensor) -> Tensor:
    """The lowest (B) of the cosines of attributes that are `stated` (B, attributes), which every prompt has."""
    return F.cosine_similarity(one, other, dim=2).masked_fill(~stated, torch.inf).amin(1)


def pooled_likeness(one: Tensor, other: Tensor) -> Tensor:
    """Cosine (B) of the means over the attributes' positions, as sentence encoders are often compared."""
    return F.cosine_similarity(one.mean(1), other.mean(1))


def understood(vectors: Tensor, said: Tensor, table: ConceptTable) -> dict[str, float]:
    """Shares of prompts and of stated attributes whose nearest class, "unsaid" among them, is the one stated."""
    nearest = [logits.argmax(1) for logits in class_logits(F.pad(vectors, (0, 0, WORDS, 0)), table)]
    right, stated = torch.stack(nearest, 1) == said, said != UNSAID
    return {
        "understood.prompts": float((right | ~stated).all(1).float().mean()),
        "understood.attributes": float(right[stated].float().mean()),
    }


def bound(twins: tuple[Prompts, Prompts], read: Reader, table: ConceptTable) -> float:
    """Share of twins told apart; as the group score of Winoground asks of captions (Thrush et al. 2022)."""
    unsaid = unsaid_vectors(table)
    ones, others = (table(prompts.said)[:, WORDS:] - unsaid for prompts in twins)
    one, other = (read(prompts) - unsaid for prompts in twins)
    first = likeness(one, ones) > likeness(one, others)
    second = likeness(other, others) > likeness(other, ones)
    return float((first & second).float().mean())
