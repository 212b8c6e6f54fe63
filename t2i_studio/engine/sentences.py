"""Sentence vectors by a local encoder: mean pooling over tokens (Reimers and Gurevych, Sentence-BERT, 2019)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

BATCH = 256


@torch.no_grad()
def sentence_vectors(folder: Path, sentences: Sequence[str]) -> np.ndarray:
    """Unit vectors (N, d) of sentences, by the encoder in a folder as transformers keeps it."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    parts = []
    for begin in range(0, len(sentences), BATCH):
        tokens = tokenizer(list(sentences[begin : begin + BATCH]), padding=True, truncation=True, return_tensors="pt")
        hidden = encoder(**tokens).last_hidden_state
        there = tokens["attention_mask"][..., None]
        parts.append(torch.nn.functional.normalize((hidden * there).sum(1) / there.sum(1), dim=-1))
    return torch.cat(parts).numpy()
