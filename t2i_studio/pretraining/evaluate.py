"""What the finished model folder can do: held-out prompts in, pictures out, the judge's verdict on each attribute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from scipy.stats import spearmanr
from torch import Tensor

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.judge.seeing import Sees, verdicts
from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.captions import CaptionLanguage, caption_with_facts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import sample_scene

BATCH = 8


@dataclass(frozen=True)
class Question:
    """A prompt, its language, the class of every attribute of the scene it describes, and what it states of it."""

    text: str
    language: str
    classes: dict[str, int]
    facts: set[str]


def questions(catalogue: Catalogue, objects: Sequence[str], count: int, seed: int) -> list[Question]:
    """`count` prompts in natural wording, in turn about each object and in turn Chinese and English."""
    rng = np.random.default_rng(seed)
    asked = []
    for number in range(count):
        scene = sample_scene(rng, catalogue, [objects[number // 2 % len(objects)]])
        language: CaptionLanguage = "en" if number % 2 else "zh"
        text, facts = caption_with_facts(scene, rng, language, catalogue)
        asked.append(Question(text, language, attributes(scene, catalogue), facts))
    return asked


def draw(
    pipe: StableDiffusionPipeline, texts: Sequence[str], steps: int, guidance: float,
    progress: Callable[[int], None] = lambda done: None,
) -> Tensor:  # fmt: skip
    """Pictures (N, 3, H, W) in [−1, 1], prompt k from seed k."""
    pipe.set_progress_bar_config(disable=True)
    pictures = []
    for begin in range(0, len(texts), BATCH):
        some = list(texts[begin : begin + BATCH])
        seeds = [torch.Generator().manual_seed(begin + k) for k in range(len(some))]
        made = pipe(some, num_inference_steps=steps, guidance_scale=guidance, generator=seeds, output_type="pt")
        pictures.append(made.images.float().cpu() * 2 - 1)
        progress(begin + len(some))
    return torch.cat(pictures)


def scores(asked: Sequence[Question], pictures: Tensor, judge: Sees) -> dict[str, float]:
    """Share of stated attributes that the judge sees in the pictures, by attribute, in 0–1; what no prompt
    states is left out.

    props: over all kinds of props of prompts that name any. zh_minus_en: difference of "object".
    style.CONTROL: Spearman correlation of the level asked for with the level the judge sees (its expectation).
    """
    seen = verdicts(judge, pictures)
    right = {
        name: np.array([int(likely.argmax()) == q.classes[name] for likely, q in zip(seen[name], asked, strict=True)])
        for name in seen
    }
    stated = {name: np.array([name in q.facts for q in asked]) for name in seen}
    result = {
        key: _mean(right[name][stated[name]])
        for key, name in (("object", "object"), ("object_color", "color"), ("backdrop", "backdrop"),
                          ("podium", "podium"), ("position", "position"))
    }  # fmt: skip
    props = [name for name in seen if name.startswith("prop.")]
    result["props"] = _mean(np.concatenate([right[name][stated[name]] for name in props]))
    chinese = np.array([q.language == "zh" for q in asked])
    result["zh_minus_en"] = _mean(right["object"][chinese]) - _mean(right["object"][~chinese])
    for control in STYLE_CONTROLS:
        levels = (seen[control] * torch.arange(1, 6)).sum(-1).numpy()
        wanted = np.array([1 + q.classes[control] for q in asked])
        told = stated[control]
        result[f"style.{control}"] = _rank_correlation(wanted[told], levels[told])
    return {name: round(value, 4) for name, value in result.items() if np.isfinite(value)}


def recognised(asked: Sequence[Question], pictures: Tensor, judge: Sees, catalogue: Catalogue) -> dict[str, float]:
    """For each object that was asked for, the share of its pictures in which the judge sees it."""
    seen = verdicts(judge, pictures)["object"].argmax(-1).tolist()
    names = list(catalogue.objects)
    hits: dict[str, list[bool]] = {}
    for answer, question in zip(seen, asked, strict=True):
        hits.setdefault(names[question.classes["object"]], []).append(answer == question.classes["object"])
    return {name: _mean(np.array(marks)) for name, marks in hits.items()}


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; not a number when one of them does not vary."""
    varied = len(a) > 1 and np.ptp(a) > 0 and np.ptp(b) > 0
    return float(spearmanr(a, b).statistic) if varied else float("nan")


def _mean(marks: np.ndarray) -> float:
    return float(marks.mean()) if len(marks) else float("nan")
