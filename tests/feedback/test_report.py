"""One report holds every figure, whatever the session is, and can be written as JSON."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.domain import Purpose, SessionKind, SessionPlan
from t2i_studio.feedback.planted import Truth, simulate, spread
from t2i_studio.feedback.report import SessionReport, report
from tests.feedback.votes import stars, vote


def plan(kind):
    return SessionPlan(name="x", kind=kind)


@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_session_without_answers_has_a_report(kind):
    found = report([], plan(kind))
    assert (found.answers, found.ranking.standings, found.agreement.alpha) == (0, (), None)
    assert SessionReport.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("kind", "shown"), [(SessionKind.PAIRS, 2), (SessionKind.BEST_OF_FOUR, 4)])
def test_a_session_of_comparisons(kind, shown):
    votes = simulate(Truth(strengths=spread(5)), seed=1, raters=12, each=20, shown=shown).votes
    found = report(votes, plan(kind), draws=50)
    assert found.answers == len(votes) == found.judged + found.known + found.repeats
    assert len(found.ranking.standings) == len(found.records) == 5
    assert len(found.raters) == 12
    assert found.agreement.low <= found.agreement.alpha <= found.agreement.high
    assert found.ties == sum(vote.chosen is None and not vote.bad for vote in votes if vote.purpose is Purpose.JUDGED)
    assert found.stars == found.faults_by_source == ()
    assert SessionReport.model_validate_json(found.model_dump_json()) == found


def test_a_session_of_stars():
    votes = [
        stars("ab"[k % 2], 1 + (k * 7 + k // 9) % 5, f"r{k % 6}", item=k // 3, style={"warmth": k // 6 % 5 + 1})
        for k in range(180)
    ]
    found = report(votes, plan(SessionKind.STARS), draws=50)
    assert found.agreement.measure == "ordinal"
    assert [each.source for each in found.stars]
    assert found.style_effects[0].slope.answers == 180
    assert found.ranking.standings == ()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["pair", "four", "stars"]),
            st.integers(-2, 4),
            st.sampled_from("xyz"),
            st.integers(0, 5),
            st.sampled_from([Purpose.JUDGED, Purpose.JUDGED, Purpose.KNOWN, Purpose.PRACTICE]),
            st.booleans(),
        ),
        max_size=25,
    ),
    st.sampled_from(list(SessionKind)),
)
def test_any_votes_have_a_report_of_finite_numbers(answers, kind):
    votes = []
    for shape, value, rater, item, purpose, excluded in answers:
        more = {"rater": rater, "purpose": purpose, "excluded": excluded, "expected": 0 if purpose == "known" else None}
        if shape == "stars":
            votes.append(stars("abc"[item % 3], max(1, value + 1), item=item, style={"warmth": item % 5 + 1}, **more))
            continue
        sources = ("a", "b") if shape == "pair" else ("a", "b", "c", "c")
        chosen = min(value, len(sources) - 1) if value >= 0 else None
        votes.append(vote(sources, chosen, bad=value == -2, item=item + (100 if shape == "four" else 0), **more))
    found = report(votes, plan(kind), draws=20)
    assert SessionReport.model_validate_json(found.model_dump_json()) == found  # JSON turns NaN into nothing
