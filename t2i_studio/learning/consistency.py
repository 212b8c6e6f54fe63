"""Whether raters agree about what a model is to learn from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from t2i_studio.domain import Noun, Preference, Vote
from t2i_studio.feedback.agreement import Agreement, choice_agreement, star_agreement
from t2i_studio.feedback.estimates import quantile, wilson

USEFUL = 0.4
"""Alpha that raters of one taste reach: two who agree on 7 of 10 pairs."""
CONTRADICTED = 0.35
SURELY = 0.3


class Contradicted(Noun):
    """How often two raters' answers about the same two pictures are opposite, with the 95 % interval; 0.5 by chance.

    pairs: of pictures, that two raters or more have an answer about. value None: there are none.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int = 0

    @property
    def much(self) -> bool:
        """More than people of one taste do: two raters of a public data set agree on 68 % of pairs."""
        return (self.value or 0) > CONTRADICTED and (self.low or 0) > SURELY


def contradicted(preferences: Iterable[Preference]) -> Contradicted:
    """Every two answers to n about the same pictures count 1/(n − 1), so that each answer counts once."""
    answers: dict[frozenset[int], list[int]] = defaultdict(list)
    for each in preferences:
        answers[frozenset((each.better, each.worse))].append(each.better)
    opposite = couples = 0.0
    several = [chosen for chosen in answers.values() if len(chosen) > 1]
    for chosen in several:
        first = chosen.count(chosen[0])
        opposite += first * (len(chosen) - first) / (len(chosen) - 1)
        couples += len(chosen) / 2
    if not several:
        return Contradicted()
    low, high = wilson(opposite / couples, couples, quantile(1))
    return Contradicted(value=opposite / couples, low=low, high=high, pairs=len(several))


def agreements(votes: Sequence[Vote]) -> tuple[Agreement, Agreement]:
    """On choices, and on stars. votes: one of a rater for the same pictures; wherever and how often these were shown,
    they are one item.
    """
    items: dict[frozenset[int], int] = {}
    alike = [vote.model_copy(update={"item": items.setdefault(frozenset(vote.variants), len(items))}) for vote in votes]
    return choice_agreement(alike), star_agreement(alike)


def none(found: Agreement) -> bool:
    """Whether raters agree no more than by chance: chance is within the interval, and useful agreement is not."""
    return found.low is not None and found.high is not None and found.low <= 0 and found.high < USEFUL
