"""How raters choose among the pictures shown: the likelihood behind the ranking.

An attentive rater sees pictures with utilities u_k = strength of its source + pull of its place (the first place is
0), and chooses picture k with probability ∝ exp(u_k) (Bradley & Terry 1952; Luce 1959 for more than two), or calls it
a tie with probability ∝ ν·exp(mean u) (Davidson 1970; with a pull of the place, Davidson & Beaver 1977).

An answer's probability is the mean over the classes of its rater (rater_classes.py), so that the strengths are not
flattened by careless answers. "All bad" says nothing about which is better and is left out. Weak normal priors keep the
fit finite when a side always wins or sources were never compared.
"""

import numpy as np

from t2i_studio.feedback.choices import Choices
from t2i_studio.feedback.rater_classes import STRAY, RaterClasses

STRENGTH_SD = 2.0
# normal priors (mean, sd), in log-odds: pull of a place, and ties (log ν)
PLACE, TIES = (0, 0.5), (-1.5, 1.5)
NEVER = -1e9


class ChoiceModel:
    """The choices as functions of the parameters θ: those of the choices (`second`), in order strengths (K), pulls of
    places 2 … N (N−1), log ν; then those of the raters' classes (`first`: they are found before).
    """

    def __init__(self, choices: Choices) -> None:
        self.data, self.raters = choices, RaterClasses(choices)
        K, N = len(choices.names), choices.places
        self.strengths, self.pulls, self.tie = slice(0, K), slice(K, K + N - 1), K + N - 1
        self.second, self.first = slice(0, K + N), slice(K + N, K + N + len(self.raters.mean))
        own = np.array([(0, STRENGTH_SD)] * K + [PLACE] * (N - 1) + [TIES], float).T
        self.mean, self.sd = np.column_stack([own, [self.raters.mean, self.raters.sd]])
        self._shown = choices.source < K
        self._mean = self._shown / self._shown.sum(1, keepdims=True)
        self._tied = choices.chosen < 0
        self._hit = (np.arange(N) == choices.chosen[:, None]).astype(float)

    def slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the log-posterior of the choices, and its gradient by θ[second]."""
        seen, chance = self._seen(theta)
        total, weight = self._answers(theta, seen)
        residual = self._residual(chance) * weight[:, None]
        sums = np.bincount(self.data.source.ravel(), residual[:, :-1].ravel(), minlength=self.strengths.stop + 1)
        gradient = np.concatenate([sums[:-1], residual[:, 1:].sum(0)])
        sd = self.sd[self.second]
        away = (theta[self.second] - self.mean[self.second]) / sd
        return float(away @ away) / 2 - float(total.sum()), away / sd - gradient

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        """Second derivatives of `slope` by θ[second]: of an answer with weight w of the attentive class
        w·(Σ p x x' − x̄ x̄') − w(1−w)·r r', x what each alternative's log-odds are made of, r the residual.
        """
        seen, chance = self._seen(theta)
        weight = self._answers(theta, seen)[1][:, None, None]
        residual, tied = self._residual(chance), chance[:, -1:]
        alike = np.column_stack([self._mean, np.ones(len(tied))])
        made = np.column_stack([chance[:, :-1] + tied * self._mean, tied])
        inner = tied[:, :, None] * alike[:, :, None] * alike[:, None, :] - made[:, :, None] * made[:, None, :]
        places = np.arange(self.data.places)
        inner[:, places, places] += chance[:, :-1]
        inner -= (1 - weight) * residual[:, :, None] * residual[:, None, :]
        return self._scattered(inner * weight) + np.diag(self.sd[self.second] ** -2.0)

    def scores(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each answer (V, P) adds to the slope of the choices, and each rater (R, P) to that of the classes."""
        seen, chance = self._seen(theta)
        residual = self._residual(chance) * self._answers(theta, seen)[1][:, None]
        rows = np.zeros((len(seen), len(theta) + 1))
        for place in range(self.data.places):
            # absent pictures fall into a column that is cut off
            column = np.where(self._shown[:, place], self.data.source[:, place], len(theta))
            rows[np.arange(len(seen)), column] += residual[:, place]
        rows[:, self.pulls.start : self.second.stop] = residual[:, 1:]
        table = np.zeros((len(self.data.raters), len(theta)))
        table[:, self.first] = self.raters.scores(theta[self.first])
        return rows[:, :-1], table

    def attentive(self, theta: np.ndarray) -> np.ndarray:
        """(R,) probability that each rater is attentive, given all their answers, the choices too: a hint, which
        weighs nothing in the ranking.
        """
        logs = self.raters.logs(theta[self.first])
        logs[:, 0] += np.bincount(self.data.rater, self._seen(theta)[0], minlength=len(logs))
        logs[:, 0] -= self.raters.blind(theta[self.first], self.data.judged)
        chances: np.ndarray = np.exp(logs[:, 0] - np.logaddexp.reduce(logs, axis=1))
        return chances

    def _answers(self, theta: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(V,) log-probability of each answer over the classes of its rater, and the part of the attentive class in it.

        seen: (V,) log-probability for an attentive rater.
        """
        member = self.raters.member(theta[self.first])[self.data.rater]
        blind = self.raters.blind(theta[self.first], np.column_stack([self._hit, self._tied]))
        same = np.where(self._hit > 0, np.log(1 - STRAY), np.log(STRAY / self.data.places))
        joint = np.column_stack([seen, blind, same]) + np.log(np.maximum(member, 1e-300))
        total = np.logaddexp.reduce(joint, axis=1)
        return total, np.exp(joint[:, 0] - total)

    def _seen(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(V,) log-probability of each answer by an attentive rater, (V, N + 1) of each place and of a tie."""
        strengths = np.append(theta[self.strengths], 0.0)
        utilities = np.where(self._shown, strengths[self.data.source] + np.append(0.0, theta[self.pulls]), 0.0)
        tie = theta[self.tie] + (utilities * self._mean).sum(1)
        odds = np.column_stack([np.where(self._shown, utilities, NEVER), tie])
        logs = odds - np.logaddexp.reduce(odds, axis=1)[:, None]
        return logs[np.arange(len(logs)), self.data.chosen], np.exp(logs)

    def _residual(self, chance: np.ndarray) -> np.ndarray:
        """(V, N + 1): derivative of an attentive answer's log-probability by the utilities and log ν."""
        tied = self._tied - chance[:, -1]
        return np.column_stack([self._hit - chance[:, :-1] * self._shown + tied[:, None] * self._mean, tied])

    def _scattered(self, inner: np.ndarray) -> np.ndarray:
        """Σ over answers of blocks (N + 1, N + 1) by utilities and log ν, as (P, P) by θ[second]: a utility is a
        strength plus a pull.
        """
        N, size = self.data.places, self.second.stop
        # absent pictures and the pull of the first place fall into a last row and column that are cut off
        source = np.where(self._shown, self.data.source, size)
        pulls = np.where(self._shown, [size, *range(self.pulls.start, self.pulls.stop)], size)
        where = np.column_stack([source, pulls, np.full(len(source), self.tie)])
        twice = [*range(N), *range(N), N]
        flat = where[:, :, None] * (size + 1) + where[:, None, :]
        total = np.bincount(flat.ravel(), inner[:, twice][:, :, twice].ravel(), minlength=(size + 1) ** 2)
        return total.reshape(size + 1, size + 1)[:size, :size]
