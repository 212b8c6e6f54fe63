"""Everything that a session's votes say, for the live page and the final report."""

from collections.abc import Sequence

from t2i_studio.domain import Noun, Purpose, SessionKind, SessionPlan, Vote
from t2i_studio.feedback.agreement import DRAWS, Agreement, choice_agreement, star_agreement
from t2i_studio.feedback.estimates import judged
from t2i_studio.feedback.faults import FaultRate, fault_rates_by_prompt, fault_rates_by_source
from t2i_studio.feedback.power import answers_needed
from t2i_studio.feedback.ranking import Ranking, ranking
from t2i_studio.feedback.raters import RaterMeasures, rater_measures
from t2i_studio.feedback.stars import SourceStars, StyleEffect, source_stars, style_effects
from t2i_studio.feedback.win_rates import WinRate, design_effect, records, win_rates


class SessionReport(Noun):
    """The figures of a session; what does not apply to its kind is empty.

    answers: all votes, of every purpose. judged: those that the figures are made from. ties, bad: of the judged.
    excluded_answers: of raters whom the organiser took out. design_effect, needed: how much answers of a rater hang
    together, and the deciding answers that tell 60 % from 50 % of one pair of sources with that.
    """

    kind: SessionKind
    answers: int
    judged: int
    practice: int
    known: int
    repeats: int
    excluded_answers: int
    ties: int
    bad: int
    raters: tuple[RaterMeasures, ...]
    agreement: Agreement
    ranking: Ranking
    win_rates: tuple[WinRate, ...]
    records: tuple[WinRate, ...]
    stars: tuple[SourceStars, ...]
    faults_by_source: tuple[FaultRate, ...]
    faults_by_prompt: tuple[FaultRate, ...]
    style_effects: tuple[StyleEffect, ...]
    design_effect: float
    needed: int


def report(votes: Sequence[Vote], plan: SessionPlan, *, draws: int = DRAWS) -> SessionReport:
    """The report of a session. draws: bootstrap samples behind the interval of agreement; a live page that is
    refreshed often asks for 200.
    """
    main = judged(votes)
    purposes = [vote.purpose for vote in votes]
    found = ranking(votes)
    effect = design_effect(votes)
    stars = plan.kind is SessionKind.STARS
    agreement = star_agreement if stars else choice_agreement
    return SessionReport(
        kind=plan.kind,
        answers=len(votes),
        judged=len(main),
        practice=purposes.count(Purpose.PRACTICE),
        known=purposes.count(Purpose.KNOWN),
        repeats=purposes.count(Purpose.REPEAT),
        excluded_answers=sum(vote.excluded for vote in votes),
        ties=sum(vote.chosen is None and vote.stars is None and not vote.bad for vote in main),
        bad=sum(vote.bad for vote in main),
        raters=rater_measures(votes, found),
        agreement=agreement(votes, draws=draws),
        ranking=found,
        win_rates=win_rates(votes),
        records=records(votes),
        stars=source_stars(votes),
        faults_by_source=fault_rates_by_source(votes),
        faults_by_prompt=fault_rates_by_prompt(votes),
        style_effects=style_effects(votes),
        design_effect=effect,
        needed=answers_needed(0.6, min(effect, 1000)),
    )
