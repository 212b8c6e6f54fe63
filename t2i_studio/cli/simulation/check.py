"""What was confirmed to the raters against what is in the store, and whether chance dealt as evenly as is claimed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from t2i_studio.cli.simulation.sitting import Confirmed
from t2i_studio.domain import Purpose, Vote
from t2i_studio.store.answers import kept_answers
from t2i_studio.store.database import Database
from t2i_studio.store.schedule import SIDES
from t2i_studio.store.session_items import items_of
from t2i_studio.store.votes import votes

PARTS = 4
"""A rater's way, and the items as stored, are looked at in so many parts."""
ENOUGH = 5
"""Cases that a χ² test needs of each kind (Cochran 1954)."""


class Held(NamedTuple):
    """answers: kept in the store, revisions included. lost: confirmed ones that are not kept as they were given.
    doubled: judgements beyond one for each answer that was sent, and answers by which raters' counts differ from what
    they gave. overlap_exact: every item has as many judgements as the session wants, and no other has any.
    """

    answers: int
    lost: int
    doubled: int
    overlap_exact: bool


def held_against_store(db: Database, session: int, overlap: int, confirmed: Sequence[Confirmed]) -> Held:
    """Once the session is through."""
    kept, found = kept_answers(db, session), votes(db, session)
    said = {answer.nonce: (answer.number, answer.verdict, answer.place) for answer in confirmed}
    lost = sum(kept.answers.get(nonce) != answer for nonce, answer in said.items())
    lost += len({number for number, *_ in said.values()} - {vote.assignment for vote in found})
    given = sum(verdict != "skip" for _, verdict, _ in kept.answers.values())
    own = Counter(vote.rater for vote in found if vote.purpose is not Purpose.PRACTICE)
    doubled = kept.judgements - given + sum(abs(count - own[rater]) for rater, count in kept.counted.items())
    counts = Counter(vote.item for vote in found if vote.purpose is Purpose.JUDGED)
    wanted = {item.id for item in items_of(db, session) if item.purpose is Purpose.JUDGED and item.opened}
    exact = set(counts) == wanted and set(counts.values()) <= {overlap}
    return Held(len(kept.answers), lost, doubled, exact)


class Dealt(NamedTuple):
    """How chance dealt the judged items of pairs. sides: how often each pattern of left and right came within SIDES
    items of a rater; order: [part of the rater's way][part of the stored order] → how often.
    """

    sides: Counter[tuple[bool, ...]]
    order: list[list[int]]

    def plus(self, other: "Dealt") -> "Dealt":
        """Of several sessions together."""
        rows = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(self.order, other.order, strict=True)]
        return Dealt(self.sides + other.sides, rows)


def dealt(db: Database, session: int) -> Dealt:
    """From the votes of a session of pairs that is through."""
    items = [item for item in items_of(db, session) if item.purpose is Purpose.JUDGED]
    rank = {item.id: place * PARTS // len(items) for place, item in enumerate(items)}
    first = {item.id: item.pictures[0].variant for item in items}
    by_rater: dict[str, list[Vote]] = defaultdict(list)
    for vote in sorted(votes(db, session), key=lambda vote: vote.position):
        if vote.purpose is Purpose.JUDGED:
            by_rater[vote.rater].append(vote)
    sides: Counter[tuple[bool, ...]] = Counter()
    order = [[0] * PARTS for _ in range(PARTS)]
    for way in by_rater.values():
        swapped = [vote.variants[0] != first[vote.item] for vote in way]
        sides.update(tuple(swapped[at : at + SIDES]) for at in range(0, len(way) - SIDES + 1, SIDES))
        for place, vote in enumerate(way):
            order[place * PARTS // len(way)][rank[vote.item]] += 1
    return Dealt(sides, order)


def chance_of_sides(dealt: Dealt) -> float | None:
    """p of a χ² test of what schedule.picture_order claims: of SIDES items half are swapped, each pattern as likely.
    None for too few to test.
    """
    from scipy.stats import chisquare

    halves = list(combinations(range(SIDES), SIDES // 2))
    patterns = [tuple(place in half for place in range(SIDES)) for half in halves]
    if set(dealt.sides) - set(patterns):
        return 0.0
    if sum(dealt.sides.values()) < ENOUGH * len(patterns):
        return None
    return float(chisquare([dealt.sides[pattern] for pattern in patterns]).pvalue)


def chance_of_order(dealt: Dealt) -> float | None:
    """p of a χ² test that when a rater meets an item does not hang on where it is stored. None for too few to test."""
    from scipy.stats import chi2_contingency

    if sum(map(sum, dealt.order)) < ENOUGH * PARTS**2:
        return None
    return float(chi2_contingency(dealt.order).pvalue)
