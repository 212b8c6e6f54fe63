"""A small session of two planted models, and a rater's browser without the page."""

import io
import secrets
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient

from t2i_studio.domain import FeedbackSession, NewItem, Purpose, SessionKind, SessionPlan, Shown, State
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.entrance import make_link
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from t2i_studio.store.sessions import create_session
from t2i_studio.ui.guard import Guard
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.judging.routes import judge_routes

MODELS = ("planted-plain", "planted-noisy")


def picture(model: str, number: int) -> bytes:
    """A PNG as this model makes it: a small even one, or a large busy one that says in its metadata what made it."""
    noisy = model == MODELS[1]
    side = 160 if noisy else 64
    pixels = np.full((side, side, 3), (40 + number * 9) % 256, np.uint8)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = (200, 30, (number * 31) % 256)
    if noisy:
        pixels += np.random.default_rng(number).integers(0, 90, pixels.shape, np.uint8)
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", f"Model: {model}, Seed: {number}")
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", pnginfo=chunks)
    return out.getvalue()


def variants(db: Database, model: str, count: int, text: str) -> list[int]:
    """Finished variants of a model."""
    job = jobs.enqueue(db, request(text, model=model, variants=count))
    jobs.claim(db, job.id)
    for id in job.variants:
        jobs.finish_variant(db, id, put_image(db, picture(model, id)), origin(id))
    jobs.finish_job(db, job.id, State.DONE)
    return list(job.variants)


def session_of(
    db: Database, count: int = 6, kind: SessionKind = SessionKind.PAIRS, text: str = "红色手提包", **plan: object
) -> FeedbackSession:
    """`count` items to judge; three to practise on and as many as needed with a known answer."""
    planned: dict[str, Any] = {"name": f"{MODELS[0]} ./. {MODELS[1]}", "kind": kind, "overlap": 2}
    planned |= {"known_share": 0, "repeat_share": 0} | plan
    checks = 3 + 4
    each = -(-kind.pictures // 2)
    plain, noisy = (iter(variants(db, model, each * (count + checks), text)) for model in MODELS)
    items = []
    for number in range(count + checks):
        judged = number < count
        purpose = Purpose.JUDGED if judged else Purpose.PRACTICE if number < count + 3 else Purpose.KNOWN
        ids = [(next(made), model) for _ in range(each) for made, model in ((plain, MODELS[0]), (noisy, MODELS[1]))]
        pictures = tuple(
            Shown(variant=id, source=model, damaged=not judged and (place > 0 or kind is SessionKind.STARS))
            for place, (id, model) in enumerate(ids[: kind.pictures])
        )
        expected = None if judged else 1 if kind is SessionKind.STARS else 0
        items.append(NewItem(text=text, pictures=pictures, purpose=purpose, expected=expected))
    return create_session(db, SessionPlan(**planned), items)


def studio_of(db: Database) -> TestClient:
    """The rater's side of a studio, served."""
    app = FastAPI()
    app.add_middleware(Guard)
    app.include_router(judge_routes(db))
    return TestClient(app, base_url="http://127.0.0.1")


class Browser:
    """What a rater's browser does; `received` keeps every response it got."""

    def __init__(self, client: TestClient, token: str, language: str = "zh") -> None:
        self.client, self.token, self.language = client, token, language
        self.key: str | None = None
        self.received: list[httpx.Response] = []

    def ask(self, route: str, **body: object) -> dict[str, Any]:
        sent = {"key": self.key, "language": self.language} | body
        self.received.append(self.client.post(f"/judge/{self.token}/{route}", json=sent))
        told = self.received[-1].json()
        self.key = told.get("key") if self.received[-1].is_success and told.get("key") else self.key
        return told

    def begin(self) -> dict[str, Any]:
        """Come in and agree; the first item."""
        assert self.ask("enter")["state"] == "consent"
        return self.ask("consent")

    def look(self, item: dict[str, Any]) -> list[bytes]:
        """Fetch the pictures of an item."""
        fetched = [self.client.get(address) for address in item["pictures"]]
        self.received += fetched
        return [response.content for response in fetched]

    def say(self, item: dict[str, Any], verdict: str = "chosen", **fields: object) -> dict[str, Any]:
        """Answer an item; the first picture is chosen, if not told otherwise."""
        fields = {"nonce": secrets.token_hex(8), "verdict": verdict} | fields
        if verdict == "chosen":
            fields = {"place": 0} | fields
        return self.ask("answer", assignment=item["id"], **fields)

    def through_practice(self) -> dict[str, Any]:
        """Begin and answer what is for practice; what the studio said then."""
        told = self.begin()
        while told["item"] and told["item"]["practice"]:
            told = self.say(told["item"], "skip", skip_reason="unsure")
        return told


def arrived(db: Database, client: TestClient, session: FeedbackSession, **named: str) -> Browser:
    """A rater with a fresh link, the pictures being ready."""
    Copies(db).make(session.id)
    return Browser(client, make_link(db, session.id), **named)
