"""What counts as having looked."""

import pytest

from t2i_studio.domain import Purpose
from t2i_studio.feedback.choices import passed_check
from tests.feedback.votes import stars, vote


@pytest.mark.parametrize(("given", "passed"), [(1, True), (2, True), (3, False)])
def test_stars_of_a_known_picture_may_be_one_off_as_in_practice(given, passed):
    assert passed_check(stars("a", given, purpose=Purpose.KNOWN, expected=1), {}) is passed


def test_all_bad_says_nothing_of_a_known_item_and_a_tie_is_wrong():
    known = {"purpose": Purpose.KNOWN, "expected": 0}
    assert passed_check(vote(("a", "b"), None, bad=True, **known), {}) is None
    assert passed_check(vote(("a", "b"), None, **known), {}) is False
    assert passed_check(vote(("a", "b"), 0, **known), {}) is True
