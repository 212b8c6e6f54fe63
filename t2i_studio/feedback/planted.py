"""Sessions with a planted truth: made-up raters whose answers follow known strengths, to try the statistics on.

What is planted is what the ranking claims to find: the strengths of the sources among attentive raters who decide,
over raters and pictures. Around it: tastes that differ from rater to rater, pictures better or worse than their
source usually is, a pull to one side, ties, answers that all are bad, and raters who do not look.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np

from t2i_studio.domain import Noun, Purpose, Vote

START = datetime(2026, 1, 1, tzinfo=UTC)
# a normal spread of log-odds with variance v flattens the average chance as if log-odds were divided by √(1 + C·v)
# (Zeger, Liang & Albert 1988)
FLATTENING = (16 * np.sqrt(3) / (15 * np.pi)) ** 2
KNOWN_ITEMS = 1_000_000
LEFT, RANDOM, CAREFUL = "always-left", "random", "careful"


class Truth(Noun):
    """What is planted.

    strengths: of the sources, log-odds, sum 0. taste, picture: sd over raters, and over items, of a source's utility
    (the strengths are what remains on average). side: pull of the left place, log-odds. ties: ν of Davidson's model;
    between equals ν/(2 + ν) of the answers are ties. bad: share of answers "all bad". random, left: shares of the
    raters. right: an attentive rater's share of right known answers.
    """

    strengths: tuple[float, ...]
    taste: float = 0.3
    picture: float = 0.3
    side: float = 0.1
    ties: float = 0.3
    bad: float = 0.03
    random: float = 0.1
    left: float = 0.05
    right: float = 0.95


class Simulated(Noun):
    """Votes and what the raters really were, by rater: careful, random or always-left."""

    votes: tuple[Vote, ...]
    raters: dict[str, str]


def spread(sources: int = 8, reach: float = 1.2) -> tuple[float, ...]:
    """Strengths evenly from −reach to reach."""
    return tuple(np.linspace(-reach, reach, sources).tolist())


def names(truth: Truth) -> list[str]:
    """The sources' names, in the order of the strengths."""
    return [f"source {k + 1:02d}" for k in range(len(truth.strengths))]


class People:
    """The raters of a session, and the pictures as they see them."""

    def __init__(self, truth: Truth, raters: int, rng: np.random.Generator) -> None:
        self.truth, self.rng, self.sources = truth, rng, names(truth)
        kinds = [RANDOM] * round(raters * truth.random) + [LEFT] * round(raters * truth.left)
        kinds += [CAREFUL] * (raters - len(kinds))
        rng.shuffle(kinds)
        self.kinds = {f"rater {k + 1:03d}": kind for k, kind in enumerate(kinds)}
        self.seconds = {rater: 4 * np.exp(rng.normal(0, 0.3)) for rater in self.kinds}
        self._taste = {rater: rng.normal(0, truth.taste, len(truth.strengths)) for rater in self.kinds}
        self._pictures: dict[tuple[int, int], float] = {}
        self._steeper = float(np.sqrt(1 + FLATTENING * 2 * (truth.taste**2 + truth.picture**2)))

    def answer(self, rater: str, item: int, shown: Sequence[int]) -> tuple[int | None, bool]:
        """(place chosen or None, all bad) for the sources' numbers `shown`, left to right."""
        kind, truth, places = self.kinds[rater], self.truth, len(shown)
        if self.rng.random() < (truth.bad if kind == CAREFUL else 0.0):
            return None, True
        if kind == LEFT:
            return (0 if self.rng.random() < 0.97 else 1), False
        utilities = np.zeros(places) if kind == RANDOM else self._utilities(rater, item, shown)
        odds = np.exp([*utilities, utilities.mean() + np.log(truth.ties)])
        place = int(self.rng.choice(places + 1, p=odds / odds.sum()))
        return (place if place < places else None), False

    def known(self, rater: str, expected: int, places: int) -> int:
        """The place that a rater chooses where the right one is plain to see."""
        kind = self.kinds[rater]
        if kind == LEFT:
            return 0
        right = self.truth.right if kind == CAREFUL else 1 / places
        others = [place for place in range(places) if place != expected]
        return expected if self.rng.random() < right else int(self.rng.choice(others))

    def _utilities(self, rater: str, item: int, shown: Sequence[int]) -> np.ndarray:
        utilities = self._steeper * np.array([self.truth.strengths[k] for k in shown])
        utilities += [self._taste[rater][k] + self._picture(item, k) for k in shown]
        utilities[0] += self._steeper * self.truth.side
        return utilities

    def _picture(self, item: int, source: int) -> float:
        if (item, source) not in self._pictures:
            self._pictures[item, source] = self.rng.normal(0, self.truth.picture)
        return self._pictures[item, source]


class Sitting:
    """One rater's way through a session: each call is the next showing, and returns the vote."""

    def __init__(self, people: People, rater: str) -> None:
        self.people, self.rater, self.position = people, rater, 0
        self._done: list[tuple[Vote, tuple[int, ...]]] = []

    def judge(self, item: int, sources: Sequence[int]) -> Vote:
        """A new item, sides at random."""
        shown = tuple(self.people.rng.permutation(list(sources)).tolist())
        vote = self._vote(item, Purpose.JUDGED, shown, self.people.answer(self.rater, item, shown))
        self._done.append((vote, shown))
        return vote

    def repeat(self) -> Vote:
        """An earlier item again, sides swapped."""
        first, before = self._done[int(self.people.rng.integers(len(self._done)))]
        shown = before[::-1]
        again = self.people.answer(self.rater, first.item, shown)
        return self._vote(first.item, Purpose.REPEAT, shown, again, repeat_of=first.assignment)

    def known(self, places: int) -> Vote:
        """An item whose right choice is plain."""
        expected = int(self.people.rng.integers(places))
        chosen = self.people.known(self.rater, expected, places)
        shown = tuple(range(places))
        item = KNOWN_ITEMS + int(self.people.rng.integers(20))
        return self._vote(item, Purpose.KNOWN, shown, (chosen, False), expected=expected)

    def _vote(self, item: int, purpose: Purpose, shown: tuple[int, ...], answer: tuple, **more: int) -> Vote:
        number = list(self.people.kinds).index(self.rater)
        milliseconds = int(1000 * self.people.seconds[self.rater] * np.exp(self.people.rng.normal(0, 0.5)))
        vote = Vote(
            assignment=number * 10_000 + self.position,
            item=item,
            rater=self.rater,
            purpose=purpose,
            position=self.position,
            prompt=f"description {item % 25}",
            sources=tuple(self.people.sources[k] for k in shown),
            variants=tuple(item * 100 + k for k in shown),
            chosen=answer[0],
            bad=answer[1],
            active_ms=milliseconds,
            wall_ms=milliseconds + 500,
            created=START + timedelta(seconds=10 * self.position, milliseconds=number),
            **more,
        )
        self.position += 1
        return vote


def simulate(
    truth: Truth,
    *,
    seed: int,
    raters: int = 50,
    each: int = 40,
    overlap: int = 3,
    known_share: float = 0.1,
    repeat_share: float = 0.05,
    shown: int = 2,
) -> Simulated:
    """A session in which every set of `shown` sources is judged equally often: `each` answers by each of `raters`.

    The votes come in the order of raters who answer at the same pace: the first `raters` are everybody's first.
    """
    rng = np.random.default_rng(seed)
    people = People(truth, raters, rng)
    known, repeats = round(each * known_share), round(each * repeat_share)
    judged = each - known - repeats
    sets = list(combinations(range(len(truth.strengths)), shown))
    items = -(-raters * judged // overlap)
    sources = [sets[k] for k in np.concatenate([rng.permutation(len(sets)) for _ in range(-(-items // len(sets)))])]
    # each pass over the items is dealt on before the next begins, so that nobody gets an item twice
    slots = np.concatenate([rng.permutation(items) for _ in range(overlap)])
    votes: list[Vote] = []
    for number, rater in enumerate(people.kinds):
        sitting = Sitting(people, rater)
        hand = iter(dict.fromkeys(slots[number * judged : (number + 1) * judged].tolist()))
        for purpose in _course(judged, known, repeats, rng):
            if purpose is Purpose.KNOWN:
                votes.append(sitting.known(shown))
            elif purpose is Purpose.REPEAT:
                votes.append(sitting.repeat())
            elif (item := next(hand, None)) is not None:
                votes.append(sitting.judge(item, sources[item]))
    votes.sort(key=lambda vote: (vote.position, vote.rater))
    return Simulated(votes=tuple(votes), raters=people.kinds)


def _course(judged: int, known: int, repeats: int, rng: np.random.Generator) -> list[Purpose]:
    """What a rater is shown, in order: known answers anywhere but first, repeats in the second half."""
    course = [Purpose.JUDGED] * (judged - 1) + [Purpose.KNOWN] * known
    rng.shuffle(course)  # type: ignore[arg-type]
    course.insert(0, Purpose.JUDGED)
    for _ in range(repeats):
        course.insert(int(rng.integers(len(course) // 2, len(course) + 1)), Purpose.REPEAT)
    return course
