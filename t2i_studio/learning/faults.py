"""How many pictures raters would mark with a fault, foretold from the pictures that they have judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from t2i_studio.domain import Evidence
from t2i_studio.feedback.estimates import number_of
from t2i_studio.learning.features import Look
from t2i_studio.learning.reward import Seen
from t2i_studio.learning.reward_check import check
from t2i_studio.learning.reward_fit import Posterior, Rows, posterior, preferred
from t2i_studio.learning.traits import Facts, Frame, frame

LEAST = 20
"""Judgements that marked a fault, and others that marked none, below which nothing is foretold."""
RAREST = 20.0
"""Log-odds within which the share of faulty pictures is looked for."""


@dataclass(frozen=True)
class Faults:
    """What faults look like. base: log-odds of a picture whose columns are all 0."""

    frame: Frame
    posterior: Posterior
    base: float

    def shares(self, looks: Sequence[Look], facts: Sequence[Facts]) -> np.ndarray:
        """(N,) chance that a rater marks a fault in each picture."""
        return _shares(self.posterior, self.frame.table(looks, facts), self.base)


def learn_faults(evidence: Evidence, seen: Mapping[int, Seen]) -> Faults | None:
    """From judgements of single pictures; None where there are too few of either kind, or where faults cannot be told
    from the pictures better than by chance (as `reward_check.check` has it).

    The same regression as the reward's opinions, "good" being that a fault was marked: raters who mark more than others
    have intercepts of their own. The base is such that as many faults are foretold of these pictures as were marked.
    """
    told = [one for one in evidence.opinions if one.variant in seen and (one.stars is not None or one.faults)]
    marked = np.array([bool(one.faults) for one in told], bool)
    if min(marked.sum(), (~marked).sum()) < LEAST:
        return None
    pictures = [seen[one.variant] for one in told]
    looks, facts = [each.look for each in pictures], [each.facts for each in pictures]
    framed = frame(looks, facts, [one.description for one in told])
    table, groups = framed.table(looks, facts), framed.columns.groups
    rows = Rows(
        x=table,
        sign=np.where(marked, 1.0, -1.0),
        weight=np.ones(len(told)),
        rater=number_of([one.rater for one in told]),
        description=number_of([one.description for one in told]),
    )
    products = [each.product or one.description for each, one in zip(pictures, told, strict=True)]
    if not check(rows, groups, products).usable:
        return None
    fitted = posterior(rows, groups)
    base = brentq(lambda base: _shares(fitted, table, base).mean() - marked.mean(), -RAREST, RAREST)
    return Faults(framed, fitted, float(base))


def _shares(fitted: Posterior, table: np.ndarray, base: float) -> np.ndarray:
    variance = np.einsum("nk,kl,nl->n", table, fitted.covariance, table)
    return preferred(table @ fitted.mean + base, np.maximum(variance, 0))
