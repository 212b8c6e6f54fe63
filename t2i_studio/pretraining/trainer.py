"""One training loop for every network of the recipe: resumable at any step, with EMA, log and TensorBoard.

All randomness of step k comes from generators seeded with (seed, k). So a run that was killed and resumed
takes exactly the steps that an uninterrupted one takes, and a checkpoint needs no generator states.

Several processes (`torchrun --nproc-per-node 2 -m t2i_studio pretrain …`) each draw examples of their own, and all take
the mean of their gradients; the main one writes.
"""

import contextlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from t2i_studio import processes
from t2i_studio.errors import StudioError
from t2i_studio.pretraining.writing import writing


@dataclass(frozen=True)
class Plan:
    """Length and pace of a run. Learning rate: warm-up, constant, then a linear fall to zero over `decay` steps."""

    steps: int
    lr: float
    warmup: int = 200
    decay: int = 0
    ema: float = 0.999
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0
    log_every: int = 50
    save_seconds: float = 180
    grid_seconds: float = 360

    def rate(self, step: int) -> float:
        """Learning rate of a step as a share of `lr`."""
        falling = (self.steps - step) / self.decay if self.decay else 1.0
        return max(0.0, min(1.0, (step + 1) / self.warmup, falling))


@dataclass(frozen=True)
class Chance:
    """The random numbers of one step."""

    numpy: np.random.Generator
    torch: torch.Generator

    @classmethod
    def at(cls, seed: int, step: int, process: int = 0) -> "Chance":
        rng = np.random.default_rng((seed, step, process) if process else (seed, step))
        return cls(rng, torch.Generator().manual_seed(int(rng.integers(2**62))))


@dataclass(frozen=True)
class Run:
    """A folder of one training run: checkpoint.pt, log.txt and TensorBoard event files."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def load(self) -> dict | None:
        """The checkpoint, None if there is none yet. StudioError when it is damaged."""
        if not self.checkpoint.exists():
            return None
        try:
            return torch.load(self.checkpoint, map_location="cpu", mmap=True, weights_only=True)
        except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise StudioError("recipe.damaged_checkpoint", path=self.checkpoint) from error

    def save(self, state: dict) -> None:
        """Write the checkpoint so that a kill or a full disk leaves the previous one whole."""
        partial = self.checkpoint.with_suffix(".part")
        with writing(self.folder):
            try:
                with partial.open("wb") as file:
                    torch.save(state, file)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(self.checkpoint)
            except BaseException:
                partial.unlink(missing_ok=True)  # its room may be what the log needs
                raise


Network = TypeVar("Network", bound=nn.Module)


def averaged(run: Run, model: Network) -> Network:
    """`model` with the averaged weights of the run's checkpoint, ready to use. StudioError if there is none."""
    state = run.load()
    if state is None:
        raise StudioError("recipe.no_checkpoint", path=run.folder)
    _restore(run, model, state["ema"])
    return model.eval()


def _restore(run: Run, model: nn.Module, weights: dict[str, Tensor]) -> None:
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise StudioError("recipe.checkpoint_shape", path=run.checkpoint) from error


class Average:
    """Exponential moving average of a model's weights, quick at first: decay min(d, (1 + k) / (10 + k))."""

    def __init__(self, model: nn.Module, decay: float, weights: dict[str, Tensor] | None) -> None:
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in (weights or model.state_dict()).items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        pairs = [(self.weights[name], value) for name, value in model.state_dict().items()]
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_([ours for ours, _ in pairs], [value for _, value in pairs], 1 - decay)

    @contextlib.contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """Let the model have the averaged weights for a while."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.weights)
        model.eval()
        try:
            yield
        finally:
            model.load_state_dict(own)
            model.train()


def train(
    model: nn.Module,
    loss: Callable[[int, Chance], dict[str, Tensor]],
    plan: Plan,
    run: Run,
    fast: list[nn.Parameter] | None = None,
    grid: Callable[[], np.ndarray] | None = None,
) -> nn.Module:
    """Train `model` until `plan.steps`, from the run's checkpoint if it has one; returns it with averaged weights.

    loss(step, chance): the scalars of one step; "loss" is minimised, all are logged. fast: parameters that
    learn at ten times the rate (embedding tables). grid(): a picture (H, W, 3) uint8 that shows progress.
    StudioError when the folder cannot be written or its checkpoint does not fit the model.
    """
    optimizer = new_optimizer(model, fast or [], plan)
    with writing(run.folder), _flushing_denormals():
        run.folder.mkdir(parents=True, exist_ok=True)
        start, average, spent = _resume(run, model, optimizer, plan)
        begun = time.process_time()
        processes.share(model.state_dict().values())
        main = processes.is_main()
        with contextlib.closing(_Journal(run, plan, start)) if main else contextlib.nullcontext() as journal:
            model.train()
            for step in range(start, plan.steps):
                for group in optimizer.param_groups:
                    group["lr"] = plan.lr * plan.rate(step) * group["pace"]
                scalars = loss(step, Chance.at(plan.seed, step, processes.index()))
                scalars["loss"].backward()
                processes.average(parameter.grad for parameter in model.parameters())
                nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
                optimizer.step()
                optimizer.zero_grad()
                average.update(model, step)
                if journal is None:
                    continue
                journal.note(step + 1, scalars)
                if grid and journal.grid_due(step + 1):
                    with average.applied(model), torch.no_grad():
                        journal.picture(step + 1, grid())
                if journal.save_due(step + 1):
                    cost = spent + processes.count() * (time.process_time() - begun)
                    run.save({"step": step + 1, "model": model.state_dict(), "ema": average.weights,
                              "optimizer": optimizer.state_dict(), "core_seconds": cost})  # fmt: skip
    processes.all_go_on(True)  # until the main one has written: one that leaves earlier takes it down
    model.load_state_dict(average.weights)
    return model.eval()


@contextlib.contextmanager
def _flushing_denormals() -> Iterator[None]:
    """Take numbers too small for full precision for 0: sums that fade out would else slow a processor down by half."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def new_optimizer(model: nn.Module, fast: list[nn.Parameter], plan: Plan) -> torch.optim.AdamW:
    """The optimizer of a run that has taken no step yet; `fast` as in `train`."""
    quick = {id(parameter) for parameter in fast}
    slow = [p for p in model.parameters() if p.requires_grad and id(p) not in quick]
    groups = [{"params": slow, "pace": 1.0}, {"params": fast, "pace": 10.0, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=plan.lr, betas=(0.9, 0.99), weight_decay=plan.weight_decay, fused=True,
    )  # fmt: skip


def _resume(run: Run, model: nn.Module, optimizer: torch.optim.Optimizer, plan: Plan) -> tuple[int, Average, float]:
    """Give model and optimizer what the checkpoint has; the steps already taken, the averaged weights, and how many
    seconds of processor cores that took.
    """
    state = run.load()
    if state is None:
        return 0, Average(model, plan.ema, None), 0.0
    _restore(run, model, state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], Average(model, plan.ema, state["ema"]), state.get("core_seconds", 0.0)  # older ones lack it


class _Journal:
    """What a run tells: a line on the terminal and in log.txt, scalars and pictures for TensorBoard."""

    def __init__(self, run: Run, plan: Plan, start: int) -> None:
        self.run, self.plan, self.start = run, plan, start
        self.writer = SummaryWriter(str(run.folder))
        self.text = (run.folder / "log.txt").open("a", encoding="utf-8")
        self.scalars: dict[str, list[Tensor]] = {}
        self.begun = self.saved = self.drawn = time.monotonic()

    def note(self, step: int, scalars: dict[str, Tensor]) -> None:
        for name, value in scalars.items():  # kept as they are: to read one is to wait for the device
            self.scalars.setdefault(name, []).append(value.detach())
        if step % self.plan.log_every and step != self.plan.steps:
            return
        means = {name: float(torch.stack(values).float().nanmean()) for name, values in self.scalars.items()}
        pace = (step - self.start) / (time.monotonic() - self.begun)
        left = (self.plan.steps - step) / pace / 60
        words = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        line = f"{time.strftime('%H:%M:%S')} {self.run.folder.name} step {step}/{self.plan.steps}  {words}"
        self.text.write(f"{line}  {pace:.2f} steps/s\n")
        self.text.flush()
        print(f"{line}  {pace:.2f} steps/s, {left:.0f} min left", file=sys.stderr, flush=True)
        for name, mean in means.items():
            self.writer.add_scalar(name, mean, step)
        self.scalars = {}

    def grid_due(self, step: int) -> bool:
        return step == self.plan.steps or time.monotonic() - self.drawn > self.plan.grid_seconds

    def picture(self, step: int, pixels: np.ndarray) -> None:
        Image.fromarray(pixels).save(self.run.folder / "samples.png")
        self.writer.add_image("samples", pixels, step, dataformats="HWC")
        self.writer.flush()
        self.drawn = time.monotonic()

    def save_due(self, step: int) -> bool:
        due = step == self.plan.steps or time.monotonic() - self.saved > self.plan.save_seconds
        if due:
            self.saved = time.monotonic()
        return due

    def close(self) -> None:
        self.writer.close()
        self.text.close()
