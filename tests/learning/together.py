"""One of several processes that train together: `together.py MODEL FOLDER STEPS`. The main one keeps the checkpoint in
FOLDER, each its adapter as FOLDER/adapter-N.pt; `stop-after K` as further words makes the main one stop after K steps.
"""

import sys
from contextlib import suppress
from pathlib import Path

import torch

from t2i_studio import processes
from t2i_studio.domain import GenerationRequest, Method, Prompt
from t2i_studio.engine import precision
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.loading import be_deterministic, load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.learning import lora, training
from t2i_studio.learning.plan import TrainingPlan
from t2i_studio.learning.trainee import Trainee
from t2i_studio.settings import Settings

TEXT = "red handbag on a white podium"


class Stopped(Exception):  # noqa: N818  (no error)
    pass


def trainee_of(model: str, folder: Path) -> Trainee:
    """The model in full precision, on one thread: the same in every process."""
    precision.fastest_dtype = lambda device: torch.float32
    be_deterministic()
    torch.set_num_threads(1)
    settings = Settings(home=folder)
    card = find_model(settings, model)
    request = GenerationRequest(text=TEXT, prompt=Prompt(text=TEXT), seed=0, variants=1, model=model)
    return Trainee(load_model(card, torch.device("cpu"), settings, folder / "cache"), accept(request, card))


def pairs_for(trainee: Trainee) -> list[training.Pair]:
    chance = torch.Generator().manual_seed(3)
    latents = torch.randn(6, 1, *trainee.layout.shape[1:], generator=chance)
    return [training.Pair(latents[k], latents[k + 1], TEXT) for k in (0, 2, 4)]


def plan_for(steps: int) -> TrainingPlan:
    return TrainingPlan(method=Method.DPO, steps=steps, batch=2, rate=1e-2, beta=100.0, rank=2, kl=0.1)


def main(model: str, folder: Path, steps: int, stop_after: int | None) -> None:
    trainee = trainee_of(model, folder)

    def note(step: int, _: dict[str, float]) -> None:
        if step == stop_after:
            raise Stopped

    with suppress(Stopped):
        training.train(trainee, pairs_for(trainee), plan_for(steps), folder, note)
    torch.save(lora.weights_of(trainee.network), folder / f"adapter-{processes.index()}.pt")
    processes.all_go_on(True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[5]) if "stop-after" in sys.argv else None)
    processes.leave()
