"""Who looks: of which class each rater is, from checks alone.

Each rater is of one unknown class: attentive; answering at random; or always taking the same place. How likely a rater
is of each is told by known answers, swapped repeats, and the places taken (a mixture of classes; Dawid & Skene 1979 for
the idea). With what probability the attentive get known answers right, and repeat themselves, is estimated too.

Nobody loses weight by liking other pictures than most do: with the choices themselves in this mixture, a minority with
firm opinions would be taken for careless. Here the judged choices of attentive raters are as good as random, since the
sides are. Without any checks the prior remains: 6 % at random.
"""

import numpy as np

from t2i_studio.feedback.choices import Choices

STRAY = 0.05
"""How often a rater who always takes one place does something else."""

# normal priors (mean, sd), in log-odds: share of a class against the attentive, known answers right, repeats the same,
# ties of whoever does not look
SHARE, RIGHT, SAME, TIES = (-2.7, 1.0), (2.5, 0.7), (1.0, 1.0), (-1.5, 1.0)


class RaterClasses:
    """The mixture as functions of its parameters, in order: log share of the classes against the attentive (random,
    place 1 … N), logits of known-right, of repeated-same, and of ties by who does not look (N + 4).
    """

    def __init__(self, choices: Choices) -> None:
        self.data = choices
        self.mean, self.sd = np.array([SHARE] * (choices.places + 1) + [RIGHT, SAME, TIES], float).T

    def slope(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the log-posterior of the checks, and its gradient."""
        away = (theta - self.mean) / self.sd
        total = np.logaddexp.reduce(self.logs(theta), axis=1).sum()
        return float(away @ away) / 2 - float(total), away / self.sd - self.scores(theta).sum(0)

    def member(self, theta: np.ndarray) -> np.ndarray:
        """(R, N + 2) probability that each rater is attentive, at random, or always at place 1 … N."""
        logs = self.logs(theta)
        chances: np.ndarray = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None])
        return chances

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """(R, N + 4): what each rater adds to the slope of the likelihood."""
        data, member = self.data, self.member(theta)
        right, same, tied = np.exp([logs_of(logit)[0] for logit in theta[-3:]])
        ties = member[:, 0] * data.judged[:, -1] + member[:, 1] * data.took[:, -1]
        answers = member[:, 0] * data.judged.sum(1) + member[:, 1] * data.took.sum(1)
        return np.column_stack(
            [
                member[:, 1:] - self.shares(theta)[1:],
                member[:, 0] * (data.right - (data.right + data.wrong) * right),
                member[:, 0] * (data.same - (data.same + data.other) * same),
                ties - answers * tied,
            ]
        )

    def shares(self, theta: np.ndarray) -> np.ndarray:
        """(N + 2,) parts of the raters: attentive, at random, always at place 1 … N."""
        odds = np.append(0.0, theta[:-3])
        parts: np.ndarray = np.exp(odds - np.logaddexp.reduce(odds))
        return parts

    def logs(self, theta: np.ndarray) -> np.ndarray:
        """(R, N + 2) log of share × likelihood of the checks, by class."""
        data, N = self.data, self.data.places
        (yes, no), (again, other), _ = (logs_of(logit) for logit in theta[-3:])
        logs = np.zeros((len(data.raters), N + 2))
        logs[:, 0] = self.blind(theta, data.judged)
        logs[:, 0] += data.right * yes + data.wrong * (no - np.log(N))
        logs[:, 0] += data.same * again + data.other * (other - np.log(N))
        logs[:, 1] = self.blind(theta, data.took)
        hit = data.took[:, :N]
        logs[:, 2:] = hit * np.log(1 - STRAY) + (data.took.sum(1)[:, None] - hit) * np.log(STRAY / N)
        return logs + np.log(self.shares(theta))

    def blind(self, theta: np.ndarray, took: np.ndarray) -> np.ndarray:
        """(…,) log-probability of answers (…, N + 1: how often each place, and a tie) given without looking."""
        tied, chose = logs_of(theta[-1])
        logs: np.ndarray = took[..., -1] * tied + took[..., :-1].sum(-1) * (chose - np.log(self.data.places))
        return logs


def logs_of(logit: float) -> tuple[float, float]:
    """Logarithms of the probability with this logit, and of its complement."""
    return -float(np.logaddexp(0, -logit)), -float(np.logaddexp(0, logit))
