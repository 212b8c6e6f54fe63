"""Which items to open next, so that the ranking becomes certain with few answers.

The order of two sources is uncertain when their strengths are close compared with what is known of them. Each
candidate is scored by how much an answer to it would shrink Σ over pairs of sources of (probability that their order
is still wrong) × (variance of their difference): expected information as in optimal design (Chaloner & Verdinelli
1995, the weighted A-criterion), on the Laplace approximation of the posterior. Sources far apart stop costing answers.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from t2i_studio.domain import Vote
from t2i_studio.feedback.choice_model import STRENGTH_SD, TIES
from t2i_studio.feedback.estimates import judged

FLOOR = 0.2
"""No pair of sources gets less than this part of the answers that even choice would give it."""
STEPS = 30
# see planted.FLATTENING: a log-odds that is uncertain with variance v is nearer to even, as if divided by √(1 + C·v)
FLATTENING = 0.3461


@dataclass(frozen=True)
class Belief:
    """What the answers say so far: strengths (K,), their covariance (K, K), and log ν of ties."""

    strengths: np.ndarray
    covariance: np.ndarray
    tie: float


def order(
    votes: Sequence[Vote],
    candidates: Sequence[tuple[str, ...]],
    *,
    opened: Sequence[tuple[str, ...]] = (),
    overlap: int = 1,
    first: int = 20,
) -> list[int]:
    """Numbers of the candidates, the most telling first.

    candidates: the sources of each item that may be opened. opened: of each answer still awaited from items that are
    open, which count as if they had come. overlap: answers that an opened item will get. The `first` ones are chosen
    one after the other, each knowing the ones before; the rest follow by what they tell after these.
    """
    main = [vote for vote in judged(votes) if len(vote.sources) > 1]
    names = sorted({name for group in [vote.sources for vote in main] + [*candidates, *opened] for name in group})
    at = {name: k for k, name in enumerate(names)}
    waiting: dict[tuple[int, ...], deque[int]] = defaultdict(deque)
    for number, group in enumerate(candidates):
        waiting[tuple(sorted(at[name] for name in group))].append(number)
    if not waiting:
        return []
    awaited = [tuple(sorted(at[name] for name in group)) for group in opened]
    chooser = _Chooser(believe(main, names), [vote.sources for vote in main], awaited, list(waiting), at, overlap)
    chosen: list[int] = []
    while waiting and len(chosen) < first:
        best = chooser.take()
        chosen.append(waiting[best].popleft())
        if not waiting[best]:
            del waiting[best]
            chooser.drop(best)
    gains = chooser.gains()
    left = [(-gains[kind], turn, number) for kind, queue in waiting.items() for turn, number in enumerate(queue)]
    return chosen + [number for _, _, number in sorted(left)]


def believe(votes: Sequence[Vote], names: Sequence[str]) -> Belief:
    """The posterior of the strengths by Newton's method and its curvature: Davidson's model of choice_model.py, all
    raters taken as attentive and sides as even, because it must be quick and only decides what to ask next.
    """
    at, size = {name: k for k, name in enumerate(names)}, len(names) + 1
    groups: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for vote in votes:
        if not vote.bad:
            shown = tuple(sorted(at[name] for name in vote.sources))
            groups[shown][-1 if vote.chosen is None else at[vote.sources[vote.chosen]]] += 1
    designs = [_design(shown, size) for shown in groups]
    counts = [np.array([*(got[k] / shown.count(k) for k in shown), got[-1]], float) for shown, got in groups.items()]
    mean, weight = np.append(np.zeros(size - 1), TIES[0]), np.append(np.full(size - 1, STRENGTH_SD), TIES[1]) ** -2.0
    theta = mean.copy()
    for _ in range(STEPS):
        slope, curvature = -(theta - mean) * weight, np.diag(weight)
        for design, got in _stacked(designs, counts):
            moved, bent = _newton(design, got, theta)
            slope, curvature = slope + moved, curvature + bent
        step = np.linalg.solve(curvature, slope)
        theta = theta + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    covariance = np.linalg.inv(curvature)
    return Belief(theta[:-1], covariance[:-1, :-1], float(theta[-1]))


def _design(shown: tuple[int, ...], size: int) -> np.ndarray:
    """(n + 1, size): what each alternative's log-odds is made of; the last is the tie."""
    rows = np.zeros((len(shown) + 1, size))
    for row, source in enumerate(shown):
        rows[row, source] += 1
        rows[-1, source] += 1 / len(shown)
    rows[-1, -1] = 1
    return rows


def _stacked(designs: list[np.ndarray], counts: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Those of equal length together."""
    lengths = sorted({len(design) for design in designs})
    return [
        (
            np.stack([design for design in designs if len(design) == length]),
            np.stack([got for got in counts if len(got) == length]),
        )
        for length in lengths
    ]


def _newton(design: np.ndarray, got: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and curvature of the log-likelihood: design (G, n + 1, P), got (G, n + 1)."""
    odds = design @ theta
    chance = np.exp(odds - odds.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    total = got.sum(1)
    middle = (chance[:, None, :] @ design)[:, 0]
    flat = design.reshape(-1, design.shape[2])
    slope = (got - total[:, None] * chance).ravel() @ flat
    curvature = (flat * (total[:, None] * chance).reshape(-1, 1)).T @ flat - (middle * total[:, None]).T @ middle
    return slope, curvature


class _Chooser:
    """Takes the most telling set of sources again and again, each time as if its answers had come."""

    def __init__(
        self,
        belief: Belief,
        answered: Sequence[tuple[str, ...]],
        awaited: Sequence[tuple[int, ...]],
        groups: Sequence[tuple[int, ...]],
        at: dict[str, int],
        overlap: int,
    ) -> None:
        self.belief, self.covariance, self.groups, self.overlap = belief, belief.covariance, list(groups), overlap
        self.seen = np.zeros((len(at), len(at)))
        self.wanted = np.zeros_like(self.seen, bool)
        for group in groups:
            for a, b in combinations(group, 2):
                self.wanted[a, b] = self.wanted[b, a] = a != b
        for shown, times in Counter(answered).items():
            self._count(tuple(at[name] for name in shown), times)
        for group, times in Counter(awaited).items():
            self._expect(group, times)

    def take(self) -> tuple[int, ...]:
        gains = self.gains()
        group = max(gains, key=gains.__getitem__)
        self._expect(group, self.overlap)
        return group

    def drop(self, group: tuple[int, ...]) -> None:
        self.groups.remove(group)

    def gains(self) -> dict[tuple[int, ...], float]:
        """What answers to each set of sources would tell; sets with a starved pair before all others."""
        between = self._between()
        mean = self.seen[self.wanted].sum() / max(1, self.wanted.sum())
        starved = self.wanted & (self.seen < FLOOR * mean)
        gains: dict[tuple[int, ...], float] = {}
        for length in sorted({len(group) for group in self.groups}):
            same = [group for group in self.groups if len(group) == length]
            index = np.array(same)
            rows, columns = index[:, :, None], index[:, None, :]
            gain = self._gain(index, between[rows, columns])
            first = starved[rows, columns].sum((1, 2)) * 1e6
            gains.update(zip(same, (gain + first).tolist(), strict=True))
        return gains

    def _between(self) -> np.ndarray:
        """Σ L Σ, where L weighs each pair's difference by the probability that its order is wrong: (K, K)."""
        from scipy.special import ndtr

        own = np.diag(self.covariance)
        variance = np.maximum(own[:, None] + own[None, :] - 2 * self.covariance, 1e-12)
        gap = np.abs(self.belief.strengths[:, None] - self.belief.strengths[None, :])
        wrong = ndtr(-gap / np.sqrt(variance))
        np.fill_diagonal(wrong, 0)
        between: np.ndarray = self.covariance @ (np.diag(wrong.sum(1)) - wrong) @ self.covariance
        return between

    def _gain(self, index: np.ndarray, between: np.ndarray) -> np.ndarray:
        """tr(M (1 + Σ M)⁻¹ ΣLΣ) of each set: by how much answers with information M lower tr(L Σ)."""
        inner = self.covariance[index[:, :, None], index[:, None, :]]
        information = self._information(index, inner) * self.overlap
        shrunk = np.linalg.solve(np.eye(index.shape[1]) + inner @ information, between)
        gain: np.ndarray = np.einsum("gij,gji->g", information, shrunk)
        return gain

    def _information(self, index: np.ndarray, inner: np.ndarray) -> np.ndarray:
        """(G, n, n) Fisher information of one answer about the strengths of the sources shown."""
        length = index.shape[1]
        own = np.diagonal(inner, axis1=1, axis2=2)
        spread = 2 * (own.mean(1) - inner.mean((1, 2))) * length / max(1, length - 1)
        utilities = self.belief.strengths[index]
        utilities = (utilities - utilities.mean(1, keepdims=True)) / np.sqrt(1 + FLATTENING * spread)[:, None]
        odds, tie = np.exp(utilities), np.exp(self.belief.tie)
        chance, tied = odds / (odds.sum(1) + tie)[:, None], tie / (odds.sum(1) + tie)
        middle = chance + tied[:, None] / length
        information = -middle[:, :, None] * middle[:, None, :] + tied[:, None, None] / length**2
        information[:, np.arange(length), np.arange(length)] += chance
        return information

    def _expect(self, group: tuple[int, ...], times: int) -> None:
        """As if `times` answers to the set had come: the covariance shrinks, the strengths stay."""
        index = np.array([group])
        information = self._information(index, self.covariance[index[:, :, None], index[:, None, :]])[0] * times
        across = self.covariance[:, list(group)]
        inner = np.eye(len(group)) + information @ across[list(group)]
        self.covariance = self.covariance - across @ np.linalg.solve(inner, information) @ across.T
        self._count(group, times)

    def _count(self, group: tuple[int, ...], times: int) -> None:
        for a, b in combinations(group, 2):
            self.seen[a, b] += times
            self.seen[b, a] += times
