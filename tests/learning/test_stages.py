"""When a weaker adapter is tried, and how weak."""

import pytest

from t2i_studio.learning.stages import _weaker


@pytest.mark.parametrize(
    ("excess", "scale", "tried"),
    [
        (0.9, 1.0, None),  # nothing fell too far
        (1.4, 1.0, 0.7),
        (2.5, 1.0, 0.5),  # at half the strength it may be 1.25, and noise may do the rest; at 0.7 hardly
        (5.0, 1.0, None),  # hopeless: 2.5 at half the strength
        (1.4, 0.7, 0.5),
        (3.0, 0.7, None),
        (1.2, 0.5, None),  # there is no weaker one
    ],
)
def test_the_strongest_that_may_pass(excess: float, scale: float, tried: float | None) -> None:
    assert _weaker(excess, scale) == tried
