"""What every command shares."""

import signal
from collections.abc import Iterator

import pytest

from t2i_studio.cli.console import ctrl_c


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    """Ctrl-C as a terminal's program has it; a suite in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_noticed_once_without_raising_and_the_second_raises() -> None:
    with ctrl_c() as pressed:
        assert not pressed
        signal.raise_signal(signal.SIGINT)
        assert pressed
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_handled_ctrl_c_before_handles_it_afterwards() -> None:
    with ctrl_c():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ctrl_c() as pressed:
        signal.raise_signal(signal.SIGINT)
    assert not pressed
