"""How many answers a question takes, and how long they take to give.

A share p of deciding answers is told from one half with power 1 − β at the two-sided level α by
n = ((z_{1−α/2}·½ + z_{1−β}·√(p(1−p))) / (p − ½))² independent answers (Fleiss, Levin & Paik 2003, §2.5); answers of
a rater that hang together are worth less, by the design effect (win_rates.design_effect).
"""

from math import ceil, sqrt

from t2i_studio.domain import Noun, SessionKind, SessionPlan, check_number

LEVEL, POWER = 0.05, 0.8
SECONDS = {SessionKind.STARS: 8.0, SessionKind.PAIRS: 6.0, SessionKind.BEST_OF_FOUR: 12.0}
"""Assumed seconds an answer before any is measured: judgement, not measurement."""
DECIDED = 0.85
"""Assumed part of the answers to two pictures that are neither ties nor "both bad"."""


class Effort(Noun):
    """What a session will take, and can tell.

    judgements: of items. answers: with known answers and repeats on top (practice not counted). minutes: of all
    raters together, practice left out. needed: deciding answers to tell 60 % from 50 % of one pair of sources.
    each_pair: deciding answers to expect for one. detectable: smallest share that they tell from 50 %, None without
    pairs of sources.
    """

    judgements: int
    answers: int
    minutes: float
    needed: int
    each_pair: float | None
    detectable: float | None


def answers_needed(share: float, design_effect: float = 1.0, *, power: float = POWER, level: float = LEVEL) -> int:
    """Deciding answers that tell `share` (0–1, not 0.5) from one half. StudioError number.range."""
    from scipy.special import ndtri

    check_number("share", share, 0, 1)
    check_number("distance of share from 0.5", abs(share - 0.5), 0.001, 0.5)
    check_number("design effect", design_effect, 1, 1000)
    spread = float(ndtri(1 - level / 2)) / 2 + float(ndtri(power)) * sqrt(share * (1 - share))
    return ceil((spread / (share - 0.5)) ** 2 * design_effect - 1e-9)


def detectable_share(answers: float, design_effect: float = 1.0) -> float | None:
    """The smallest share above one half that so many deciding answers tell from it; None when not even 100 %."""
    if answers < answers_needed(1.0, design_effect):
        return None
    low, high = 0.501, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if answers_needed(middle, design_effect) <= answers else (middle, high)
    return high


def minutes(answers: int, kind: SessionKind, seconds: float | None = None) -> float:
    """Time for `answers`, at the measured seconds each, or (None) as assumed for the kind."""
    return answers * (SECONDS[kind] if seconds is None else seconds) / 60


def effort(
    plan: SessionPlan, items: int, pairs: int, *, seconds: float | None = None, design_effect: float = 1.0
) -> Effort:
    """Of a session with `items` to be judged. pairs: of sources that meet in them (0: nothing is compared)."""
    judgements = min(items, plan.budget or items) * plan.overlap
    answers = ceil(judgements / max(0.01, 1 - plan.known_share - plan.repeat_share))
    shown = plan.kind.pictures
    # a choice among n pictures decides n − 1 pairs of them
    each = judgements * DECIDED * (shown - 1) / pairs if pairs and shown > 1 else None
    return Effort(
        judgements=judgements,
        answers=answers,
        minutes=minutes(answers, plan.kind, seconds),
        needed=answers_needed(0.6, design_effect),
        each_pair=each,
        detectable=None if each is None else detectable_share(each, design_effect),
    )
