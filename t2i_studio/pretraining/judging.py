"""The judge in the recipe: its training on composed scenes, its accuracy on fresh ones, and the folder it ships in."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from t2i_studio.judge.folder import Card, packed, save_judge, unpacked
from t2i_studio.judge.network import Judge
from t2i_studio.judge.seeing import Sees, verdicts
from t2i_studio.pretraining import corpus, judge, probe
from t2i_studio.pretraining.attributes import attribute_classes, attributes
from t2i_studio.pretraining.catalogue import fetch_renders, load_catalogue
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.latents import SIZE, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train
from t2i_studio.pretraining.writing import writing

JUDGED = 12_000  # composed scenes that it learns from


def new_judge(objects: Sequence[str] | None = None) -> Judge:
    """The judge, untrained; objects: what it is to be taught, None for all."""
    torch.manual_seed(0)
    return Judge(attribute_classes(load_catalogue()), objects)


def train_judge(work: Path, tier: int, plan: Plan, held_out: int = 500) -> dict[str, float]:
    """Train the judge on the corpus of a tier; returns its accuracy on so many fresh scenes, by attribute."""
    catalogue, device = load_catalogue(), probe.device()
    pictures, scenes = corpus.first(work / f"corpus-{tier}", JUDGED)
    model = new_judge().to(device)
    train(model, judge.judging_loss(model, pictures, scenes, catalogue, device), plan, Run(work / "judge"))
    return accuracy(model.cpu().eval(), *fresh_scenes(work, tier, held_out))


def trained(work: Path) -> Judge:
    """The judge with the averaged weights of its newest checkpoint."""
    return averaged(Run(work / "judge"), new_judge())


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
        steps=(Run(work / "judge").load() or {})["step"],
        scenes=held_out,
        held_out={name: round(share, 4) for name, share in right.items()},
        taught=tuple(objects),
        classes=judge_.classes,
    )
    with writing(out):
        save_judge(out, judge_, card)
    return card
