"""What the answers say of a single picture."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import fmean

from t2i_studio.domain import Vote
from t2i_studio.feedback.exports.material import Material

GOOD_STARS = 4
BAD_STARS = 2


@dataclass
class Verdict:
    """A picture's answers. good, bad: how many spoke for and against it; three stars without a fault and a tie do
    neither. wins: comparisons that it was chosen in. faults: how often each was named.
    """

    variant: int
    caption: str
    stars: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    comparisons: int = 0
    wins: int = 0
    good: int = 0
    bad: int = 0

    @property
    def mean_stars(self) -> float | None:
        return fmean(self.stars) if self.stars else None

    @property
    def liked(self) -> bool:
        """Whether more answers spoke for it than against it."""
        return self.good > self.bad

    def add(self, vote: Vote, place: int) -> None:
        """Count a vote that showed this picture at `place`."""
        if len(vote.variants) > 1:
            self.comparisons += 1
            self.wins += vote.chosen == place
        elif vote.stars is not None:
            self.stars.append(vote.stars)
        self.faults.update(vote.faults if len(vote.variants) == 1 else ())
        said = opinion(vote, place)
        self.good += said > 0
        self.bad += said < 0


def opinion(vote: Vote, place: int) -> int:
    """Of the picture at `place`: 1 for, −1 against, 0 neither. A fault speaks against a picture whatever its stars are.

    The chosen one of several has an answer for it and each other one against it.
    """
    if vote.bad:
        return -1
    if len(vote.variants) > 1:
        return 0 if vote.chosen is None else 1 if vote.chosen == place else -1
    if vote.faults:
        return -1
    stars = vote.stars if vote.stars is not None else GOOD_STARS - 1
    return 1 if stars >= GOOD_STARS else -1 if stars <= BAD_STARS else 0


def verdicts(material: Material) -> tuple[list[Verdict], int, Counter[str]]:
    """Of every judged picture, by number; how many of the answers were ties, how many left out by reason."""
    votes, left_out = material.judged()
    found: dict[int, Verdict] = {}
    for vote in votes:
        for place, variant in enumerate(vote.variants):
            if variant not in found:
                found[variant] = Verdict(variant, material.caption([variant], vote.prompt))
            found[variant].add(vote, place)
    ties = sum(len(vote.variants) > 1 and vote.chosen is None and not vote.bad for vote in votes)
    return [found[variant] for variant in sorted(found)], ties, left_out
