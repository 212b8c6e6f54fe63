"""How long a rater waits for the next pictures: many raters at once, alone and while a batch is generated.

A rater here does what the page does: the next item's pictures are loaded while one looks at an item, and answers go
out behind the screen. So the wait is nothing when the next item is in hand, and else until its pictures are.
"""

import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any

import httpx
import numpy as np
from gradio_client import Client

from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.simulation.stage import Server, Stage, served, set_up
from t2i_studio.domain import SessionKind, SessionPlan
from t2i_studio.feedback.planted import Truth, names, spread
from t2i_studio.store.database import open_database

RATERS, ANSWERS, OVERLAP = 15, 30, 3
THINKING = (0.8, 1.8)
"""Seconds that a rater looks at an item: quick ones, people take about six."""
BATCHES = 4


def measure() -> list[Figure]:
    """The wait without and with a batch at work; of all answers that have a next item."""
    figures = []
    for busy in (False, True):
        with temporary_home() as home:
            db = open_database(home)
            plan = SessionPlan(name="bench", kind=SessionKind.PAIRS, overlap=OVERLAP, seed=1)
            stage = set_up(db, names(Truth(strengths=spread())), RATERS * ANSWERS // OVERLAP + 28, plan)
            with served(home) as server:
                waits = _raters(stage, server, busy)
            db.close()
        words = "while a batch is generated" if busy else "nothing else at work"
        figures += [
            Figure(f"answer to next pictures, {RATERS} raters, {words}: half of them", 1000 * np.median(waits), "ms"),
            Figure(f"… 95 of 100, {words}", 1000 * float(np.quantile(waits, 0.95)), "ms", 300),
        ]
    return figures


def _raters(stage: Stage, server: Server, busy: bool) -> list[float]:
    """Seconds that each answer's rater waited."""
    with ThreadPoolExecutor(RATERS) as room:
        first = Page(stage, server, 0)
        first.begin()  # until the blind copies are made
        pages = [first, *(Page(stage, server, number) for number in range(1, RATERS))]
        for page in pages[1:]:
            page.begin()
        if busy:
            studio = Client(server.url, verbose=False)
            for number in range(BATCHES):
                studio.predict(description="红色手提包", variants=64, seed=number, wait=False, api_name="/generate")
        time.sleep(3 if busy else 0)  # the model is loaded
        return [wait for waits in room.map(Page.judge, pages) for wait in waits]


class Page:
    """A rater's page: what it shows, what it has in hand, and the line behind it."""

    def __init__(self, stage: Stage, server: Server, number: int) -> None:
        self.dice, self.key = Random(number), None
        self.client = httpx.Client(base_url=server.url, timeout=120)
        self.path = f"/judge/{stage.token}"
        self.line = ThreadPoolExecutor(1)
        self.loaded: dict[str, Future[None]] = {}
        self.told: dict[str, Any] = {}

    def begin(self) -> None:
        self.ask("enter", {})
        self.told = self.ask("consent", {})
        self.key = self.told["key"]
        while self.told["state"] == "preparing":
            time.sleep(0.2)
            self.told = self.ask("next", {})
        self.load(self.told["item"])
        self.load(self.told["ahead"])

    def judge(self) -> list[float]:
        """Seconds from each press of a key until the next pictures are there."""
        waits: list[float] = []
        item, ahead, shown = self.told["item"], self.told["ahead"], time.perf_counter()
        for _ in range(ANSWERS):
            press = shown + self.dice.uniform(*THINKING)
            time.sleep(max(0.0, press - time.perf_counter()))  # late where the last reply came after it
            body = {"assignment": item["id"], "nonce": secrets.token_hex(8), "verdict": "chosen", "place": 0}
            sent = self.line.submit(self.ask, "answer", body)
            item = ahead or sent.result()["item"]
            if item is None:
                break
            self.load(item)
            self.loaded[item["id"]].result()
            shown = time.perf_counter()
            waits.append(shown - press)
            told = sent.result()
            ahead = next((each for each in (told["item"], told["ahead"]) if each and each["id"] != item["id"]), None)
            self.load(ahead)
        return waits

    def load(self, item: dict[str, Any] | None) -> None:
        """Its pictures, behind the screen."""
        if item and item["id"] not in self.loaded:
            self.loaded[item["id"]] = self.line.submit(self.fetch, item["pictures"])

    def fetch(self, pictures: list[str]) -> None:
        for address in pictures:
            self.client.get(address).raise_for_status()

    def ask(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"{self.path}/{action}", json={"key": self.key, "language": "zh"} | body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told
