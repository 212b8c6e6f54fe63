"""The judges in the recipe: training on composed scenes, accuracy on fresh ones, and the folder that is shipped."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from t2i_studio.int8 import packed, unpacked
from t2i_studio.judge.folder import Card, load_judge, save_judge
from t2i_studio.judge.network import Judge
from t2i_studio.judge.seeing import Sees, verdicts
from t2i_studio.pretraining import corpus, judge, probe, warm_start
from t2i_studio.pretraining.attributes import attribute_classes, attributes
from t2i_studio.pretraining.catalogue import FOLDER, Catalogue, catalogue_of, fetch_renders, tables_of
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.latents import SIZE, PatchCode, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.second_judge import SecondJudge
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train
from t2i_studio.pretraining.writing import writing
from t2i_studio.settings import EMBEDDED_JUDGE

JUDGED = 172_000  # composed scenes that a judge learns from at most
OWN_SCENES = 72_000  # composed for the second judge alone
OWN_SEEDS = 7_000  # of the scenes that only the second judge is taught with
FIRST, SECOND = "judge", "judge-2"  # folders of the runs

Taught = TypeVar("Taught", bound=nn.Module)


@dataclass
class Translated:
    """A judge that is asked about other classes than it has: those it does not know it never sees."""

    judge: Judge
    classes: dict[str, tuple[str, ...]]

    @property
    def taught(self) -> frozenset[str]:
        return self.judge.taught

    def __call__(self, pictures: Tensor) -> dict[str, Tensor]:
        return {name: self._in_order(name, logits) for name, logits in self.judge(pictures).items()}

    def features(self, pictures: Tensor) -> Tensor:
        return self.judge.features(pictures)

    def _in_order(self, name: str, logits: Tensor) -> Tensor:
        columns = {id: column for column, id in enumerate(self.judge.classes[name])}
        order = [columns.get(id, len(columns)) for id in self.classes[name]]
        return F.pad(logits, (0, 1), value=float("-inf"))[:, order]


def new_judge(catalogue: Catalogue) -> Judge:
    """The judge, untrained."""
    torch.manual_seed(0)
    return Judge(attribute_classes(catalogue))


def new_second(catalogue: Catalogue) -> SecondJudge:
    """The second judge, untrained."""
    torch.manual_seed(1)
    return SecondJudge(attribute_classes(catalogue))


def train_judge(work: Path, tier: int, plan: Plan, held_out: int, begin: Path | None = None) -> dict[str, float]:
    """Train the judge on the corpus of a tier; returns its accuracy on so many fresh scenes, by attribute.

    Goes on from the checkpoint, whatever it was trained on. begin: a judge's folder, with what it knows a new run
    begins; where the work folder has a catalogue of its own, that of the studio unless told otherwise.
    """
    catalogue, run = catalogue_of(work), Run(work / FIRST)
    judge_ = new_judge(catalogue)
    begin = begin or (None if tables_of(work) == FOLDER else EMBEDDED_JUDGE)
    if begin and not run.checkpoint.exists():
        judge_.load_state_dict(warm_start.with_classes(load_judge(begin), judge_))
        warm_start.begin_from(run, judge_, plan, [])
    model = _taught(work, judge_, work / f"corpus-{tier}", plan, FIRST)
    return accuracy(model, *fresh_scenes(work, tier, held_out), catalogue)


def train_second(work: Path, tier: int, plan: Plan, scenes: int, held_out: int) -> dict[str, float]:
    """Train the second judge on `scenes` composed for it alone; returns its accuracy as `train_judge` does."""
    folder, catalogue = work / f"corpus-second-{tier}", catalogue_of(work)
    _compose(folder, work, tier, scenes, OWN_SEEDS + tier)
    model = _taught(work, new_second(catalogue), folder, replace(plan, seed=1), SECOND)
    return accuracy(model, *fresh_scenes(work, tier, held_out), catalogue)


def _taught(work: Path, model: Taught, scenes_in: Path, plan: Plan, run: str) -> Taught:
    catalogue, device = catalogue_of(work), probe.device()
    pictures, scenes = corpus.first(scenes_in, JUDGED)
    code = PatchCode.load(work / "code.safetensors")
    loss = judge.judging_loss(model.to(device), pictures, scenes, catalogue, code, device)
    with probe.autocast(device):
        train(model, loss, plan, Run(work / run))
    return model.cpu().eval()


def trained(work: Path) -> Judge:
    """The judge with the averaged weights of its newest checkpoint."""
    return averaged(Run(work / FIRST), new_judge(catalogue_of(work)))


def critic(work: Path) -> Judge | Translated:
    """The judge of the work folder where one was trained there, else that of the studio, which is asked about the
    classes of the work folder's catalogue.
    """
    if Run(work / FIRST).checkpoint.exists():
        return trained(work)
    judge_, classes = load_judge(), attribute_classes(catalogue_of(work))
    return judge_ if judge_.classes == classes else Translated(judge_, classes)


def second_critic(work: Path) -> SecondJudge | None:
    """The second judge of the work folder, if there is one."""
    run = Run(work / SECOND)
    return averaged(run, new_second(catalogue_of(work))) if run.checkpoint.exists() else None


def fresh_scenes(work: Path, tier: int, count: int) -> tuple[np.ndarray, list[Scene]]:
    """Pictures and scenes of a tier that nothing was trained on."""
    folder = work / f"corpus-held-out-{tier}"
    _compose(folder, work, tier, count, HELD_OUT + tier)
    return corpus.first(folder, count)


def _compose(folder: Path, work: Path, tier: int, count: int, seed: int) -> None:
    tables, objects = tables_of(work), catalogue_of(work).tier(tier)
    deque(corpus.compose(folder, fetch_renders(work), objects, count, SIZE, seed, tables), maxlen=0)


def accuracy(model: Sees, pictures: np.ndarray, scenes: Sequence[Scene], catalogue: Catalogue) -> dict[str, float]:
    """Share of the scenes of which it names the right class, by attribute."""
    seen = verdicts(model, to_tensor(pictures))
    truth = [attributes(scene, catalogue) for scene in scenes]
    return {
        name: float(np.mean([row[name] == int(best) for row, best in zip(truth, likely.argmax(-1), strict=True)]))
        for name, likely in seen.items()
    }


def export_judge(work: Path, tier: int, out: Path, held_out: int) -> Card:
    """Write the judge's folder from the run of a tier; what its card tells is measured on the 8-bit weights."""
    judge_, catalogue = trained(work), catalogue_of(work)
    judge_.load_state_dict(unpacked(packed(judge_.state_dict())))
    right = accuracy(judge_, *fresh_scenes(work, tier, held_out), catalogue)
    card = Card(
        parameters=sum(weight.numel() for weight in judge_.parameters()),
        steps=(Run(work / FIRST).load() or {})["step"],
        scenes=held_out,
        held_out={name: round(share, 4) for name, share in right.items()},
        taught=tuple(catalogue.tier(tier)),
        classes=judge_.classes,
    )
    with writing(out):
        save_judge(out, judge_, card)
    return card
