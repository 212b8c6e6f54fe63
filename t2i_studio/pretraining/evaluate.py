"""What the finished model folder can do: held-out prompts in, pictures out, the judge's verdict on each attribute."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.framing import telling
from t2i_studio.judge.distances import frechet_distance, mean_distance, squared_distances
from t2i_studio.judge.seeing import Sees, features, verdicts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.export import SIDE, Painter
from t2i_studio.pretraining.prompt_sheet import prompt_sheet
from t2i_studio.pretraining.questions import Question, agreeing, color_pairs, other_scenes, questions, translated
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.upscaling.network import to_pictures

BATCH = 8
SEVERAL = 4  # pictures of one prompt whose variety is measured
PAIRED, VARIED = 4, 16  # prompts of the evaluation for each pair of colours, and for each prompt drawn SEVERAL times


@dataclass(frozen=True)
class Drawn:
    """What a model drew, and the composed scenes beside which its pictures are held.

    pictures, retold, paired: (N, 3, H, W) in [−1, 1], of `asked`, of the same in the other language (`translations`)
    from the same seeds, and of `pairs` (questions.color_pairs). several: SEVERAL pictures of each of some other
    prompts. agreeing: as many composed scenes of which each of these is true. composed, others: two sets of composed
    scenes, each as many and of the same objects as `pictures`.
    """

    asked: list[Question]
    pictures: Tensor
    translations: list[Question]
    retold: Tensor
    pairs: list[Question]
    paired: Tensor
    several: list[list[Image.Image]]
    agreeing: list[list[Image.Image]]
    composed: list[Image.Image]
    others: list[Image.Image]


def draw_all(
    painter: Painter, catalogue: Catalogue, objects: Sequence[str], count: int, renders: Path,
    progress: Callable[[int, int], None],
) -> Drawn:  # fmt: skip
    """`count` held-out prompts about `objects`, their translations, and the prompts of binding and diversity.

    renders: of the composed scenes. progress: told how many pictures of how many there are.
    """
    asked = questions(catalogue, objects, count, HELD_OUT)
    translations = translated(asked, catalogue, (HELD_OUT, 7))
    pairs = color_pairs(catalogue, objects, max(1, count // PAIRED), (HELD_OUT, 1))
    rng = np.random.default_rng((HELD_OUT, 2))
    varied = questions(catalogue, rng.permutation(list(objects)).tolist(), max(1, count // VARIED), (HELD_OUT, 3))
    texts = [[q.text for q in some] for some in (asked, translations, pairs)]
    texts.append([q.text for q in varied for _ in range(SEVERAL)])
    pictures, retold, paired, several = _draw_each(painter, texts, progress)
    renderer = Renderer(catalogue, renders, pictures.shape[-1])

    def composed(scenes: Sequence[Scene]) -> list[Image.Image]:
        return [Image.fromarray(renderer.render(scene)) for scene in scenes]

    return Drawn(
        asked, pictures, translations, retold, pairs, paired,
        several=[to_pictures(some) for some in several.split(SEVERAL)],
        agreeing=[composed([agreeing(q, rng, catalogue) for _ in range(SEVERAL)]) for q in varied],
        composed=composed(other_scenes(catalogue, asked, (HELD_OUT, 4))),
        others=composed(other_scenes(catalogue, asked, (HELD_OUT, 5))),
    )  # fmt: skip


def _draw_each(painter: Painter, texts: Sequence[Sequence[str]], progress: Callable[[int, int], None]) -> list[Tensor]:
    """`draw` for each, with one count of them all."""
    total, done = sum(map(len, texts)), 0

    def more(number: int) -> None:
        nonlocal done
        done += number
        progress(done, total)

    return [draw(painter, some, more) for some in texts]


def draw(painter: Painter, texts: Sequence[str], progress: Callable[[int], None] = lambda more: None) -> Tensor:
    """Pictures (N, 3, H, W) in [−1, 1], prompt k from seed k. progress: told after each batch how many it has."""
    pipe, sampling, upscaler = copy.copy(painter.pipe), painter.sampling, painter.upscaler
    pipe.set_progress_bar_config(disable=True)
    pictures = [torch.empty(0, 3, SIDE, SIDE)] if not texts else []
    for begin in range(0, len(texts), BATCH):
        some = list(texts[begin : begin + BATCH])
        seeds = range(begin, begin + len(some))
        if painter.framing:
            pipe.encode_prompt = telling(painter.pipe.encode_prompt, seeds, painter.framing)
        made = pipe(
            some, num_inference_steps=sampling.steps, guidance_scale=sampling.guidance,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds], output_type="pt",
        )  # fmt: skip
        pixels = made.images.float().cpu() * 2 - 1
        with torch.inference_mode():
            pictures.append(upscaler(pixels).clamp(-1, 1) if upscaler else pixels)
        progress(len(some))
    return torch.cat(pictures)


def first_pictures(drawn: Drawn, count: int) -> Image.Image:
    """A sheet of the first pictures and their prompts, not chosen."""
    pictures = np.stack([np.asarray(each) for each in to_pictures(drawn.pictures[:count])])
    return prompt_sheet(pictures, [question.text for question in drawn.asked[:count]])


def scores(drawn: Drawn, judge: Sees) -> dict[str, float]:
    """What the judge makes of all that was drawn: the scores of `adherence`, and four of their own prompts.

    zh_minus_en, binding, diversity, fid_ratio: see the functions. What cannot be told of these pictures is left out.
    """
    result = adherence(drawn.asked, drawn.pictures, judge)
    both = torch.cat([drawn.pictures, drawn.retold])
    result["zh_minus_en"] = zh_minus_en([*drawn.asked, *drawn.translations], both, judge)
    result["binding"] = binding(drawn.pairs, drawn.paired, judge)
    result["diversity"] = diversity(drawn.several, drawn.agreeing, judge)
    result["fid_ratio"] = fid_ratio(to_pictures(drawn.pictures), drawn.composed, drawn.others, judge)
    return {name: round(value, 4) for name, value in result.items() if np.isfinite(value)}


def adherence(asked: Sequence[Question], pictures: Tensor, judge: Sees) -> dict[str, float]:
    """Share of stated attributes that the judge sees in the pictures, by attribute, in 0–1; what no prompt
    states is not a number.

    props: over all kinds of props of prompts that name any.
    style.CONTROL: Spearman correlation of the level asked for with the level the judge sees (its expectation).
    """
    seen = verdicts(judge, pictures)
    right = {name: _right(name, likely, asked) for name, likely in seen.items()}
    stated = {name: np.array([name in q.facts for q in asked]) for name in seen}
    result = {
        key: _mean(right[name][stated[name]])
        for key, name in (("object", "object"), ("object_color", "color"), ("backdrop", "backdrop"),
                          ("podium", "podium"), ("position", "position"))
    }  # fmt: skip
    props = [name for name in seen if name.startswith("prop.")]
    result["props"] = _mean(np.concatenate([right[name][stated[name]] for name in props]))
    for control in STYLE_CONTROLS:
        levels = (seen[control] * torch.arange(1, 6)).sum(-1).numpy()
        wanted = np.array([1 + q.classes[control] for q in asked])
        told = stated[control]
        result[f"style.{control}"] = _rank_correlation(wanted[told], levels[told])
    return result


def zh_minus_en(asked: Sequence[Question], pictures: Tensor, judge: Sees) -> float:
    """How much oftener the judge sees the right object after Chinese prompts than after English ones."""
    right = _right("object", verdicts(judge, pictures)["object"], asked)
    chinese = np.array([question.language == "zh" for question in asked])
    return _mean(right[chinese]) - _mean(right[~chinese])


def binding(pairs: Sequence[Question], pictures: Tensor, judge: Sees) -> float:
    """Share of the pictures in which the judge sees both colours where the prompt has them: the one on the product,
    the other on the backdrop; not a number without prompts.

    Whatever else is wrong with one of the two colours counts as well, so colours that truly are exchanged are fewer
    than 1 − binding. Whether the product is the right one does not count.
    """
    if not pairs:
        return float("nan")
    seen = verdicts(judge, pictures)
    return _mean(_right("color", seen["color"], pairs) & _right("backdrop", seen["backdrop"], pairs))


def diversity(
    several: Sequence[Sequence[Image.Image]], agreeing: Sequence[Sequence[Image.Image]], judge: Sees
) -> float:
    """Mean distance (judge.distances) of two pictures of one prompt, over that of two scenes that agree with it.

    Pixels and features are in units of their means among the scenes. 1: as varied as the prompts allow; 0: all alike.
    """
    made, composed = ([squared_distances(judge, some) for some in side] for side in (several, agreeing))
    scale = np.mean([each.mean(0) for each in composed], 0)
    apart = [np.mean([mean_distance(each, scale) for each in side]) for side in (made, composed)]
    return float(apart[0] / apart[1])


def fid_ratio(
    pictures: Sequence[Image.Image], composed: Sequence[Image.Image], others: Sequence[Image.Image], judge: Sees
) -> float:
    """Fréchet distance (judge.distances) of pictures and composed scenes, over that of other composed scenes and these.

    All three have to be as many: the distance of samples is above that of what they are drawn from, by an amount that
    rests on their number. 1: no further from the scenes than scenes are; it grows with the number, unless it is 1.
    """
    made, scenes, more = (features(judge, some) for some in (pictures, composed, others))
    return frechet_distance(made, scenes) / frechet_distance(more, scenes)


def recognised(asked: Sequence[Question], pictures: Tensor, judge: Sees, catalogue: Catalogue) -> dict[str, float]:
    """For each object that was asked for, the share of its pictures in which the judge sees it."""
    seen = verdicts(judge, pictures)["object"].argmax(-1).tolist()
    names = list(catalogue.objects)
    hits: dict[str, list[bool]] = {}
    for answer, question in zip(seen, asked, strict=True):
        hits.setdefault(names[question.classes["object"]], []).append(answer == question.classes["object"])
    return {name: _mean(np.array(marks)) for name, marks in hits.items()}


def _right(name: str, likely: Tensor, asked: Sequence[Question]) -> np.ndarray:
    """(N,) bool: whether an attribute's likeliest class is that of the scene the prompt describes."""
    return likely.argmax(-1).numpy() == np.array([q.classes[name] for q in asked])


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; not a number when one of them does not vary."""
    varied = len(a) > 1 and np.ptp(a) > 0 and np.ptp(b) > 0
    return float(spearmanr(a, b).statistic) if varied else float("nan")


def _mean(marks: np.ndarray) -> float:
    return float(marks.mean()) if len(marks) else float("nan")
