"""What a text encoder that ignores the order of words can do: a bag of words, and a mean of word vectors.

Both see the tokens that the Transformer sees, are fitted on captions such as it learnt from, and answer with the
vectors it answers with, by ridge regression. A regression is linear in what it is fitted to, so it is fitted to the
classes (0 or 1), which then weigh their vectors: the same as one fitted to the vectors.
"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast

from t2i_studio.pretraining.concepts import ConceptTable
from t2i_studio.pretraining.text_encoder import Prompts

PENALTY = 0.1  # of the ridge; a tenth or ten times of it changes little
WINDOW = 5  # tokens to each side that are a word's context
DIMENSIONS = 256  # of a word's vector: the width of the Transformer

Features = Callable[[Tensor], Tensor]


def words_of(prompts: Prompts, tokenizer: PreTrainedTokenizerFast) -> Tensor:
    """The numbers of all tokens in the prompts, in rising order, but for <pad>, <bos> and <eos>."""
    marks = {tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id}
    return torch.tensor(sorted(set(prompts.tokens.flatten().tolist()) - marks))


def bag_of_words(words: Tensor) -> Features:
    """How often each of `words` is in a prompt: token numbers (B, length) → (B, words)."""

    def counts(tokens: Tensor) -> Tensor:
        places = torch.searchsorted(words, tokens).clamp(max=len(words) - 1)
        known = (words[places] == tokens).float()
        return torch.zeros(len(tokens), len(words)).scatter_add_(1, places, known)

    return counts


def mean_of_vectors(words: Tensor, vectors: Tensor) -> Features:
    """The mean of the vectors (words, dimensions) of a prompt's words; 0 of a prompt that has none of them."""
    counts = bag_of_words(words)

    def means(tokens: Tensor) -> Tensor:
        bags = counts(tokens)
        return bags @ vectors / bags.sum(1, keepdim=True).clamp(min=1)

    return means


def word_vectors(tokens: Tensor, words: Tensor, dimensions: int = DIMENSIONS) -> Tensor:
    """A vector (words, dimensions) of each of `words`, from what stands beside it in captions (B, length).

    The positive pointwise mutual information of a word and a neighbour, max(0, log P(a, b) / (P(a) P(b))), factored by
    singular values into U·√Σ: the matrix that word2vec's skip-gram with negative sampling factors implicitly, here with
    one negative sample (Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization").
    """
    size = int(tokens.max()) + 1
    pairs = torch.zeros(size * size, dtype=torch.int64)
    for gap in range(1, WINDOW + 1):
        pairs += torch.bincount((tokens[:, :-gap] * size + tokens[:, gap:]).flatten(), minlength=size * size)
    ordered = pairs.view(size, size)[words][:, words].double()
    together = ordered + ordered.T
    alone = together.sum(1)
    expected = alone[:, None] * alone / together.sum()
    information = torch.where(together > 0, together / expected, 1).log().clamp(min=0)
    start = np.ones(len(words))  # else the solver begins by lot
    left, values, _ = svds(csr_array(information.numpy()), k=min(dimensions, len(words) - 1), v0=start)
    return torch.from_numpy(left * np.sqrt(values)).float()


def ridge(features: Features, lessons: Prompts, table: ConceptTable) -> Callable[[Prompts], Tensor]:
    """The ridge regression, with an intercept, from features of `lessons` to the vectors of what they state.

    It answers prompts with vectors (B, attributes, width).
    """
    seen = features(lessons.tokens)
    stated = torch.cat([F.one_hot(lessons.said[:, n], 1 + size) for n, size in enumerate(table.sizes.values())], 1)
    middle, usual = seen.mean(0), stated.float().mean(0)
    seen = seen - middle
    moments = seen.T @ seen + PENALTY * torch.eye(seen.shape[1])
    weights = torch.linalg.solve(moments, seen.T @ (stated - usual))
    classes = [table.classes(name).detach() for name in table.sizes]

    def read(prompts: Prompts) -> Tensor:
        shares = usual + (features(prompts.tokens) - middle) @ weights
        parts = shares.split([len(vectors) for vectors in classes], 1)
        return torch.stack([part @ vectors for part, vectors in zip(parts, classes, strict=True)], 1)

    return read
