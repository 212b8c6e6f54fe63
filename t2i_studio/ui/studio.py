"""What every page needs: the open studio, and who is looking at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from t2i_studio.engine.engine import Engine
from t2i_studio.errors import Language
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.ui.i18n import choose_language

RATER_COOKIE = "rater"
USER_HEADER = "x-t2i-user"
"""The log-in name, percent-encoded: set on each request that is let through, over any that a caller sent."""


@dataclass(frozen=True)
class Studio:
    """An opened home: its settings, database and engine."""

    settings: Settings
    db: Database
    engine: Engine


class Asking(Protocol):
    """The part of a request that says who asks; Starlette's and Gradio's requests have it."""

    @property
    def cookies(self) -> Mapping[str, str]: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Visitor:
    """rater: random id of the browser. user: whose jobs share a turn in the queue; a log-in name, if any."""

    rater: str
    user: str
    language: Language


def visitor_of(request: Asking) -> Visitor:
    rater = request.cookies.get(RATER_COOKIE, "")
    name = unquote(request.headers.get(USER_HEADER, ""))
    language = choose_language(request.cookies, request.headers.get("accept-language", ""))
    return Visitor(rater=rater, user=name or rater or "local", language=language)
