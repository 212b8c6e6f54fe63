"""How raters choose among the pictures shown: the likelihood behind the ranking.

An attentive rater sees pictures with utilities u_k = strength of its source + pull of its place (the first place is
0), and chooses picture k with probability ∝ exp(u_k) (Bradley & Terry 1952; Luce 1959 for more than two), or calls it
a tie with probability ∝ ν·exp(mean u) (Davidson 1970; with a pull of the place, Davidson & Beaver 1977).

Not every rater looks. Each is of one unknown class: attentive; answering at random; or always taking the same place.
How likely a rater is of each class comes from checks alone: known answers, swapped repeats, and the places taken (a
mixture of classes; Dawid & Skene 1979 for the idea). Nobody loses weight by liking other pictures than most do: with
the choices themselves in that mixture, a minority with firm opinions would be taken for careless. An answer's
probability is then the mean over the classes of its rater. So the strengths are not flattened by careless answers, and
the two steps are one pair of estimating equations (Newey & McFadden 1994, §6). "All bad" says nothing about which is
better and is left out.

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
# known answers right, repeats the same, ties of whoever does not look
PLACE, TIES, CLASS, RIGHT, SAME, STRAY_TIES = (0, 0.5), (-1.5, 1.5), (-2.7, 1.0), (2.5, 0.7), (1.0, 1.0), (-1.5, 1.0)


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
    """The two steps as functions of the parameters: of the raters' classes, and of the strengths given the classes.

    Parameters θ, in order: strengths (K), pulls of places 2 … N (N−1), log ν; log share of the classes against the
    attentive (random, place 1 … N), logits of known-right, of repeated-same, and of ties by who does not look.
    `second` and `first` are the slices of the steps.
    """

    def __init__(self, choices: Choices) -> None:
        self.data = choices
        K, N = len(choices.names), choices.places
        self.strengths, self.pulls, self.tie = slice(0, K), slice(K, K + N - 1), K + N - 1
        self.second, self.first = slice(0, K + N), slice(K + N, K + 2 * N + 4)
        self.classes = slice(K + N, K + 2 * N + 1)
        self.known, self.repeated, self.stray = K + 2 * N + 1, K + 2 * N + 2, K + 2 * N + 3
        priors = [(0, STRENGTH_SD)] * K + [PLACE] * (N - 1) + [TIES] + [CLASS] * (N + 1) + [RIGHT, SAME, STRAY_TIES]
        self.mean, self.sd = np.array(priors, float).T
        self._shown = choices.source < K
        self._count = self._shown.sum(1)
        self._tied = choices.chosen < 0
        self._hit = (np.arange(N) == choices.chosen[:, None]).astype(float)
        self._row = np.arange(len(choices.chosen))

    def class_slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """First step: minus the log-posterior of the checks, and its gradient by θ[first]."""
        total, _, scores = self._classes(theta)
        return self._with_prior(theta, self.first, float(total.sum()), scores.sum(0))

    def choice_slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Second step: minus the log-posterior of the choices, and its gradient by θ[second]."""
        total, residual, tied = self._choices(theta)
        sums = np.bincount(self.data.source.ravel(), residual.ravel(), minlength=len(self.data.names) + 1)
        gradient = np.concatenate([sums[:-1], residual[:, 1:].sum(0), [tied.sum()]])
        return self._with_prior(theta, self.second, float(total.sum()), gradient)

    def scores(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each answer (V, P) adds to the slope of the second step, and each rater (R, P) to that of the first."""
        _, residual, tied = self._choices(theta)
        rows = np.zeros((len(tied), len(theta) + 1))
        for place in range(self.data.places):
            # absent pictures fall into a column that is cut off
            column = np.where(self._shown[:, place], self.data.source[:, place], len(theta))
            rows[self._row, column] += residual[:, place]
        rows[:, self.pulls], rows[:, self.tie] = residual[:, 1:], tied
        table = np.zeros((len(self.data.raters), len(theta)))
        table[:, self.first] = self._classes(theta)[2]
        return rows[:, :-1], table

    def attentive(self, theta: np.ndarray) -> np.ndarray:
        """(R,) probability that each rater is attentive, given all their answers, the choices too: a hint, which
        weighs nothing in the ranking.
        """
        logs, _ = self._class_logs(theta)
        ties, chose = _logs(theta[self.stray])
        blind = self.data.judged[:, -1] * ties + self.data.judged[:, :-1].sum(1) * (chose - np.log(self.data.places))
        seen = np.bincount(self.data.rater, self._answers(theta)[0], minlength=len(self.data.raters))
        logs[:, 0] += seen - blind
        return np.exp(logs[:, 0] - np.logaddexp.reduce(logs, axis=1))

    def _with_prior(
        self, theta: np.ndarray, step: slice, total: float, gradient: np.ndarray
    ) -> tuple[float, np.ndarray]:
        away = (theta[step] - self.mean[step]) / self.sd[step]
        return float(away @ away) / 2 - total, away / self.sd[step] - gradient

    def _choices(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(V,) log-probability of each answer, over the classes of its rater; derivatives as of `_answers`."""
        attentive, residual, tied = self._answers(theta)
        member = self._classes(theta)[1][self.data.rater]
        ties, chose = _logs(theta[self.stray])
        places = self.data.places
        careless = np.full((len(attentive), places + 1), np.log(STRAY / places))
        careless[:, 0] = np.where(self._tied, ties, chose - np.log(places))
        careless[:, 1:][self._hit > 0] = np.log(1 - STRAY)
        joint = np.column_stack([attentive, careless]) + np.log(np.maximum(member, 1e-300))
        total = np.logaddexp.reduce(joint, axis=1)
        weight = np.exp(joint[:, 0] - total)
        return total, residual * weight[:, None], tied * weight

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

    def _classes(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(R,) log-likelihood of the checks, (R, N + 2) probabilities of the classes, (R, P) its slope by θ[first]."""
        data = self.data
        logs, shares = self._class_logs(theta)
        total = np.logaddexp.reduce(logs, axis=1)
        member = np.exp(logs - total[:, None])
        right, same, stray = (float(np.exp(_logs(theta[k])[0])) for k in (self.known, self.repeated, self.stray))
        careless = member[:, 1]
        ties = member[:, 0] * data.judged[:, -1] + careless * data.took[:, -1]
        answers = member[:, 0] * data.judged.sum(1) + careless * data.took.sum(1)
        scores = np.column_stack(
            [
                member[:, 1:] - shares[1:],
                member[:, 0] * (data.right - (data.right + data.wrong) * right),
                member[:, 0] * (data.same - (data.same + data.other) * same),
                ties - answers * stray,
            ]
        )
        return total, member, scores

    def _class_logs(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(R, N + 2) log of share × likelihood of the checks by class, and the shares. Here the judged choices of
        attentive raters are as good as random ones, since the sides are.
        """
        data, N = self.data, self.data.places
        (yes, no), (again, other), (tied, chose) = (_logs(theta[k]) for k in (self.known, self.repeated, self.stray))
        logs = np.zeros((len(data.raters), N + 2))
        logs[:, 0] = data.judged[:, N] * tied + data.judged[:, :N].sum(1) * (chose - np.log(N))
        logs[:, 0] += data.right * yes + data.wrong * (no - np.log(N))
        logs[:, 0] += data.same * again + data.other * (other - np.log(N))
        logs[:, 1] = data.took[:, N] * tied + data.took[:, :N].sum(1) * (chose - np.log(N))
        hit = data.took[:, :N]
        logs[:, 2:] = hit * np.log(1 - STRAY) + (data.took.sum(1)[:, None] - hit) * np.log(STRAY / N)
        shares = np.append(0.0, theta[self.classes])
        shares = shares - np.logaddexp.reduce(shares)
        return logs + shares, np.exp(shares)


def _logs(logit: float) -> tuple[float, float]:
    """Logarithms of the probability with this logit, and of its complement."""
    return -float(np.logaddexp(0, -logit)), -float(np.logaddexp(0, logit))
