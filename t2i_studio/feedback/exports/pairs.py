"""Preference pairs in the answers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from t2i_studio.domain import Vote
from t2i_studio.feedback.exports.material import Material

STAR_GAP = 2
"""Stars between two pictures of one description from which on a rater is taken to prefer the better one."""


@dataclass(frozen=True)
class Pair:
    """Two pictures as a rater judged them. left: points of the left one: 1, 0, or 0.5 for a tie. answers: numbers of
    those behind it, of a comparison one, of stars two.
    """

    variants: tuple[int, int]
    left: float
    caption: str
    rater: str
    answers: tuple[int, ...]
    day: datetime

    @property
    def winner(self) -> int:
        return self.variants[0] if self.left > 0.5 else self.variants[1]

    @property
    def loser(self) -> int:
        return self.variants[1] if self.left > 0.5 else self.variants[0]


def preference_pairs(material: Material) -> tuple[list[Pair], int, Counter[str]]:
    """All pairs (ties by choice), how many ties were dropped, and how many answers were left out by reason.

    "All bad" prefers nothing. The best of four was preferred to each of the other three, which were not compared
    with each other. Stars of one rater for pictures of one description give a pair from a gap of two on.
    """
    votes, left_out = material.judged()
    stars = [vote for vote in votes if len(vote.variants) == 1]
    pairs, ties = list(_starred(material, stars)), 0
    paired = {answer for pair in pairs for answer in pair.answers}
    left_out["no_pair"] += sum(vote.assignment not in paired for vote in stars)
    for vote in votes:
        if len(vote.variants) == 1:
            continue
        if vote.bad:
            left_out["both_bad"] += 1
        elif vote.chosen is None and not material.choices.keep_ties:
            ties += 1
        else:
            pairs += _compared(material, vote)
    return pairs, ties, +left_out


def _compared(material: Material, vote: Vote) -> Iterator[Pair]:
    for left, right in combinations(range(len(vote.variants)), 2):
        if vote.chosen not in (None, left, right):
            continue
        shown = (vote.variants[left], vote.variants[right])
        points = 0.5 if vote.chosen is None else float(vote.chosen == left)
        caption = material.caption(shown, vote.prompt)
        yield Pair(shown, points, caption, vote.rater, (vote.assignment,), vote.created)


def _starred(material: Material, votes: Iterable[Vote]) -> Iterator[Pair]:
    for one, other, gap in star_gaps(votes):
        shown = (one.variants[0], other.variants[0])
        answers = (one.assignment, other.assignment)
        caption = material.caption(shown, one.prompt)
        yield Pair(shown, float(gap > 0), caption, one.rater, answers, other.created)


def star_gaps(votes: Iterable[Vote]) -> Iterator[tuple[Vote, Vote, int]]:
    """Two votes with stars of one rater about pictures of one description, and by how many stars the first picture is
    better (negative: worse): STAR_GAP at least. Of a picture judged twice the later vote counts.
    """
    by_rater: dict[tuple[str, str], dict[int, Vote]] = defaultdict(dict)
    for vote in votes:
        if vote.stars is not None:
            by_rater[vote.rater, vote.prompt][vote.variants[0]] = vote
    for group in by_rater.values():
        for one, other in combinations(group.values(), 2):
            gap = (one.stars or 0) - (other.stars or 0)
            if abs(gap) >= STAR_GAP:
                yield one, other, gap
