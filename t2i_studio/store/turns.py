"""A fair lock: threads get it in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One thread at a time, first come, first served; Python's own locks let late comers overtake."""

    def __init__(self) -> None:
        self._line: deque[threading.Event] = deque()
        self._guard = threading.Lock()

    @contextmanager
    def take(self, timeout: float) -> Iterator[None]:
        """Wait up to `timeout` seconds for this thread's turn, hold it in the block. Raises TimeoutError."""
        mine = threading.Event()
        with self._guard:
            self._line.append(mine)
            if self._line[0] is mine:
                mine.set()
        if not mine.wait(timeout):
            with self._guard:
                if not mine.is_set():
                    self._line.remove(mine)
                    raise TimeoutError(f"no turn in {timeout} seconds")
        try:
            yield
        finally:
            with self._guard:
                self._line.popleft()
                if self._line:
                    self._line[0].set()
