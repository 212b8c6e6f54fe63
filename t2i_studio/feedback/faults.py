"""How often pictures are faulty, by source and by description."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter

from t2i_studio.domain import Noun, Vote
from t2i_studio.feedback.estimates import Estimate, judged, share


class FaultRate(Noun):
    """Share of the judgements of a group (a source or a description) that name any fault, and each one that occurs."""

    group: str
    any: Estimate
    faults: dict[str, Estimate]


def fault_rates_by_source(votes: Sequence[Vote]) -> tuple[FaultRate, ...]:
    """Of the judgements of single pictures: only there it is known which picture has the fault."""
    return _rates(votes, lambda vote: vote.sources[0])


def fault_rates_by_prompt(votes: Sequence[Vote]) -> tuple[FaultRate, ...]:
    """The same by description."""
    return _rates(votes, attrgetter("prompt"))


def _rates(votes: Sequence[Vote], group_of: Callable[[Vote], str]) -> tuple[FaultRate, ...]:
    """The most faulty first."""
    groups: dict[str, list[Vote]] = defaultdict(list)
    for vote in judged(votes):
        if len(vote.sources) == 1:
            groups[group_of(vote)].append(vote)
    rates = [_rate(group, own) for group, own in groups.items()]
    return tuple(sorted(rates, key=lambda rate: (-(rate.any.value or 0), rate.group)))


def _rate(group: str, votes: list[Vote]) -> FaultRate:
    raters = [vote.rater for vote in votes]
    codes = sorted({code for vote in votes for code in vote.faults})
    return FaultRate(
        group=group,
        any=share([float(bool(vote.faults)) for vote in votes], raters),
        faults={code: share([float(code in vote.faults) for vote in votes], raters) for code in codes},
    )
