"""One made-up rater at the page's own addresses: answers, loses responses, taps twice, takes back, leaves."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from t2i_studio.cli.simulation.stage import Server, Stage
from t2i_studio.domain import Item
from t2i_studio.feedback.planted import People
from t2i_studio.ui.judging.seals import Seals

LOST, DOUBLED, TAKEN_BACK, SKEWED = 0.05, 0.05, 0.02, 0.1
"""Shares of answers whose response is lost, that are sent twice at once, that are answered anew, and that come from
a device whose clock was set meanwhile.
"""
WAIT = 1.0
PATIENCE = 120
"""Seconds that a rater waits for a place, or for a server that is down."""


@dataclass(frozen=True)
class Confirmed:
    """What a rater was told is kept. number: of the assignment."""

    number: int
    nonce: str
    place: int | None
    verdict: str


@dataclass
class Record:
    """What happened to all raters together."""

    confirmed: list[Confirmed] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sitting:
    """A rater who gives at most `answers`, with about `pause` seconds between; `name` is theirs among the planted
    people.
    """

    def __init__(
        self,
        stage: Stage,
        server: Server,
        seals: Seals,
        people: People,
        name: str,
        record: Record,
        answers: int,
        pause: float = 0.0,
    ) -> None:
        self.stage, self.server, self.seals, self.people = stage, server, seals, people
        self.name, self.record, self.answers, self.pause = name, record, answers, pause
        self.dice = Random(f"sitting {name}")
        self.client = httpx.Client(base_url=server.url, timeout=60)
        self.key: str | None = None

    def run(self) -> str:
        """Judge until there is nothing more or the rater has given all their answers; the state they ended in."""
        with self.client:
            self.post("enter", {})
            told = self.post("consent", {})
            self.key = told["key"]
            given, waited = 0, 0.0
            while given < self.answers:
                if told["state"] == "work":
                    told, waited = self.judge(told["item"]), 0.0
                    given += 1
                elif told["state"] in ("waiting", "preparing") and waited < PATIENCE:
                    time.sleep(WAIT)
                    waited += WAIT
                    told = self.post("next", {})
                else:
                    return str(told["state"])
            return "left"

    def judge(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Look at an item and answer it; what comes next."""
        time.sleep(self.pause * 2 * self.dice.random())
        told = self.send(shown)
        if self.dice.random() < TAKEN_BACK and (last := self.post("undo", {}).get("last")):
            told = self.send(last)
        return told

    def send(self, shown: dict[str, Any]) -> dict[str, Any]:
        body = {"assignment": shown["id"], "nonce": secrets.token_hex(12), **self.choose(shown), **self.times()}
        began = time.perf_counter()
        if self.dice.random() < DOUBLED:
            with ThreadPoolExecutor(2) as taps:
                told, _ = taps.map(lambda _: self.post("answer", body), range(2))
        else:
            told = self.post("answer", body)
        seconds = time.perf_counter() - began
        if self.dice.random() < LOST:  # the page never saw that response, and sends again
            told = self.post("answer", body)
        if "sentence" in told:
            with self.record.lock:
                self.record.refused.append(told["key"])
            return self.post("next", {})
        (number,) = self.seals.open("assignment", shown["id"]) or (0,)
        kept = Confirmed(number, body["nonce"], body.get("place"), body["verdict"])
        with self.record.lock:
            self.record.confirmed.append(kept)
            self.record.seconds.append(seconds)
        return told

    def choose(self, shown: dict[str, Any]) -> dict[str, Any]:
        """The planted answer; which pictures they are, the simulation reads off the sealed names."""
        item, places = self.open(shown["pictures"])
        damaged = [item.pictures[place].damaged for place in places]
        with self.record.lock:
            if any(damaged):
                return {"verdict": "chosen", "place": self.people.known(self.name, damaged.index(False), len(places))}
            numbers = [self.stage.sources.index(item.pictures[place].source or "") for place in places]
            place, bad = self.people.answer(self.name, item.id, numbers)
        if bad:
            return {"verdict": "bad"}
        return {"verdict": "tie"} if place is None else {"verdict": "chosen", "place": place}

    def open(self, pictures: list[str]) -> tuple[Item, list[int]]:
        """The item, and the places in it of the pictures as shown."""
        numbers = [self.seals.open("picture", address.rsplit("/", 1)[-1]) for address in pictures]
        assert all(numbers)
        return self.stage.items[numbers[0][1]], [sealed[2] for sealed in numbers if sealed]  # type: ignore[index]

    def times(self) -> dict[str, int]:
        """How long it took, by a clock that is sometimes set while one looks."""
        skewed = self.dice.random() < SKEWED
        wall = self.dice.randint(-(10**9), 10**9) if skewed else self.dice.randint(1500, 9000)
        return {"wall_ms": wall, "active_ms": min(wall, 5000)}

    def post(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Sent until it is answered: a server that is down comes back."""

        def once() -> dict[str, Any]:
            sent = {"key": self.key, "language": "zh"} | body
            answer = self.client.post(f"/judge/{self.stage.token}/{action}", json=sent)
            if answer.status_code >= 500:
                raise httpx.ReadError(answer.text[:200])
            told: dict[str, Any] = answer.json()
            return told

        return until_answered(once)


def until_answered(once: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Try again while the line or the server is down. The last error when it stays so for PATIENCE."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return once()
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
