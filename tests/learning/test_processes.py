"""Several processes, started as `torchrun` does and `accelerate launch` on several GPUs: they learn one adapter, from
the mean of what each has drawn.
"""

import os
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from t2i_studio.learning import lora, training
from tests.learning.together import pairs_for, plan_for, trainee_of

STEPS = 3
Adapter = dict[str, torch.Tensor]


def launched(model: Path, folder: Path, *words: str) -> list[Adapter]:
    """The adapter that each of two processes ends with."""
    folder.mkdir(exist_ok=True)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = ["-m", "tests.learning.together", str(model), str(folder), *words]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launch, *script], env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [torch.load(folder / f"adapter-{number}.pt", weights_only=True) for number in range(2)]


def by_hand(model: Path, folder: Path) -> Adapter:
    """What two processes should come to: both draw, and the step is along the mean."""
    trainee, plan = trainee_of(str(model), folder), plan_for(STEPS)
    weights = lora.attach(trainee.network, plan.rank, plan.seed)
    optimizer = torch.optim.AdamW(weights, lr=plan.rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay)
    for step in range(STEPS):
        for process in range(2):
            chance = torch.Generator().manual_seed(training._seed(plan.seed, step, process))
            lesson = training.draw_pairs(pairs_for(trainee), trainee, plan.batch, chance)
            loss, _ = training.loss_of(trainee, lesson, plan)
            (loss / 2).backward()
        nn.utils.clip_grad_norm_(weights, plan.clip)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate_at(step)
        optimizer.step()
        optimizer.zero_grad()
    return lora.weights_of(trainee.network)


def same(one: Adapter, other: Adapter) -> bool:
    return one.keys() == other.keys() and all(torch.allclose(one[key], other[key], atol=1e-5) for key in one)


def test_two_processes_learn_what_one_would_from_both_draws(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    model = tiny_models["stable-diffusion"]
    main, other = launched(model, tmp_path / "run", str(STEPS))
    assert all(torch.equal(main[key], other[key]) for key in main)
    assert same(main, by_hand(model, tmp_path))


def test_when_the_main_one_stops_all_stop_and_go_on_later(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    model = tiny_models["stable-diffusion"]
    whole, _ = launched(model, tmp_path / "whole", str(STEPS))
    stopped, _ = launched(model, tmp_path / "run", str(STEPS), "stop-after", "2")
    assert not same(whole, stopped)
    main, other = launched(model, tmp_path / "run", str(STEPS))
    assert same(main, whole)
    assert all(torch.equal(main[key], other[key]) for key in main)
