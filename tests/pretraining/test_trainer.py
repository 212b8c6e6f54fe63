import contextlib
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.trainer import Average, Chance, Plan, Run, averaged, train
from t2i_studio.settings import ROOT

PLAN = Plan(steps=12, lr=0.01, warmup=3, decay=4, save_seconds=0)


class StoppedError(Exception):
    """The run ends here, as when its process is killed."""


def network(width: int = 8) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Embedding(5, width), nn.Linear(width, 1))


def regression(
    model: nn.Module, curve: list[float], stop: int | None = None
) -> Callable[[int, Chance], dict[str, Tensor]]:
    """Learn one of five random numbers by its index; the losses go into `curve`."""
    target = torch.randn(5, generator=torch.Generator().manual_seed(0))

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        if step == stop:
            raise StoppedError
        index = torch.from_numpy(chance.numpy.integers(5, size=4))
        noise = 0.1 * torch.randn(4, generator=chance.torch)
        error = (model(index)[:, 0] - target[index] - noise).square().mean()
        curve.append(error.item())
        return {"loss": error}

    return loss


def fit(folder: Path, curve: list[float], stop: int | None = None, width: int = 8) -> nn.Module:
    model = network(width)
    return train(model, regression(model, curve, stop), PLAN, Run(folder), fast=[model[0].weight])


@contextlib.contextmanager
def full_disk(limit: int = 100_000) -> Iterator[None]:
    """The system refuses to let any file grow beyond `limit` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_run_that_was_stopped_and_resumed_takes_the_steps_of_one_that_was_not(tmp_path: Path) -> None:
    whole: list[float] = []
    expected = fit(tmp_path / "whole", whole).state_dict()
    pieces: list[float] = []
    for stop in (5, 9):
        with pytest.raises(StoppedError):
            fit(tmp_path / "pieces", pieces, stop)
    resumed = fit(tmp_path / "pieces", pieces).state_dict()
    assert pieces == whole
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)


def test_a_run_tells_what_it_took_in_all(tmp_path: Path) -> None:
    run, took = Run(tmp_path), []
    for stop in (5, 9):
        with pytest.raises(StoppedError):
            fit(tmp_path, [], stop)
        took.append((run.load() or {})["core_seconds"])
    assert 0 < took[0] < took[1]
    older = {name: value for name, value in (run.load() or {}).items() if name != "core_seconds"}
    run.save(older)
    fit(tmp_path, [])
    assert 0 < (run.load() or {})["core_seconds"] < took[1] + 60


def test_a_killed_process_loses_only_the_steps_since_its_last_checkpoint(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.pretraining import test_trainer as t\n"
        "model = t.network(); plain = t.regression(model, [])\n"
        "slow = lambda step, chance: (step < 6 or print(step, flush=True) or time.sleep(0.1), plain(step, chance))[1]\n"
        "t.train(model, slow, t.PLAN, t.Run(Path(sys.argv[1])), fast=[model[0].weight])"
    )
    run = Run(tmp_path / "killed")
    command = [sys.executable, "-c", script, str(run.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"6\n"
        child.kill()
    state = run.load()
    assert state is not None
    assert 6 <= state["step"] < PLAN.steps
    whole: list[float] = []
    fit(tmp_path / "whole", whole)
    rest: list[float] = []
    fit(run.folder, rest)
    assert rest == whole[state["step"] :]


def test_a_finished_run_takes_no_further_step(tmp_path: Path) -> None:
    finished, again = fit(tmp_path, []), []
    same = fit(tmp_path, again)
    assert again == []
    assert torch.equal(same[1].weight, finished[1].weight)


def test_a_longer_plan_goes_on_from_a_finished_run(tmp_path: Path) -> None:
    fit(tmp_path, [])
    model, curve = network(), []
    train(model, regression(model, curve), Plan(steps=15, lr=0.01), Run(tmp_path), fast=[model[0].weight])
    assert len(curve) == 3


def test_a_half_written_checkpoint_is_ignored(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        fit(tmp_path, [], stop=5)
    (tmp_path / "checkpoint.part").write_bytes(Run(tmp_path).checkpoint.read_bytes()[:500])
    curve: list[float] = []
    fit(tmp_path, curve)
    assert len(curve) == PLAN.steps - 5


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    fit(tmp_path, [])
    checkpoint = Run(tmp_path).checkpoint
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    with pytest.raises(StudioError, match=str(checkpoint)) as caught:
        fit(tmp_path, [])
    assert caught.value.key == "recipe.damaged_checkpoint"


def test_a_checkpoint_of_another_network_is_refused_and_kept(tmp_path: Path) -> None:
    fit(tmp_path, [])
    kept = Run(tmp_path).checkpoint.read_bytes()
    for attempt in (lambda: fit(tmp_path, [], width=9), lambda: averaged(Run(tmp_path), network(9))):
        with pytest.raises(StudioError) as caught:
            attempt()
        assert caught.value.key == "recipe.checkpoint_shape"
    assert Run(tmp_path).checkpoint.read_bytes() == kept


def test_without_a_checkpoint_there_is_nothing_to_use(tmp_path: Path) -> None:
    with pytest.raises(StudioError) as caught:
        averaged(Run(tmp_path), network())
    assert caught.value.key == "recipe.no_checkpoint"


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(tmp_path: Path) -> None:
    whole: list[float] = []
    fit(tmp_path / "whole", whole, width=4000)
    pieces: list[float] = []
    with pytest.raises(StoppedError):
        fit(tmp_path / "pieces", pieces, stop=5, width=4000)
    with full_disk(), pytest.raises(StudioError, match="make room") as caught:
        fit(tmp_path / "pieces", [], width=4000)
    assert caught.value.key == "recipe.cannot_write"
    assert caught.value.params["reason"] == "File too large"
    assert not list((tmp_path / "pieces").glob("*.part"))
    fit(tmp_path / "pieces", pieces, width=4000)
    assert pieces == whole


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioError) as caught:
        fit(tmp_path / "file" / "run", [])
    assert caught.value.key == "recipe.cannot_write"


def test_numbers_keep_their_full_range_after_a_run(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        fit(tmp_path / "stopped", [], stop=2)
    fit(tmp_path / "whole", [])
    assert 5e-324 > 0
    assert float(torch.tensor([1e-40]) * 1) > 0


def test_a_mistake_in_the_recipe_is_not_told_as_a_fault_of_the_disk(tmp_path: Path) -> None:
    model = network()
    with pytest.raises(RuntimeError, match="size mismatch"):
        train(model, lambda step, chance: {"loss": model(torch.ones(2, 3).long()) @ torch.ones(7)}, PLAN, Run(tmp_path))


def test_the_rate_warms_up_holds_and_falls_to_zero() -> None:
    plan = Plan(steps=10, lr=1.0, warmup=2, decay=4)
    assert [plan.rate(step) for step in range(11)] == [0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0]


def test_the_average_of_weights_that_stand_still_is_theirs_and_of_moving_ones_lags() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    average = Average(model, 0.9, None)
    average.update(model, 1000)
    assert float(average.weights["weight"]) == 1
    nn.init.constant_(model.weight, 2.0)
    average.update(model, 1000)
    assert float(average.weights["weight"]) == pytest.approx(0.9 * 1 + 0.1 * 2)
    with average.applied(model):
        assert model.weight.item() == pytest.approx(1.1)
    assert model.weight.item() == 2
