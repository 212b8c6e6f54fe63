"""The recipe's trainer in two processes: one network, and the curve of one process that draws as many examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

STEPS, BATCH = 200, 32


def launched(folder: Path, processes: int, steps: int = STEPS) -> list[dict[str, torch.Tensor]]:
    """The weights that each process ends with; together they draw BATCH examples a step."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    script = ["-m", "tests.pretraining.together", str(folder), str(steps), str(BATCH // processes)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launch, *script], env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [torch.load(folder / f"weights-{number}.pt", weights_only=True) for number in range(processes)]


def curve(folder: Path) -> list[float]:
    return [float(loss) for loss in re.findall(r"  loss (\d+\.\d+)", (folder / "log.txt").read_text())]


def test_two_processes_learn_one_network_along_the_curve_of_one(tmp_path: Path) -> None:
    main, other = launched(tmp_path / "two", 2)
    assert all(torch.equal(main[name], other[name]) for name in main)
    launched(tmp_path / "one", 1)
    one, two = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == len(two) == STEPS // 20
    assert one[0] > 5 * one[-1]
    assert two == pytest.approx(one, rel=0.25)


def test_stopped_and_resumed_they_come_to_the_same(tmp_path: Path) -> None:
    whole, _ = launched(tmp_path / "whole", 2, steps=20)
    launched(tmp_path / "parts", 2, steps=10)
    resumed, other = launched(tmp_path / "parts", 2, steps=20)
    assert all(torch.equal(resumed[name], other[name]) for name in resumed)
    assert all(torch.allclose(resumed[name], whole[name], atol=1e-6) for name in whole)
