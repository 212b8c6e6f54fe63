import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from t2i_studio.store.turns import Turns


def test_one_at_a_time_in_the_order_of_asking():
    turns, served = Turns(), []

    def ask(number: int) -> None:
        with turns.take(10):
            served.append(number)

    with turns.take(10):
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
            time.sleep(0.02)
        assert served == []
    for thread in threads:
        thread.join()
    assert served == [*range(8)]


def test_who_waits_too_long_leaves_the_line_without_holding_it_up():
    turns = Turns()

    def give_up() -> None:
        with pytest.raises(TimeoutError), turns.take(0.01):
            pass

    with turns.take(1), ThreadPoolExecutor(1) as threads:
        threads.submit(give_up).result()
    with turns.take(0):
        pass


def test_a_block_that_raises_passes_the_turn_on():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.take(1):
        raise ZeroDivisionError
    with turns.take(0):
        pass
