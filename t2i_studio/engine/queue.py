"""The waiting list: deficit round-robin over users, a variant at a time.

Each user has a line and an account. The lines are visited in turn; a visit adds the same time to the
account, and variants are taken while the account pays for them (Shreedhar and Varghese, Efficient Fair
Queuing Using Deficit Round-Robin, 1995). One user's twelve variants so never block another's first.
"""

from collections import deque
from collections.abc import Hashable, Iterable
from copy import copy
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Item:
    """A variant to be made. cost: seconds expected (> 0). key: items of equal keys may be made together."""

    variant: int
    job: int
    user: str
    cost: float
    key: Hashable


class FairQueue:
    """Not thread-safe by itself: the engine holds its lock."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Item]] = {}
        self._accounts: dict[str, float] = {}
        self._ring: deque[str] = deque()
        self._visited = False  # whether the user at the head of the ring has been paid for this visit

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def add(self, items: Iterable[Item]) -> None:
        for item in items:
            if item.user not in self._lines:
                self._lines[item.user] = deque()
                self._accounts[item.user] = 0.0
                self._ring.append(item.user)
            self._lines[item.user].append(item)

    def discard(self, job: int) -> list[Item]:
        """Take all items of a job out."""
        gone = [item for line in self._lines.values() for item in line if item.job == job]
        for item in gone:
            self._remove(item)
        return gone

    def take(self) -> Item | None:
        """The next item."""
        return self._next() if self._ring else None

    def take_like(self, first: Item, count: int) -> list[Item]:
        """Up to `count` items that may be made together with one just taken; each user pays for their own."""
        alike = [item for user in self._ring for item in self._lines[user] if item.key == first.key][:count]
        for item in alike:
            self._accounts[item.user] -= item.cost
            self._remove(item)
        return alike

    def order(self) -> list[Item]:
        """All items in the order in which they would be taken if nobody else came."""
        rest = self._copy()
        return [rest._next() for _ in range(len(rest))]

    def _next(self) -> Item:
        # The dearest head as the quantum: every visit then serves at least one item.
        while True:
            user = self._ring[0]
            head = self._lines[user][0]
            if not self._visited:
                self._accounts[user] += max(self._lines[other][0].cost for other in self._ring)
                self._visited = True
            if head.cost <= self._accounts[user]:
                self._accounts[user] -= head.cost
                self._remove(head)
                return head
            self._ring.rotate(-1)
            self._visited = False

    def _remove(self, item: Item) -> None:
        line = self._lines[item.user]
        line.remove(item)
        if not line:  # who leaves the ring takes no credit along
            if self._ring[0] == item.user:
                self._visited = False
            self._ring.remove(item.user)
            del self._lines[item.user], self._accounts[item.user]

    def _copy(self) -> Self:
        other = copy(self)
        other._lines = {user: deque(line) for user, line in self._lines.items()}
        other._accounts = dict(self._accounts)
        other._ring = deque(self._ring)
        return other
