"""The votes of comparisons as numbers, for the models behind the ranking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t2i_studio.domain import Purpose, Vote
from t2i_studio.feedback.estimates import number_of


@dataclass(frozen=True)
class Choices:
    """Answers as numbers. V answers of judged items, R raters, K sources, at most N pictures shown.

    source: (V, N) number of each picture's source, K where fewer were shown. chosen: (V,) place, −1 a tie. rater,
    item: (V,) numbers. right, wrong, same, other: (R,) known answers and repeats. took: (R, N + 1) how often each
    place was taken, last column ties, over judged, known and repeated items; judged: (R, N + 1) judged ones only.
    """

    names: tuple[str, ...]
    raters: tuple[str, ...]
    source: np.ndarray
    chosen: np.ndarray
    rater: np.ndarray
    item: np.ndarray
    right: np.ndarray
    wrong: np.ndarray
    same: np.ndarray
    other: np.ndarray
    took: np.ndarray
    judged: np.ndarray

    @property
    def places(self) -> int:
        return self.source.shape[1]


def read_choices(votes: Sequence[Vote]) -> Choices:
    """From the votes of comparisons (two or more pictures); practice, excluded raters and "all bad" left out."""
    used = [
        vote
        for vote in votes
        if len(vote.sources) > 1 and not vote.excluded and not vote.bad and vote.purpose is not Purpose.PRACTICE
    ]
    main = [vote for vote in used if vote.purpose is Purpose.JUDGED]
    names = tuple(sorted({source for vote in main for source in vote.sources}))
    raters = tuple(dict.fromkeys(vote.rater for vote in used))
    at, who = {name: k for k, name in enumerate(names)}, {rater: k for k, rater in enumerate(raters)}
    places = max((len(vote.sources) for vote in used), default=2)
    checks, took, judged = np.zeros((4, len(raters))), *np.zeros((2, len(raters), places + 1))
    earlier = {vote.assignment: vote for vote in main}
    for vote in used:
        place = places if vote.chosen is None else vote.chosen
        took[who[vote.rater], place] += 1
        judged[who[vote.rater], place] += vote.purpose is Purpose.JUDGED
        passed = passed_check(vote, earlier)
        if passed is not None:
            checks[2 * (vote.purpose is Purpose.REPEAT) + (not passed), who[vote.rater]] += 1
    padding = (len(names),) * places
    source = [[*(at[name] for name in vote.sources), *padding[len(vote.sources) :]] for vote in main]
    return Choices(
        names=names,
        raters=raters,
        source=np.array(source, int).reshape(len(main), places),
        chosen=np.array([-1 if vote.chosen is None else vote.chosen for vote in main], int),
        rater=np.array([who[vote.rater] for vote in main], int),
        item=number_of([vote.item for vote in main]),
        right=checks[0],
        wrong=checks[1],
        same=checks[2],
        other=checks[3],
        took=took,
        judged=judged,
    )


def passed_check(vote: Vote, earlier: dict[int, Vote]) -> bool | None:
    """Whether a known answer was given (of stars within one, as in practice), or a repeat answered as before (the same
    picture, or again no choice of the same sort); None for a vote that checks nothing: also where all pictures of a
    known item were found bad, as one may of a weak model's. earlier: the rater's judged votes by assignment.
    """
    if vote.purpose is Purpose.KNOWN and vote.expected is not None:
        if vote.stars is not None:
            return abs(vote.stars - vote.expected) <= 1
        return None if vote.bad else vote.expected == vote.chosen
    first = earlier.get(vote.repeat_of) if vote.repeat_of is not None else None
    if first is None:
        return None
    return _picture(vote) == _picture(first) and vote.bad == first.bad and vote.stars == first.stars


def _picture(vote: Vote) -> int | None:
    return None if vote.chosen is None else vote.variants[vote.chosen]
