"""How often the new pictures win against the old ones, with an interval; and where they do not.

Outcomes of one description hang together, and so do those of one rater. With weights w and residuals e = w(x − m) of
the mean m of n outcomes, the variance of m is the one clustered by description, G/(G−1) · Σ_G (Σ e)² (Liang & Zeger
1986), plus what clustering by rater adds to that of independent outcomes (Cameron, Gelbach & Miller 2011). A few raters
tell little of how far raters differ, so this part is moderated (Smyth 2004): it counts with its R − 1 degrees of
freedom against BELIEVED of what raters usually differ by. One rater alone speaks for that rater alone. Degrees of
freedom are Satterthwaite's (1946) of the two parts. The interval is Wilson's (1927) at the number of independent
outcomes that would have this variance (Korn & Graubard 1998).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from t2i_studio.domain import Noun, Vote
from t2i_studio.feedback.estimates import judged, number_of, quantile, wilson

SHOWN = 3
"""Products named at most in a piece of advice."""
FEW = 3
"""Comparisons of a product below which it is not named."""
LOST, SPLIT = 0.45, 0.4
"""Win rate of a product below which it counts as lost; share of its pairs on which raters differ to be disputed."""
RESAMPLES = 2000
DIFFER, BELIEVED = 0.3, 8
"""How far raters usually differ in how they like a source, sd of log-odds, and as how many degrees of freedom that
counts.
"""

Product = tuple[str, str]
"""What is sold, in English and Chinese."""


class Outcome(Noun):
    """One look at an old and a new picture of a description.

    result: 1 the new one was chosen, 0 the old one, 0.5 a tie. pair: which two pictures. new_left: where the new
    one stood, None where that means nothing.
    """

    description: str
    product: Product = ("", "")
    pair: str
    rater: str
    result: float = Field(ge=0, le=1)
    new_left: bool | None = None


class WinRate(Noun):
    """Share of comparisons that the new pictures win, ties half, with its 95 % interval, in 0–1."""

    value: float
    low: float
    high: float
    compared: int
    descriptions: int
    raters: int


@dataclass(frozen=True)
class Chances:
    """What a reward thinks of pairs. descriptions, products: (N,) of the pairs. draws: (T, N) chance that the new
    picture is preferred, for T draws from what the reward may be.
    """

    descriptions: Sequence[str]
    products: Sequence[Product]
    draws: np.ndarray


def outcomes_of(votes: Sequence[Vote], new: str, products: Mapping[str, Product]) -> list[Outcome]:
    """Of a blind session of pairs: `new` is the source of the new pictures. products: by description.

    Left out: practice, known answers, repeats, excluded raters, and pairs that were both found bad.
    """
    return [
        Outcome(
            description=vote.prompt,
            product=products.get(vote.prompt, ("", "")),
            pair="-".join(map(str, sorted(vote.variants))),
            rater=vote.rater,
            result=0.5 if vote.chosen is None else float(vote.sources[vote.chosen] == new),
            new_left=vote.sources[0] == new,
        )
        for vote in judged(votes)
        if not vote.bad and len(vote.sources) == 2 and vote.sources.count(new) == 1
    ]


def win_rate(outcomes: Sequence[Outcome]) -> WinRate:
    """Of at least one outcome. Where the new picture stood left and where it stood right count half each, so that a
    pull to one side cancels.
    """
    x = np.array([outcome.result for outcome in outcomes])
    weights = _even_sides([outcome.new_left for outcome in outcomes])
    of_description = number_of([outcome.description for outcome in outcomes])
    of_rater = number_of([outcome.rater for outcome in outcomes])
    descriptions, raters = int(of_description.max()) + 1, int(of_rater.max()) + 1
    mean = float(weights @ x)
    plain = mean * (1 - mean)
    variance, freedom = _variance(weights * (x - mean), of_description, of_rater, plain)
    independent = min(len(x), plain / variance) if variance > 0 else descriptions
    low, high = wilson(mean, max(independent, 1.0), quantile(freedom + 1))  # type: ignore[arg-type]
    return WinRate(value=mean, low=low, high=high, compared=len(x), descriptions=descriptions, raters=raters)


def _even_sides(left: Sequence[bool | None]) -> np.ndarray:
    """(n,) weights, sum 1: half on each side where both sides occur."""
    sides = np.array([-1 if side is None else int(side) for side in left])
    counts = np.array([(sides == side).sum() for side in sides], float)
    return 1 / counts / len(set(sides.tolist()))


def _variance(e: np.ndarray, of_description: np.ndarray, of_rater: np.ndarray, plain: float) -> tuple[float, float]:
    """Of the mean whose weighted residuals are e, and its degrees of freedom (at least 1). plain: m(1 − m)."""
    alone = _clustered(e, np.arange(len(e)))
    over_descriptions, freedom = max(_clustered(e, of_description), alone), max(int(of_description.max()), 1)
    raters = int(of_rater.max()) + 1
    if raters == 1:
        return over_descriptions, freedom
    usual = (DIFFER * plain) ** 2 / raters  # log-odds to shares: m(1 − m) is the slope
    excess = _clustered(e, of_rater) - alone
    over_raters = max(0.0, (BELIEVED * usual + (raters - 1) * excess) / (BELIEVED + raters - 1))
    total = over_descriptions + over_raters
    if total == 0:
        return 0.0, freedom
    return total, total**2 / (over_descriptions**2 / freedom + over_raters**2 / (BELIEVED + raters - 1))


def _clustered(e: np.ndarray, groups: np.ndarray) -> float:
    sums = np.bincount(groups, e)
    return float(len(sums) / (len(sums) - 1) * (sums**2).sum()) if len(sums) > 1 else 0.0


def likely_win_rate(chances: Chances, seed: int = 0) -> WinRate:
    """As a reward foretells it: over draws of what the reward may be, and over descriptions (drawn with replacement)
    for each; the interval is from 2.5 to 97.5 of 100 of both together.
    """
    groups = number_of(chances.descriptions)
    count = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    times = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)[:, groups].astype(float)
    drawn = chances.draws[np.arange(RESAMPLES) % len(chances.draws)]
    rates = (times * drawn).sum(1) / times.sum(1)
    low, high = np.quantile(rates, (0.025, 0.975))
    value = float(chances.draws.mean())
    return WinRate(value=value, low=float(low), high=float(high), compared=len(groups), descriptions=count, raters=0)


def likely_outcomes(chances: Chances) -> list[Outcome]:
    """The pairs with the chance that the new picture is preferred as their result."""
    means = chances.draws.mean(0).clip(0, 1).tolist()
    rows = zip(chances.descriptions, chances.products, means, strict=True)
    return [
        Outcome(description=text, product=product, pair=str(number), rater="", result=mean)
        for number, (text, product, mean) in enumerate(rows)
    ]


def chances_of(mean: np.ndarray, covariance: np.ndarray, differences: np.ndarray, draws: int = 400) -> np.ndarray:
    """(T, N) for `Chances`: σ(Δ·w) of draws w from a reward's posterior. differences: (N, K) new minus old columns."""
    rng = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    weights = mean + rng.standard_normal((draws, len(mean))) @ root.T
    return np.asarray(1 / (1 + np.exp(-weights @ differences.T)))


def lost_products(outcomes: Sequence[Outcome]) -> list[Product]:
    """Products on which the new pictures lose, the worst first."""
    found = _by_product(outcomes, lambda rows: float(np.mean([row.result for row in rows])))
    return [product for product, rate in sorted(found.items(), key=lambda each: each[1]) if rate < LOST][:SHOWN]


def disputed_products(outcomes: Sequence[Outcome]) -> list[Product]:
    """Products of which raters of one pair choose differently often, the most disputed first."""
    found = _by_product([outcome for outcome in outcomes if outcome.rater], _differ)
    return [product for product, share in sorted(found.items(), key=lambda each: -each[1]) if share > SPLIT][:SHOWN]


def _by_product(outcomes: Sequence[Outcome], measure: Callable[[list[Outcome]], float]) -> dict[Product, float]:
    rows: dict[Product, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if any(outcome.product):
            rows[outcome.product].append(outcome)
    return {product: measure(some) for product, some in rows.items() if len(some) >= FEW}


def _differ(rows: Sequence[Outcome]) -> float:
    """Share of couples of raters of one pair who chose differently; 0 where no pair has two raters."""
    by_pair: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_pair[row.pair].append(row.result)
    couples = [float(a != b) for results in by_pair.values() for k, a in enumerate(results) for b in results[k + 1 :]]
    return float(np.mean(couples)) if len(couples) >= FEW else 0.0
