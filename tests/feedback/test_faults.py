"""Fault rates by source and by description."""

import pytest

from t2i_studio.feedback.faults import fault_rates_by_prompt, fault_rates_by_source
from tests.feedback.votes import stars, vote


def test_rates_of_sources_the_most_faulty_first():
    votes = [
        stars("good", 5, "x"),
        stars("good", 4, "y", faults=("halo",)),
        stars("good", 4, "z"),
        stars("good", 4, "w"),
        stars("poor", 1, "x", faults=("halo", "garbled-text")),
        stars("poor", 2, "y", faults=("halo",)),
        stars("poor", 2, "z", faults=("halo",), excluded=True),
    ]
    poor, good = fault_rates_by_source(votes)
    assert (poor.group, poor.any.value, poor.any.answers) == ("poor", 1, 2)
    assert poor.faults["garbled-text"].value == 0.5
    assert good.any.value == pytest.approx(0.25)
    assert set(good.faults) == {"halo"}
    assert 0 < good.any.low < 0.25 < good.any.high < 1


def test_rates_of_descriptions():
    votes = [stars("s", 3, prompt="a cup"), stars("s", 1, prompt="a shoe", faults=("halo",))]
    assert [(rate.group, rate.any.value) for rate in fault_rates_by_prompt(votes)] == [("a shoe", 1), ("a cup", 0)]


def test_comparisons_have_no_fault_rates():
    assert fault_rates_by_source([vote(("a", "b"), 0, faults=("halo",))]) == ()
