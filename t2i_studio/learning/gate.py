"""Whether an adapter is adopted: it must be better liked, and must not have forgotten anything. No model is run here.

The rule. It is adopted when
- the 95 % lower bound of its win rate is over one half, by OPTIMISM more where only a reward foretells it, and
- adherence, diversity and (where known) freedom from faults each fell by at most TOLERATED points, and a fall of
  RULED_OUT points lies outside the 95 % interval.

Why so: asking only that a fall of TOLERATED points is proven would let a small sample pass everything, asking that it
is disproven would need ten thousand pictures. A measured fall is taken at its word once it is measured to about
± TOLERATED points: then a harmless adapter is refused for noise in 1 of 40 cases at most, and one that fell by
RULED_OUT points passes in 1 of 40. Where the measurement is coarser the gate says that more pictures are needed.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from t2i_studio.domain import Noun
from t2i_studio.domain.learning import Verdict
from t2i_studio.learning.compared import (
    Chances,
    Outcome,
    Product,
    WinRate,
    disputed_products,
    likely_outcomes,
    likely_win_rate,
    lost_products,
    win_rate,
)

EVEN = 0.5
OPTIMISM = 0.03
"""A reward has learnt from the ratings that the adapter learnt from, so both are wrong alike. Where raters toss coins,
an adapter that goes a deviation along what the reward made of it gets a lower bound of up to so much over one half;
that the reward is usable, by products it was not fitted to, is the first guard.
"""
TOLERATED = 2.0
"""Points of 100 that adherence, diversity and freedom from faults may fall."""
RULED_OUT = 2 * TOLERATED
COMPARISONS, DESCRIPTIONS = 192, 48
"""What an evaluation makes: comparisons, and descriptions over which they are spread. With these the gate adopts a
truly better adapter (70 % by five raters whose tastes differ a little) in 97 of 100 cases, one that is equal or worse
in 1; with 32 descriptions and more seeds of each in 95, with 128 comparisons in 93 (cli.simulation.gates).
"""

Reason = dict[str, Any]
"""{"key": row of assets/words/verdicts.json, and the values its sentences name}."""


class Drop(Noun):
    """Old minus new in points of 100, with its 95 % interval. pictures: how many of each were measured."""

    value: float
    low: float
    high: float
    pictures: int


class Measured(Noun):
    """What was measured of old and new pictures besides taste; None where nothing can measure it.

    worst: (attribute, its own drop in points) that fell most of what adherence is made of, where one fell.
    fresh: descriptions that were compared whose product no rating was about; known: those whose product one was.
    """

    adherence: Drop | None = None
    diversity: Drop | None = None
    faults: Drop | None = None
    worst: tuple[str, float] | None = None
    fresh: int = 0
    known: int = 0


def decide(measured: Measured, *, people: Sequence[Outcome] = (), reward: Chances | None = None) -> Verdict:
    """People count where there are any, else the reward, which must be usable to be given at all."""
    if people:
        rate, outcomes, judge = win_rate(people), list(people), "people"
    elif reward is not None:
        rate, outcomes, judge = likely_win_rate(reward), likely_outcomes(reward), "reward"
    else:
        rate, outcomes, judge = WinRate(value=EVEN, low=0, high=1, compared=0, descriptions=0, raters=0), [], "none"
    against = [*_taste(rate, judge), *_fallen(measured)]
    advice = _advice(outcomes) if against and outcomes else []
    return Verdict(
        adopt=not against,
        judge=judge,
        compared=rate.compared,
        win_rate=rate.value,
        win_rate_low=rate.low,
        win_rate_high=rate.high,
        adherence_drop=measured.adherence and measured.adherence.value,
        fault_drop=measured.faults and measured.faults.value,
        diversity_drop=measured.diversity and measured.diversity.value,
        reasons=(*against, *advice, *_cautions(measured, judge)),
    )


def at_strength(verdict: Verdict, scale: float) -> Verdict:
    """The verdict of an adapter that was compared, and would be used, at this strength."""
    weaker = ({"key": "weaker", "percent": _percent(scale)},) if scale < 1 else ()
    return verdict.model_copy(update={"scale": scale, "reasons": (*verdict.reasons, *weaker)})


def excess(measured: Measured) -> float:
    """The largest fall as a multiple of what is tolerated; above 1 the gate refuses."""
    drops = (measured.adherence, measured.diversity, measured.faults)
    return max((drop.value / TOLERATED for drop in drops if drop is not None), default=0.0)


def measured_well(drop: Drop | None) -> bool:
    """Is a drop known so well that more pictures would not change the decision for being too few?"""
    return drop is None or drop.value > TOLERATED or drop.high <= RULED_OUT


def _taste(rate: WinRate, judge: str) -> list[Reason]:
    if judge == "none":
        return [{"key": "no_judge"}]
    if rate.low > EVEN + (OPTIMISM if judge == "reward" else 0):
        return []
    told = {"win": _percent(rate.value), "low": _percent(rate.low), "compared": rate.compared}
    if rate.high < EVEN:
        return [{"key": "worse", **told}]
    more = _more(rate)
    if more is None:
        return [{"key": "no_better", **told}]
    return [{"key": "unsure_people" if judge == "people" else "unsure_reward", "more": more, **told}]


def _more(rate: WinRate) -> int | None:
    """Further comparisons with which the lower bound would pass one half if the win rate stays; None where it takes
    more than ten times as many, so that there is no point in going on.
    """
    ahead, half = rate.value - EVEN, rate.value - rate.low
    if ahead <= 0 or half <= 0:
        return None
    times = (half / ahead) ** 2
    return ceil((times - 1) * rate.compared) if times <= 10 else None


def _fallen(measured: Measured) -> list[Reason]:
    found: list[Reason] = []
    for name in ("adherence", "diversity", "faults"):
        drop: Drop | None = getattr(measured, name)
        if drop is None:
            continue
        told = {"drop": round(drop.value, 1), "most": round(drop.high, 1), "tolerated": TOLERATED}
        if drop.value > TOLERATED:
            found.append({"key": name, **told})
        elif drop.high > RULED_OUT:
            found.append({"key": f"{name}_unsure", "pictures": drop.pictures, **told})
    if measured.worst and any(reason["key"] == "adherence" for reason in found):
        found.append({"key": "adherence_worst", "attribute": measured.worst[0], "drop": round(measured.worst[1], 1)})
    return found


def _advice(outcomes: Sequence[Outcome]) -> list[Reason]:
    """Where it loses, and where raters do not agree."""
    kinds: tuple[tuple[str, Callable[[Sequence[Outcome]], list[Product]]], ...] = (
        ("more_pairs", lost_products),
        ("disputed", disputed_products),
    )
    found = [(key, products(outcomes)) for key, products in kinds]
    return [{"key": key, **_named(products)} for key, products in found if products]


def _named(products: Sequence[Product]) -> dict[str, str]:
    return {
        "products_en": ", ".join(english or chinese for english, chinese in products),
        "products_zh": "、".join(chinese or english for english, chinese in products),
    }


def _cautions(measured: Measured, judge: str) -> list[Reason]:
    """What a reader of the verdict should know, whichever way it went."""
    found: list[Reason] = []
    if judge == "reward":
        found.append({"key": "by_reward"})
    if measured.adherence is None:
        found.append({"key": "adherence_unknown"})
    if measured.faults is not None:
        found.append({"key": "faults_foretold"})
    if measured.known:
        found.append({"key": "known_products", "known": measured.known, "fresh": measured.fresh})
    return found


def _percent(share: float) -> int:
    return round(100 * share)
