"""When a weaker adapter is tried."""

import pytest

from t2i_studio.learning.stages import SCALES, _weaker_helps


@pytest.mark.parametrize(
    ("excess", "scale", "tried"),
    [
        (0.9, 1.0, False),  # nothing fell too far
        (1.4, 1.0, True),
        (2.5, 1.0, True),  # at half the strength it may be 1.25, and noise may do the rest
        (5.0, 1.0, False),  # hopeless: 2.5 at half the strength
        (1.4, 0.7, True),
        (3.0, 0.7, False),
    ],
)
def test_only_where_it_may_pass(excess: float, scale: float, tried: bool) -> None:
    assert _weaker_helps(excess, scale) is tried
    assert scale in SCALES
