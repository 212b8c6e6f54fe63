"""One of several processes that train together: `together.py FOLDER STEPS BATCH`. Each leaves its weights as
FOLDER/weights-N.pt; the curve is in the main one's log.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from t2i_studio import processes
from t2i_studio.pretraining.trainer import Chance, Plan, Run, train

WIDTH = 16


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Embedding(5, WIDTH), nn.Linear(WIDTH, 1))


def regression(model: nn.Module, batch: int) -> Callable[[int, Chance], dict[str, Tensor]]:
    """Learn five numbers by their indices."""
    target = torch.tensor([1.0, -2.0, 0.5, 3.0, -1.0])

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        index = torch.from_numpy(chance.numpy.integers(5, size=batch))
        noise = 0.3 * torch.randn(batch, generator=chance.torch)
        return {"loss": (model(index)[:, 0] - target[index] - noise).square().mean()}

    return loss


def main(folder: Path, steps: int, batch: int) -> None:
    model = network(seed=processes.index())  # unlike: they must be made the same
    plan = Plan(steps=steps, lr=0.01, warmup=3, save_seconds=0, log_every=20)
    train(model, regression(model, batch), plan, Run(folder), fast=[model[0].weight])
    torch.save(model.state_dict(), folder / f"weights-{processes.index()}.pt")
    processes.all_go_on(True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    processes.leave()
    names = [file.read_text() for file in Path("/proc/self/task").glob("*/comm")]  # empty where there is no Linux
    assert not [name for name in names if "gloo" in name], "a thread that outlives the group aborts at the end"
