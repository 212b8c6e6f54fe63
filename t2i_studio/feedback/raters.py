"""How each rater answers: pace, side, consistency, known answers. Flags are hints; nobody is excluded by them.

A flag is set by a test whose chance to hit a careful rater is far below one percent, so that together they flag few
of them; what a test cannot see in few answers it leaves unflagged (2 repeats can never show that somebody is
inconsistent).
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from t2i_studio.domain import Noun, Purpose, Vote
from t2i_studio.feedback.choices import passed_check
from t2i_studio.feedback.estimates import Estimate, share
from t2i_studio.feedback.ranking import Ranking

SAME_PLACE = 0.8
"""From this share of choices on, one place can be "always": careful raters with a strong pull stay below."""
SAME_PLACE_LEVEL = 0.001
CAREFUL_RIGHT = 0.85
"""Known answers that a careful rater gets right, at least; they are made to be plain (session guideline)."""
KNOWN_LEVEL = 0.02
REPEAT_LEVEL = 0.01
FAST = 1 / 3
"""Part of the usual time below which nobody has looked: 3.7 standard deviations of log time at a spread of 0.3."""
TOO_SHORT = 0.5
SOME = 5
INATTENTIVE = 0.1
"""Probability to be attentive below which answers seem to be given at random."""
SAME_STARS = 15


class Flag(StrEnum):
    """What seems wrong with a rater's answers. SAME_PLACE: a place that is neither the first nor the last."""

    ALWAYS_LEFT = "always-left"
    ALWAYS_RIGHT = "always-right"
    SAME_PLACE = "same-place"
    SAME_STARS = "same-stars"
    FAILS_KNOWN = "fails-known"
    AT_RANDOM = "at-random"
    INCONSISTENT = "inconsistent"
    TOO_FAST = "too-fast"


class RaterMeasures(Noun):
    """One rater, practice left out.

    answers: all. seconds: median time the page was in sight. left: share of the choices that were the first place,
    and left_chance: probability of a share so far from even, or further, if places did not matter (exact binomial).
    known: share of known answers right. consistent: share of repeats answered as before. attentive: probability by
    the ranking's model that the rater looks at all, None where nothing is compared.
    """

    rater: str
    answers: int
    excluded: bool
    seconds: float | None
    left: Estimate
    left_chance: float | None
    known: Estimate
    consistent: Estimate
    attentive: float | None
    flags: tuple[Flag, ...]


def rater_measures(votes: Sequence[Vote], found: Ranking | None = None) -> tuple[RaterMeasures, ...]:
    """Every rater of the votes, excluded ones too, in the order of their first vote.

    found: the ranking of the same votes, whose `attentive` is repeated here.
    """
    by_rater: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.purpose is not Purpose.PRACTICE:
            by_rater[vote.rater].append(vote)
    paces = {rater: _seconds(own) for rater, own in by_rater.items()}
    others = [pace for rater, pace in paces.items() if pace is not None and not by_rater[rater][-1].excluded]
    usual = median(others) if len(others) > 2 else None
    checks = {rater: _checks(own) for rater, own in by_rater.items()}
    again = [same for rater, (_, repeats) in checks.items() if not by_rater[rater][-1].excluded for same in repeats]
    attentive = found.attentive if found else {}
    return tuple(
        _measure(own, paces[rater], usual, checks[rater], again, attentive.get(rater))
        for rater, own in by_rater.items()
    )


def _measure(
    votes: list[Vote],
    pace: float | None,
    usual: float | None,
    checks: tuple[list[bool], list[bool]],
    everybody: list[bool],
    attentive: float | None,
) -> RaterMeasures:
    known, repeats = checks
    places = [vote.chosen for vote in votes if vote.chosen is not None]
    shown = max((len(vote.sources) for vote in votes if vote.chosen is not None), default=2)
    same_place = _place_flag(places, shown)
    flags = [
        same_place,
        _stars_flag([vote.stars for vote in votes if vote.stars is not None and vote.purpose is Purpose.JUDGED]),
        Flag.FAILS_KNOWN if known and _at_most(sum(known), len(known), CAREFUL_RIGHT) < KNOWN_LEVEL else None,
        Flag.INCONSISTENT if _inconsistent(repeats, everybody) else None,
        Flag.TOO_FAST
        if pace is not None and len(votes) >= SOME and pace < max(TOO_SHORT, FAST * (usual or 0))
        else None,
        Flag.AT_RANDOM if attentive is not None and attentive < INATTENTIVE and not same_place else None,
    ]
    return RaterMeasures(
        rater=votes[0].rater,
        answers=len(votes),
        excluded=votes[-1].excluded,
        seconds=pace,
        left=_own_share([place == 0 for place in places]),
        left_chance=_two_sided(places.count(0), len(places), 1 / shown) if places else None,
        known=_own_share(known),
        consistent=_own_share(repeats),
        attentive=attentive,
        flags=tuple(flag for flag in flags if flag),
    )


def _checks(votes: list[Vote]) -> tuple[list[bool], list[bool]]:
    """Outcomes of a rater's known answers, and of the repeats."""
    earlier = {vote.assignment: vote for vote in votes if vote.purpose is Purpose.JUDGED}
    known: list[bool] = []
    repeats: list[bool] = []
    for vote in votes:
        passed = passed_check(vote, earlier)
        if passed is not None:
            (known if vote.purpose is Purpose.KNOWN else repeats).append(passed)
    return known, repeats


def _place_flag(places: list[int], shown: int) -> Flag | None:
    """Whether one place is nearly always taken; each place tested, so the level is divided among them."""
    if not places:
        return None
    favourite = max(range(shown), key=places.count)
    taken = places.count(favourite)
    by_chance = 1 - _at_most(taken - 1, len(places), 1 / shown)
    if taken < SAME_PLACE * len(places) or by_chance > SAME_PLACE_LEVEL / shown:
        return None
    return {0: Flag.ALWAYS_LEFT, shown - 1: Flag.ALWAYS_RIGHT}.get(favourite, Flag.SAME_PLACE)


def _stars_flag(stars: list[int]) -> Flag | None:
    return Flag.SAME_STARS if len(stars) >= SAME_STARS and len(set(stars)) == 1 else None


def _inconsistent(repeats: list[bool], everybody: list[bool]) -> bool:
    """Whether a rater repeats themselves more seldom than the others do; close pictures are hard for everybody."""
    others, same = len(everybody) - len(repeats), sum(everybody) - sum(repeats)
    usual = (max(same, 0) + 1) / (max(others, 0) + 2)
    return bool(repeats) and _at_most(sum(repeats), len(repeats), usual) < REPEAT_LEVEL


def _own_share(passed: list[bool]) -> Estimate:
    return share([float(each) for each in passed], ["this rater"] * len(passed))


def _at_most(hits: int, of: int, chance: float) -> float:
    """Binomial probability of at most `hits`."""
    from scipy.special import bdtr

    return float(bdtr(hits, of, chance)) if hits >= 0 else 0.0


def _two_sided(hits: int, of: int, chance: float) -> float:
    """Twice the smaller tail, at most 1."""
    return min(1.0, 2 * min(_at_most(hits, of, chance), 1 - _at_most(hits - 1, of, chance)))


def _seconds(votes: list[Vote]) -> float | None:
    times = [vote.active_ms for vote in votes if vote.active_ms is not None]
    return median(times) / 1000 if times else None
