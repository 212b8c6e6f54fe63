"""How raters choose among the pictures shown: the likelihood behind the ranking.

An attentive rater sees pictures with utilities u_k = strength of its source + pull of its place (the first place is
0), and chooses picture k with probability ∝ exp(u_k) (Bradley & Terry 1952; Luce 1959 for more than two), or calls it
a tie with probability ∝ ν·exp(mean u) (Davidson 1970; with a pull of the place, Davidson & Beaver 1977).

Not every rater is attentive. Each rater is of one unknown class: attentive; answering at random; or always taking the
same place. The likelihood of a rater's answers is the mixture over classes (Dawid & Skene 1979 for the idea). Answers
with a known right choice, and swapped repeats, tell the classes apart: an attentive rater gets them right, or repeats
themselves, with a probability that is estimated too. "All bad" says nothing about which is better and is left out.

Weak normal priors on everything keep the fit finite when a side always wins or sources were never compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t2i_studio.domain import Purpose, Vote
from t2i_studio.feedback.estimates import number_of

STRENGTH_SD = 2.0
STRAY = 0.05
"""How often a rater who always takes one place does something else."""
NEVER = -1e9

# normal priors (mean, sd), in log-odds: pull of a place, ties (log ν), share of a class against the attentive,
# known answers right, repeats the same, ties of who answers at random
PLACE, TIES, CLASS, RIGHT, SAME, STRAY_TIES = (0, 0.5), (-1.5, 1.5), (-2.7, 1.0), (2.5, 0.7), (1.0, 1.0), (-1.5, 1.0)


@dataclass(frozen=True)
class Choices:
    """Answers as numbers. V answers of judged items, R raters, K sources, at most N pictures shown.

    source: (V, N) number of each picture's source, K where fewer were shown. chosen: (V,) place, −1 a tie. rater,
    item: (V,) numbers. right, wrong, same, other: (R,) known answers and repeats. took: (R, N + 1) how often each
    place was taken, last column ties, over judged, known and repeated items.
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
    checks, took = np.zeros((4, len(raters))), np.zeros((len(raters), places + 1))
    earlier = {vote.assignment: vote for vote in main}
    for vote in used:
        took[who[vote.rater], places if vote.chosen is None else vote.chosen] += 1
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
    )


def passed_check(vote: Vote, earlier: dict[int, Vote]) -> bool | None:
    """Whether a known answer was given, or a repeat answered as before (the same picture, or again no choice of the
    same sort); None for a vote that checks nothing. earlier: the rater's judged votes by assignment.
    """
    if vote.purpose is Purpose.KNOWN and vote.expected is not None:
        return vote.expected == (vote.stars if vote.stars is not None else vote.chosen)
    first = earlier.get(vote.repeat_of) if vote.repeat_of is not None else None
    if first is None:
        return None
    return _picture(vote) == _picture(first) and vote.bad == first.bad and vote.stars == first.stars


def _picture(vote: Vote) -> int | None:
    return None if vote.chosen is None else vote.variants[vote.chosen]


class ChoiceModel:
    """Log-posterior of the parameters, its slope, and what each answer adds to the slope.

    Parameters θ, in order: strengths (K), pulls of places 2 … N (N−1), log ν, log share of the classes against the
    attentive (random, place 1 … N), logits of known-right, of repeated-same, and of the random class' ties.
    """

    def __init__(self, choices: Choices) -> None:
        self.data = choices
        K, N = len(choices.names), choices.places
        self.strengths, self.pulls, self.tie = slice(0, K), slice(K, K + N - 1), K + N - 1
        self.classes = slice(K + N, K + 2 * N + 1)
        self.known, self.repeated, self.stray = K + 2 * N + 1, K + 2 * N + 2, K + 2 * N + 3
        priors = [(0, STRENGTH_SD)] * K + [PLACE] * (N - 1) + [TIES] + [CLASS] * (N + 1) + [RIGHT, SAME, STRAY_TIES]
        self.mean, self.sd = np.array(priors, float).T
        self._shown = choices.source < K
        self._count = self._shown.sum(1)
        self._tied = choices.chosen < 0
        self._hit = (np.arange(N) == choices.chosen[:, None]).astype(float)
        self._row = np.arange(len(choices.chosen))

    def slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the log-posterior and its gradient: what is minimised."""
        attentive, residual, tie_residual = self._answers(theta)
        total, weight, table = self._raters(theta, attentive)
        weights = weight[self.data.rater]
        gradient = -table.sum(0)
        weighted = residual * weights[:, None]
        sums = np.bincount(self.data.source.ravel(), weighted.ravel(), minlength=len(self.data.names) + 1)
        gradient[self.strengths] -= sums[:-1]
        gradient[self.pulls] -= weighted[:, 1:].sum(0)
        gradient[self.tie] -= tie_residual @ weights
        away = (theta - self.mean) / self.sd
        return float(-total.sum() + away @ away / 2), gradient + away / self.sd

    def scores(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each answer (V, P), and each rater beyond their answers (R, P), adds to the slope of the likelihood."""
        attentive, residual, tie_residual = self._answers(theta)
        _, weight, table = self._raters(theta, attentive)
        weights = weight[self.data.rater]
        rows = np.zeros((len(weights), len(theta) + 1))
        extra = len(theta)  # absent pictures fall into a column that is cut off
        for place in range(self.data.places):
            column = np.where(self._shown[:, place], self.data.source[:, place], extra)
            rows[self._row, column] += residual[:, place] * weights
        rows[:, self.pulls] = residual[:, 1:] * weights[:, None]
        rows[:, self.tie] = tie_residual * weights
        return rows[:, :-1], table

    def attentive(self, theta: np.ndarray) -> np.ndarray:
        """(R,) probability that each rater is attentive, given all answers."""
        return self._raters(theta, self._answers(theta)[0])[1]

    def _answers(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of an attentive rater: (V,) log-probability of each answer, its derivative by the utilities (V, N), and by
        log ν (V,).
        """
        strengths = np.append(theta[self.strengths], 0.0)
        pulls = np.append(0.0, theta[self.pulls])
        utilities = np.where(self._shown, strengths[self.data.source] + pulls, 0.0)
        tie = theta[self.tie] + utilities.sum(1) / self._count
        utilities[~self._shown] = NEVER
        top = np.maximum(utilities.max(1), tie)
        odds, tie_odds = np.exp(utilities - top[:, None]), np.exp(tie - top)
        total = odds.sum(1) + tie_odds
        chance, tie_chance = odds / total[:, None], tie_odds / total
        picked = np.where(self._tied, tie, utilities[self._row, np.maximum(self.data.chosen, 0)])
        tie_residual = self._tied - tie_chance
        residual = np.where(self._shown, self._hit - chance + (tie_residual / self._count)[:, None], 0.0)
        return picked - top - np.log(total), residual, tie_residual

    def _raters(self, theta: np.ndarray, attentive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(R,) log-likelihood, (R,) probability to be attentive, (R, P) derivative by all but the answers' part."""
        data, N = self.data, self.data.places
        right, same, stray = (float(np.exp(_logs(theta[k])[0])) for k in (self.known, self.repeated, self.stray))
        (yes, no), (again, other), (tied, chose) = (_logs(theta[k]) for k in (self.known, self.repeated, self.stray))
        logs = np.zeros((len(data.raters), N + 2))
        logs[:, 0] = np.bincount(data.rater, attentive, minlength=len(data.raters))
        logs[:, 0] += (
            data.right * yes + data.wrong * (no - np.log(N)) + data.same * again + data.other * (other - np.log(N))
        )
        answers, ties = data.took.sum(1), data.took[:, N]
        logs[:, 1] = ties * tied + (answers - ties) * (chose - np.log(N))
        logs[:, 2:] = data.took[:, :N] * np.log(1 - STRAY) + (answers[:, None] - data.took[:, :N]) * np.log(STRAY / N)
        shares = np.append(0.0, theta[self.classes])
        shares = shares - np.logaddexp.reduce(shares)
        joint = logs + shares
        total = np.logaddexp.reduce(joint, axis=1)
        member = np.exp(joint - total[:, None])
        table = np.zeros((len(total), len(theta)))
        table[:, self.classes] = (member - np.exp(shares))[:, 1:]
        table[:, self.known] = member[:, 0] * (data.right - (data.right + data.wrong) * right)
        table[:, self.repeated] = member[:, 0] * (data.same - (data.same + data.other) * same)
        table[:, self.stray] = member[:, 1] * (ties - answers * stray)
        return total, member[:, 0], table


def _logs(logit: float) -> tuple[float, float]:
    """Logarithms of the probability with this logit, and of its complement."""
    return -float(np.logaddexp(0, -logit)), -float(np.logaddexp(0, logit))
