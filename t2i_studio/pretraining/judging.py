"""The judges in the recipe: training on composed scenes, accuracy on fresh ones, and the folder that is shipped."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from t2i_studio.judge.folder import Card, load_judge, packed, save_judge, unpacked
from t2i_studio.judge.network import Judge
from t2i_studio.judge.seeing import Sees, verdicts
from t2i_studio.pretraining import corpus, judge, probe
from t2i_studio.pretraining.attributes import attribute_classes, attributes
from t2i_studio.pretraining.catalogue import fetch_renders, load_catalogue
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.latents import SIZE, PatchCode, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.second_judge import SecondJudge
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train
from t2i_studio.pretraining.writing import writing

JUDGED = 48_000  # composed scenes that a judge learns from at most
OWN_SEEDS = 7_000  # of the scenes that only the second judge is taught with
FIRST, SECOND = "judge", "judge-2"  # folders of the runs

Taught = TypeVar("Taught", bound=nn.Module)


def new_judge(objects: Sequence[str] | None = None) -> Judge:
    """The judge, untrained; objects: what it is to be taught, None for all."""
    torch.manual_seed(0)
    return Judge(attribute_classes(load_catalogue()), objects)


def new_second() -> SecondJudge:
    """The second judge, untrained."""
    torch.manual_seed(1)
    return SecondJudge(attribute_classes(load_catalogue()))


def train_judge(work: Path, tier: int, plan: Plan, held_out: int) -> dict[str, float]:
    """Train the judge on the corpus of a tier; returns its accuracy on so many fresh scenes, by attribute.

    Goes on from the checkpoint, whatever it was trained on.
    """
    model = _taught(work, new_judge(), work / f"corpus-{tier}", plan, FIRST)
    return accuracy(model, *fresh_scenes(work, tier, held_out))


def train_second(work: Path, tier: int, plan: Plan, scenes: int, held_out: int) -> dict[str, float]:
    """Train the second judge on `scenes` composed for it alone; returns its accuracy as `train_judge` does."""
    folder, objects = work / f"corpus-second-{tier}", load_catalogue().tier(tier)
    deque(corpus.compose(folder, fetch_renders(work), objects, scenes, SIZE, OWN_SEEDS + tier), maxlen=0)
    model = _taught(work, new_second(), folder, replace(plan, seed=1), SECOND)
    return accuracy(model, *fresh_scenes(work, tier, held_out))


def _taught(work: Path, model: Taught, scenes_in: Path, plan: Plan, run: str) -> Taught:
    catalogue, device = load_catalogue(), probe.device()
    pictures, scenes = corpus.first(scenes_in, JUDGED)
    code = PatchCode.load(work / "code.safetensors")
    loss = judge.judging_loss(model.to(device), pictures, scenes, catalogue, code, device)
    with probe.autocast(device):
        train(model, loss, plan, Run(work / run))
    return model.cpu().eval()


def trained(work: Path) -> Judge:
    """The judge with the averaged weights of its newest checkpoint."""
    return averaged(Run(work / FIRST), new_judge())


def critic(work: Path) -> Judge:
    """The judge of the work folder where one was trained there, else that of the studio."""
    return trained(work) if Run(work / FIRST).checkpoint.exists() else load_judge()


def second_critic(work: Path) -> SecondJudge | None:
    """The second judge of the work folder, if there is one."""
    run = Run(work / SECOND)
    return averaged(run, new_second()) if run.checkpoint.exists() else None


def fresh_scenes(work: Path, tier: int, count: int) -> tuple[np.ndarray, list[Scene]]:
    """Pictures and scenes of a tier that nothing was trained on."""
    folder, objects = work / f"corpus-held-out-{tier}", load_catalogue().tier(tier)
    deque(corpus.compose(folder, fetch_renders(work), objects, count, SIZE, HELD_OUT + tier), maxlen=0)
    return corpus.first(folder, count)


def accuracy(model: Sees, pictures: np.ndarray, scenes: Sequence[Scene]) -> dict[str, float]:
    """Share of the scenes of which it names the right class, by attribute."""
    seen = verdicts(model, to_tensor(pictures))
    truth = [attributes(scene, load_catalogue()) for scene in scenes]
    return {
        name: float(np.mean([row[name] == int(best) for row, best in zip(truth, likely.argmax(-1), strict=True)]))
        for name, likely in seen.items()
    }


def export_judge(work: Path, tier: int, out: Path, held_out: int) -> Card:
    """Write the judge's folder from the run of a tier; what its card tells is measured on the 8-bit weights."""
    judge_, objects = trained(work), load_catalogue().tier(tier)
    judge_.load_state_dict(unpacked(packed(judge_.state_dict())))
    right = accuracy(judge_, *fresh_scenes(work, tier, held_out))
    card = Card(
        parameters=sum(weight.numel() for weight in judge_.parameters()),
        steps=(Run(work / FIRST).load() or {})["step"],
        scenes=held_out,
        held_out={name: round(share, 4) for name, share in right.items()},
        taught=tuple(objects),
        classes=judge_.classes,
    )
    with writing(out):
        save_judge(out, judge_, card)
    return card
