"""Who won how often: counts and shares as answered, with nothing modelled.

Of several pictures the chosen one beats each other one shown; nothing is said of those among themselves. A tie is one
for every two pictures shown, and "all bad" is counted for every two as well, but in no share: it says nothing about
which is better.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from t2i_studio.domain import Noun, Vote
from t2i_studio.feedback.estimates import Estimate, judged, share


class WinRate(Noun):
    """A source (first) against another one, or against all (second None).

    wins, losses, ties, bad: meetings of two pictures. decided: share of wins among wins and losses. halved: the same
    with a tie as half a win, which is what Pick-a-Pic and most arenas print.
    """

    first: str
    second: str | None
    wins: int
    losses: int
    ties: int
    bad: int
    decided: Estimate
    halved: Estimate


Meeting = tuple[float | None, str]
"""1 a win, 0 a loss, 0.5 a tie, None all bad; and the rater."""


def win_rates(votes: Sequence[Vote]) -> tuple[WinRate, ...]:
    """Every two sources that met, by name, the better one first (a tied couple: in order of names)."""
    couples: dict[tuple[str, str], list[Meeting]] = defaultdict(list)
    for first, second, result, rater in _meetings(votes):
        couples[first, second].append((result, rater))
    rates = []
    for (first, second), met in sorted(couples.items()):
        rate = _rate(first, second, met)
        turned = [(None if result is None else 1 - result, rater) for result, rater in met]
        rates.append(rate if rate.wins >= rate.losses else _rate(second, first, turned))
    return tuple(rates)


def records(votes: Sequence[Vote]) -> tuple[WinRate, ...]:
    """Every source against all others together, by name."""
    own: dict[str, list[Meeting]] = defaultdict(list)
    for first, second, result, rater in _meetings(votes):
        own[first].append((result, rater))
        own[second].append((None if result is None else 1 - result, rater))
    return tuple(_rate(source, None, met) for source, met in sorted(own.items()))


def design_effect(votes: Sequence[Vote]) -> float:
    """How many times more answers are needed than independent ones, because a rater's resemble each other (Kish 1965).

    Σ over couples and raters of (sum of deviations from the couple's share)² / Σ of squared deviations, of the decided
    meetings; at least 1.
    """
    couples: dict[tuple[str, str], list[Meeting]] = defaultdict(list)
    for first, second, result, rater in _meetings(votes):
        if result in (0, 1):
            couples[first, second].append((result, rater))
    together = apart = 0.0
    for met in couples.values():
        mean = sum(result or 0 for result, _ in met) / len(met)
        sums: dict[str, float] = defaultdict(float)
        for result, rater in met:
            sums[rater] += (result or 0) - mean
            apart += ((result or 0) - mean) ** 2
        together += sum(each * each for each in sums.values())
    return max(1.0, together / apart) if apart else 1.0


def _meetings(votes: Sequence[Vote]) -> Iterator[tuple[str, str, float | None, str]]:
    """(first source by name, second, result for the first, rater) of all that the judged votes say."""
    for vote in judged(votes):
        for a, b in combinations(range(len(vote.sources)), 2):
            if vote.sources[a] == vote.sources[b] or (vote.chosen is not None and vote.chosen not in (a, b)):
                continue
            result = None if vote.bad else 0.5 if vote.chosen is None else float(vote.chosen == a)
            if vote.sources[a] < vote.sources[b]:
                yield vote.sources[a], vote.sources[b], result, vote.rater
            else:
                yield vote.sources[b], vote.sources[a], None if result is None else 1 - result, vote.rater


def _rate(first: str, second: str | None, met: Sequence[Meeting]) -> WinRate:
    results = [result for result, _ in met]
    decided = [(result, rater) for result, rater in met if result in (0, 1)]
    halved = [(result, rater) for result, rater in met if result is not None]
    return WinRate(
        first=first,
        second=second,
        wins=results.count(1),
        losses=results.count(0),
        ties=results.count(0.5),
        bad=results.count(None),
        decided=_share(decided),
        halved=_share(halved),
    )


def _share(met: Sequence[Meeting]) -> Estimate:
    return share([result for result, _ in met if result is not None], [rater for _, rater in met])
