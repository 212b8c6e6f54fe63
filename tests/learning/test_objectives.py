"""The losses against an independent implementation that takes every picture by itself, in double precision."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.learning import objectives

EXACT = 1e-9


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def mse(a: torch.Tensor, b: torch.Tensor) -> float:
    flat = list(zip(a.flatten().tolist(), b.flatten().tolist(), strict=True))
    return sum((x - y) ** 2 for x, y in flat) / len(flat)


@pytest.fixture
def pairs() -> dict[str, torch.Tensor]:
    """Three pairs: what network and reference said (winners first), the target, and weights."""
    return {
        "said": drawn(1, 6, 2, 3, 3), "reference": drawn(2, 6, 2, 3, 3), "target": drawn(3, 6, 2, 3, 3),
        "weight": torch.tensor([1.0, 0.5, 0.25], dtype=torch.float64),
    }  # fmt: skip


def dpo_by_hand(said: torch.Tensor, data: dict[str, torch.Tensor], beta: float) -> float:
    """Σ w·−log σ(−½β[(ℓ_w − ℓ_l) − (ℓ_ref,w − ℓ_ref,l)]) / Σ w, picture by picture."""
    total = 0.0
    for k in range(3):
        own = [mse(said[k + 3 * side], data["target"][k + 3 * side]) for side in (0, 1)]
        before = [mse(data["reference"][k + 3 * side], data["target"][k + 3 * side]) for side in (0, 1)]
        inside = -0.5 * beta * ((own[0] - own[1]) - (before[0] - before[1]))
        total += float(data["weight"][k]) * -math.log(sigmoid(inside))
    return total / float(data["weight"].sum())


def dpo(said: torch.Tensor, data: dict[str, torch.Tensor], beta: float) -> torch.Tensor:
    (winner, loser) = objectives.errors(said, data["target"]).chunk(2)
    (winner_before, loser_before) = objectives.errors(data["reference"], data["target"]).chunk(2)
    margin = objectives.preference_margin(winner, loser, winner_before, loser_before)
    return objectives.dpo(margin, data["weight"], beta)


def test_dpo_loss_and_gradient_are_those_of_the_formula(pairs: dict[str, torch.Tensor]) -> None:
    said = pairs["said"].clone().requires_grad_(True)
    loss = dpo(said, pairs, beta=3.0)
    loss.backward()
    assert loss.item() == pytest.approx(dpo_by_hand(pairs["said"], pairs, 3.0), abs=EXACT)
    assert said.grad is not None
    size, step = pairs["said"][0].numel(), 1e-5
    for place in ((0, 0, 1, 1), (2, 1, 0, 2), (3, 0, 0, 0), (5, 1, 2, 2)):
        k, side = place[0] % 3, place[0] // 3
        own = [mse(pairs["said"][k + 3 * s], pairs["target"][k + 3 * s]) for s in (0, 1)]
        before = [mse(pairs["reference"][k + 3 * s], pairs["target"][k + 3 * s]) for s in (0, 1)]
        slack = 1 - sigmoid(-0.5 * 3.0 * ((own[0] - own[1]) - (before[0] - before[1])))
        share = float(pairs["weight"][k] / pairs["weight"].sum())
        difference = float(pairs["said"][place] - pairs["target"][place])
        closed = share * slack * 0.5 * 3.0 * (1 - 2 * side) * 2 * difference / size
        assert float(said.grad[place]) == pytest.approx(closed, abs=EXACT)
        moved = pairs["said"].clone()
        moved[place] += step
        numeric = (dpo_by_hand(moved, pairs, 3.0) - dpo_by_hand(pairs["said"], pairs, 3.0)) / step
        assert float(said.grad[place]) == pytest.approx(numeric, rel=1e-3, abs=1e-6)


def test_one_dpo_step_of_a_network_is_the_one_by_hand(pairs: dict[str, torch.Tensor]) -> None:
    """A network of one weight: said = v·x; a step of plain descent along the closed gradient."""
    x, weight = drawn(4, 6, 2, 3, 3), torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    loss = dpo(weight * x, pairs, beta=2.0)
    (gradient,) = torch.autograd.grad(loss, weight)
    total = 0.0
    for k in range(3):
        own = [mse(0.3 * x[k + 3 * s], pairs["target"][k + 3 * s]) for s in (0, 1)]
        before = [mse(pairs["reference"][k + 3 * s], pairs["target"][k + 3 * s]) for s in (0, 1)]
        slope = [float((2 * (0.3 * x[k + 3 * s] - pairs["target"][k + 3 * s]) * x[k + 3 * s]).mean()) for s in (0, 1)]
        slack = 1 - sigmoid(-0.5 * 2.0 * ((own[0] - own[1]) - (before[0] - before[1])))
        total += float(pairs["weight"][k]) * slack * 0.5 * 2.0 * (slope[0] - slope[1])
    by_hand = 0.3 - 0.1 * total / float(pairs["weight"].sum())
    assert float((weight - 0.1 * gradient).detach()) == pytest.approx(by_hand, abs=EXACT)


def test_divergence_is_the_mean_distance_of_what_both_say(pairs: dict[str, torch.Tensor]) -> None:
    by_hand = sum(mse(pairs["said"][k], pairs["reference"][k]) for k in range(6)) / 6
    assert objectives.divergence(pairs["said"], pairs["reference"]).item() == pytest.approx(by_hand, abs=EXACT)
    assert objectives.divergence(pairs["reference"], pairs["reference"]).item() == 0


def test_an_untouched_network_has_the_loss_of_a_coin(pairs: dict[str, torch.Tensor]) -> None:
    assert dpo(pairs["reference"], pairs, beta=5000.0).item() == pytest.approx(math.log(2), abs=EXACT)


def test_the_guard_keeps_the_winner_from_getting_worse() -> None:
    """With the loser's gradient scaled, a step along both lowers the winner's error to first order."""
    for seed in range(50):
        said, target = drawn(seed, 2, 12), drawn(seed + 100, 2, 12)
        said[1] = said[0] + 0.1 * drawn(seed + 200, 12)  # alike, as two pictures at high noise are
        scale = objectives.loser_scale(said, target, keep=0.9).item()
        winner, loser = (said - target).double()
        assert 0 <= scale <= 1
        assert float((winner - scale * loser) @ winner) >= 0.9 * float(winner @ winner) * (1 - 1e-5)


def test_the_guard_lets_opposite_gradients_pass() -> None:
    said, target = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.zeros(2, 2)
    assert objectives.loser_scale(said, target).item() == 1.0


def test_a_scaled_gradient_leaves_the_value() -> None:
    value = torch.tensor([2.0, 3.0], requires_grad=True)
    scaled = objectives.scaled_gradient(value, torch.tensor(0.25))
    scaled.sum().backward()
    assert torch.equal(scaled, value)
    assert value.grad is not None
    assert value.grad.tolist() == [0.25, 0.25]


def test_kto_is_the_formula() -> None:
    gain = torch.tensor([0.2, -0.1, 0.4, -0.3], dtype=torch.float64)
    good = torch.tensor([True, False, False, True])
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0], dtype=torch.float64)
    z = max(0.0, sum(gain.tolist()) / 4)
    by_hand = sum(
        w * (1 - sigmoid((1 if g else -1) * 7.0 * (x - z)))
        for x, g, w in zip(gain.tolist(), good.tolist(), weight.tolist(), strict=True)
    )
    assert objectives.kto(gain, good, weight, beta=7.0).item() == pytest.approx(by_hand / 4.5, abs=EXACT)


def test_kto_draws_good_pictures_nearer_and_drives_bad_ones_off() -> None:
    gain = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    objectives.kto(gain, torch.tensor([True, False]), torch.ones(2, dtype=torch.float64), beta=5.0).backward()
    assert gain.grad is not None
    assert gain.grad[0] < 0 < gain.grad[1]  # descent raises the gain of the good one


def test_mapo_is_the_formula() -> None:
    winner, loser = torch.tensor([0.5, 0.1], dtype=torch.float64), torch.tensor([0.4, 0.3], dtype=torch.float64)
    weight = torch.tensor([1.0, 0.5], dtype=torch.float64)

    def phi(error: float) -> float:
        return 0.5 * error / (math.exp(0.5 * error) - 1)

    by_hand = sum(
        w * (a + 0.1 * math.log(1 + math.exp(-1000 * (phi(a) - phi(b)))))
        for a, b, w in zip(winner.tolist(), loser.tolist(), weight.tolist(), strict=True)
    )
    assert objectives.mapo(winner, loser, weight, beta=0.1).item() == pytest.approx(by_hand / 1.5, abs=EXACT)


@given(st.floats(0, 1e-6))
def test_mapo_is_finite_where_the_error_is_nothing(error: float) -> None:
    errors = torch.tensor([error], dtype=torch.float64)
    assert torch.isfinite(objectives.mapo(errors, errors, torch.ones(1, dtype=torch.float64), beta=0.1))


def test_supervised_is_the_weighted_mean() -> None:
    error, weight = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.5])
    assert objectives.supervised(error, weight).item() == pytest.approx(2.5 / 1.5)
