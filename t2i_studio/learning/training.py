"""The training of an adapter: small steps on what was judged, from a checkpoint if there is one.

All randomness of step k comes from (seed, k, process), so that a run that was killed goes on as if nothing had been.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from t2i_studio import processes
from t2i_studio.domain import Method
from t2i_studio.errors import StudioError
from t2i_studio.learning import lora, objectives
from t2i_studio.learning.noise import draw_timesteps
from t2i_studio.learning.plan import TrainingPlan
from t2i_studio.learning.trainee import Trainee

SAVE_SECONDS = 20.0
KEPT = "checkpoint.pt"


@dataclass(frozen=True)
class Pair:
    """Latents (1, …) of two pictures of one prompt, the preferred one first. weight: in (0, 1]."""

    better: Tensor
    worse: Tensor
    prompt: str
    weight: float = 1.0


@dataclass(frozen=True)
class Single:
    """Latents (1, …) of a picture that was liked or not. weight: in (0, 1]."""

    latents: Tensor
    prompt: str
    good: bool
    weight: float = 1.0


@dataclass(frozen=True)
class Lesson:
    """What one step learns from: n pictures, then n more where the method compares (else none).

    clean, noise: (B, …). timesteps: (B,). prompts: B. weight: (n,). good: (n,) bool.
    """

    clean: Tensor
    noise: Tensor
    timesteps: Tensor
    prompts: list[str]
    weight: Tensor
    good: Tensor


def draw_pairs(pairs: Sequence[Pair], trainee: Trainee, count: int, chance: torch.Generator) -> Lesson:
    """`count` pairs; both pictures of a pair have the same noise at the same timestep."""
    some = [pairs[int(k)] for k in torch.randint(len(pairs), (count,), generator=chance)]
    clean = torch.cat([pair.better for pair in some] + [pair.worse for pair in some])
    noise = torch.randn(clean[:count].shape, generator=chance).repeat(2, *(1,) * (clean.ndim - 1))
    timesteps = draw_timesteps(trainee.visited, count, trainee.whole, chance).repeat(2)
    weight = torch.tensor([pair.weight for pair in some])
    prompts = [pair.prompt for pair in some] * 2
    return Lesson(clean, noise, timesteps, prompts, weight, torch.ones(count, dtype=torch.bool))


def draw_singles(singles: Sequence[Single], trainee: Trainee, count: int, chance: torch.Generator) -> Lesson:
    """`count` pictures, liked and disliked ones equally often as far as there are both."""
    sides = [side for side in ([s for s in singles if s.good], [s for s in singles if not s.good]) if side]
    some = [sides[k % len(sides)][int(torch.randint(len(sides[k % len(sides)]), (), generator=chance))]
            for k in range(count)]  # fmt: skip
    clean = torch.cat([single.latents for single in some])
    noise = torch.randn(clean.shape, generator=chance)
    timesteps = draw_timesteps(trainee.visited, count, trainee.whole, chance)
    weight = torch.tensor([single.weight for single in some])
    good = torch.tensor([single.good for single in some])
    return Lesson(clean, noise, timesteps, [single.prompt for single in some], weight, good)


def loss_of(trainee: Trainee, lesson: Lesson, plan: TrainingPlan) -> tuple[Tensor, dict[str, float]]:
    """The loss of a step with gradients, and what to tell of it: `loss`, and `right`, the share of examples on which
    the adapter leans the right way (not for supervised training).
    """
    noisy = trainee.noise.add(lesson.clean, lesson.noise, lesson.timesteps)
    target = trainee.noise.wanted(lesson.clean, lesson.noise, lesson.timesteps)
    said = trainee.says(noisy, lesson.timesteps, lesson.prompts)
    target = target.to(said.device)
    error, weight = objectives.errors(said, target), lesson.weight.to(said.device)
    if plan.method is Method.SUPERVISED:
        loss = objectives.supervised(error, weight)
        return loss, {"loss": float(loss.detach())}
    if plan.method is Method.MAPO:
        winner, loser = error.chunk(2)
        loss = objectives.mapo(winner, loser, weight, plan.beta)
        return loss, {"loss": float(loss.detach()), "right": float((winner < loser).float().mean())}
    with trainee.reference():
        reference = trainee.says(noisy, lesson.timesteps, lesson.prompts)
    before = objectives.errors(reference, target)
    if plan.method is Method.KTO:
        good, gain = lesson.good.to(said.device), before - error
        loss = objectives.kto(gain, good, weight, plan.beta)
        return loss, {"loss": float(loss.detach()), "right": float(((gain > 0) == good).float().mean())}
    (winner, loser), (winner_before, loser_before) = error.chunk(2), before.chunk(2)
    loser = objectives.scaled_gradient(loser, objectives.loser_scale(said, target, plan.keep))
    margin = objectives.preference_margin(winner, loser, winner_before, loser_before)
    loss = objectives.dpo(margin, weight, plan.beta) + plan.kl * plan.beta * objectives.divergence(said, reference)
    return loss, {"loss": float(loss.detach()), "right": float((margin > 0).float().mean())}


def train(
    trainee: Trainee,
    lessons: Sequence[Pair] | Sequence[Single],
    plan: TrainingPlan,
    folder: Path,
    note: Callable[[int, dict[str, float]], None],
) -> None:
    """Train a new adapter of the trainee's network for `plan.steps`, from the folder's checkpoint if it has one.

    note(steps done, scalars): called after each step of the main process; what it raises ends the training, which can
    be taken up again. Where there are several processes, each draws lessons of its own, and all take the mean of their
    gradients. StudioError learning.other_checkpoint when the folder's checkpoint is of another plan.
    """
    weights = lora.attach(trainee.network, plan.rank, plan.seed)
    optimizer = _optimizer(weights, plan)
    done = _resume(folder, trainee, optimizer, plan)
    try:
        _steps(trainee, lessons, plan, range(done, plan.steps), optimizer, folder, note)
    except BaseException:
        processes.all_go_on(False)
        raise


def _optimizer(weights: list[nn.Parameter], plan: TrainingPlan) -> torch.optim.Optimizer:
    kind = import_module("bitsandbytes.optim").AdamW8bit if plan.eight_bit else torch.optim.AdamW
    optimizer: torch.optim.Optimizer = kind(weights, lr=plan.rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay)
    return optimizer


def _steps(
    trainee: Trainee,
    lessons: Sequence[Pair] | Sequence[Single],
    plan: TrainingPlan,
    steps: range,
    optimizer: torch.optim.Optimizer,
    folder: Path,
    note: Callable[[int, dict[str, float]], None],
) -> None:
    saved, weights = time.monotonic(), optimizer.param_groups[0]["params"]
    for step in steps:
        if not processes.all_go_on(True):
            return
        chance = torch.Generator().manual_seed(_seed(plan.seed, step, processes.index()))
        loss, scalars = loss_of(trainee, _lesson(lessons, trainee, plan.batch, chance), plan)
        loss.backward()
        processes.average(weight.grad for weight in weights)
        nn.utils.clip_grad_norm_(weights, plan.clip)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate_at(step)
        optimizer.step()
        optimizer.zero_grad()
        if processes.is_main():
            if step + 1 == plan.steps or time.monotonic() - saved > SAVE_SECONDS:
                _save(folder, trainee, optimizer, plan, step + 1)
                saved = time.monotonic()
            note(step + 1, scalars)
    processes.all_go_on(True)  # the main one may still have been stopped after the last step


def _lesson(
    lessons: Sequence[Pair] | Sequence[Single], trainee: Trainee, count: int, chance: torch.Generator
) -> Lesson:
    if isinstance(lessons[0], Pair):
        return draw_pairs(lessons, trainee, count, chance)  # type: ignore[arg-type]
    return draw_singles(lessons, trainee, count, chance)  # type: ignore[arg-type]


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _save(folder: Path, trainee: Trainee, optimizer: torch.optim.Optimizer, plan: TrainingPlan, step: int) -> None:
    part = folder / f"{KEPT}.part"
    state = {"plan": plan.model_dump_json(), "step": step, "adapter": lora.weights_of(trainee.network)}
    torch.save(state | {"optimizer": optimizer.state_dict()}, part)
    os.replace(part, folder / KEPT)


def _resume(folder: Path, trainee: Trainee, optimizer: torch.optim.Optimizer, plan: TrainingPlan) -> int:
    """Give network and optimizer what the checkpoint has; the steps already taken."""
    file = folder / KEPT
    if not file.exists():
        return 0
    state = torch.load(file, map_location="cpu", weights_only=True)
    if state["plan"] != plan.model_dump_json():
        raise StudioError("learning.other_checkpoint", path=file)
    lora.give_weights(trainee.network, state["adapter"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
