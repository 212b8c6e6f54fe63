"""Answers needed: against the usual numbers and simulation."""

import numpy as np
import pytest

from t2i_studio.domain import SessionKind, SessionPlan
from t2i_studio.errors import StudioError
from t2i_studio.feedback.power import answers_needed, detectable_share, effort, minutes


@pytest.mark.parametrize(("share", "answers"), [(0.6, 194), (0.65, 85), (0.7, 47), (0.4, 194)])
def test_known_numbers(share, answers):
    assert answers_needed(share) == answers


def test_design_effect_multiplies():
    assert answers_needed(0.6, 2.0) == 388


def test_the_promised_power_is_reached():
    """Of 4,000 samples of 194 answers at 60 %, four in five differ from 50 % at the 5 % level."""
    wins = np.random.default_rng(0).binomial(194, 0.6, 4000)
    z = (wins / 194 - 0.5) / np.sqrt(0.25 / 194)
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("share", [0.5, -0.1, 1.1, float("nan")])
def test_a_share_that_cannot_be_told_is_refused(share):
    with pytest.raises(StudioError):
        answers_needed(share)


def test_detectable_share_turns_answers_needed_round():
    assert detectable_share(194) == pytest.approx(0.6, abs=0.001)
    assert detectable_share(3) is None


def test_minutes_by_kind_or_as_measured():
    assert minutes(60, SessionKind.PAIRS, 5) == 5
    assert minutes(10, SessionKind.STARS) < minutes(10, SessionKind.BEST_OF_FOUR)


def test_effort_of_a_plan():
    plan = SessionPlan(name="x", kind=SessionKind.PAIRS, overlap=3, known_share=0.1, repeat_share=0.05)
    found = effort(plan, items=170, pairs=1, seconds=6)
    assert (found.judgements, found.answers) == (510, 600)
    assert found.minutes == 60
    assert found.each_pair == pytest.approx(433.5)
    assert 0.55 < found.detectable < 0.6
    assert effort(plan.model_copy(update={"budget": 10}), items=170, pairs=1).judgements == 30


def test_effort_without_anything_to_compare():
    plan = SessionPlan(name="x", kind=SessionKind.STARS)
    found = effort(plan, items=10, pairs=0)
    assert (found.each_pair, found.detectable) == (None, None)
    assert effort(plan, items=0, pairs=0).answers == 0
