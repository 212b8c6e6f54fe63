"""What goes between a rater's page and the studio: small JSON texts, checked before anything is done with them."""

import json
from typing import Any, Literal, TypeVar

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from t2i_studio.errors import Language, StudioError
from t2i_studio.ui.i18n import choose_language

MAX_BODY = 16 * 1024
"""Bytes of a request; the longest honest one has a comment of 2,000 characters."""
STATES = {
    "session.closed": ("closed", 410),
    "session.paused": ("paused", 409),
    "session.excluded": ("excluded", 403),
    "session.link_unknown": ("refused", 404),
    "session.link_revoked": ("refused", 410),
    "session.code_wrong": ("code", 403),
    "judging.key": ("enter", 401),
    "judging.consent": ("enter", 403),
    "session.no_rater": ("enter", 401),
    "judging.slow": (None, 429),
    "judging.too_big": (None, 413),
    "judging.unreadable": (None, 400),
    "answer.unknown": (None, 404),
    "answer.not_yours": (None, 403),
    "answer.late": (None, 409),
    "answer.no_place": (None, 409),
    "answer.nonce_used": (None, 409),
}
"""What the page shows after a refusal (None: it goes on) and the status of the response; others are 422, faults of the
disk 503.
"""
NO_STORE = {"Cache-Control": "no-store"}


class Sent(BaseModel):
    """What every request has. key: the browser's secret, from `enter`."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(None, max_length=200)
    language: Literal["zh", "en"] = "en"


class SentConsent(Sent):
    """nonce: a random mark of this browser's coming in, kept until it has a key: sent twice, it is one rater."""

    nonce: str | None = Field(None, pattern=r"^[0-9a-f]{32,100}$")


class SentEntry(SentConsent):
    code: str | None = Field(None, max_length=200)


class SentRenewal(Sent):
    assignments: list[str] = Field(max_length=8)


class SentAnswer(Sent):
    """assignment: its sealed name. The rest is as in domain.Answer, whose rules the store checks."""

    assignment: str = Field(max_length=200)
    nonce: str = Field(max_length=100)
    verdict: Literal["chosen", "tie", "bad", "stars", "skip"]
    place: int | None = None
    stars: int | None = None
    faults: tuple[str, ...] = Field((), max_length=40)
    comment: str = ""
    skip_reason: str | None = None
    active_ms: int | None = None
    wall_ms: int | None = None
    zoomed: bool = False


Message = TypeVar("Message", bound=Sent)


async def read_body(request: Request) -> Any:
    """The JSON of a request, or the StudioError that says why it is none (raised later, where it can be logged)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return StudioError("judging.unreadable")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            return StudioError("judging.too_big", limit=MAX_BODY)
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return StudioError("judging.unreadable")


def parse(kind: type[Message], body: Any) -> Message:
    """Raises StudioError judging.unreadable, judging.too_big."""
    if isinstance(body, StudioError):
        raise body
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise StudioError("judging.unreadable") from error


def language_of_page(request: Request, body: Any) -> Language:
    """The page's own, else the browser's."""
    said = body.get("language") if isinstance(body, dict) else None
    if said == "zh" or said == "en":
        return said
    return choose_language({}, request.headers.get("accept-language", ""))


def refusal(error: StudioError, language: Language) -> JSONResponse:
    """One sentence, a status, and what the page is to show."""
    state, status = STATES.get(error.key, (None, 503 if error.key.startswith("store.") else 422))
    told = {"key": error.key, "sentence": error.sentence(language), "state": state}
    return JSONResponse(told, status, headers=NO_STORE)
