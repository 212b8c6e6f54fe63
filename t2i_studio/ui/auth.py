"""Optional log-in: a page to log in on, and a guard before every other route.

Browsers get a signed cookie; programs may send HTTP Basic. A session's signature is keyed with the user's
password hash, so it outlives a restart and ends when the password changes; no session is kept on this side.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections import OrderedDict, deque
from functools import cache
from html import escape
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from t2i_studio.errors import Language, StudioError
from t2i_studio.settings import ASSETS
from t2i_studio.ui.i18n import LOCALES, choose_language
from t2i_studio.ui.studio import USER_HEADER
from t2i_studio.ui.users import Users

COOKIE = "session"
SESSION_SECONDS = 14 * 86400
FAILURE_SECONDS = 300
MAX_FAILURES = {"user": 5, "address": 50}
"""Within FAILURE_SECONDS: of one name from one address, and of an address (a whole office may share one)."""


RATERS = re.compile(r"/judge/[\w-]{1,200}(/[\w-]{1,200}(/[\w-]{1,40}\.(js|css))?)?", re.ASCII)
"""Paths of the rater's page: whoever has a session's link may use them, and no more."""
_TOKEN = re.compile(r"(?P<name>[^.]+)\.(?P<expires>[0-9]{1,12})\.(?P<signature>[0-9a-f]{64})")


class LogIn:
    """ASGI middleware: lets through who is logged in, shows others the log-in page or a 401."""

    def __init__(self, app: ASGIApp, users: Users) -> None:
        self.app = app
        self.users = users
        self._failures = Failures()
        self._basic_seen = _Remembered(256)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        if scope["type"] == "http" and RATERS.fullmatch(scope["path"]):
            return await self.app(scope, receive, send)
        connection = HTTPConnection(scope)
        language = choose_language(connection.cookies, connection.headers.get("accept-language", ""))
        try:
            if scope["path"].rstrip("/") == "/login" and scope["type"] == "http":
                answer = await self._log_in(Request(scope, receive), language)
            elif name := self._of_session(connection) or await self._of_basic(connection):
                if scope["path"] != "/logout":
                    return await self.app(_named(scope, name), receive, send)
                answer = _without_session(RedirectResponse("/login", 303))
            else:
                answer = _turned_away(connection, language)
        except StudioError as error:
            answer = JSONResponse({"error": error.sentence(language)}, 429 if error.key == "auth.slow" else 503)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        await answer(scope, receive, send)

    async def _log_in(self, request: Request, language: Language) -> Response:
        next_ = _local(request.query_params.get("next", "/"))
        if request.method != "POST":
            return HTMLResponse(_page(language, next_, ""))
        form = await request.form(max_files=0, max_fields=8)
        name, password = str(form.get("username", "")), str(form.get("password", ""))
        wants_page = "text/html" in request.headers.get("accept", "")
        try:
            known = await self._check(request, name, password)
        except StudioError as error:
            if not wants_page:
                raise
            return HTMLResponse(_page(language, next_, error.sentence(language)), 429)
        if not known:
            sentence = StudioError("auth.wrong").sentence(language)
            page = HTMLResponse(_page(language, next_, sentence), 401)
            return page if wants_page else JSONResponse({"error": sentence}, 401)
        answer = RedirectResponse(next_, 303) if wants_page else JSONResponse({"success": True})
        return self._with_session(answer, name, secure=request.url.scheme == "https")

    async def _check(self, connection: HTTPConnection, name: str, password: str) -> bool:
        """The password check, slowed down for who guesses: StudioError auth.slow."""
        address, key = connection.client.host if connection.client else "", name[:64]
        if wait := self._failures.wait(address, key):
            raise StudioError("auth.slow", seconds=wait)
        known = await self.users.verify(name, password)
        if not known:
            self._failures.add(address, key)
        return known

    def _with_session(self, answer: Response, name: str, *, secure: bool) -> Response:
        expires = int(time.time()) + SESSION_SECONDS
        token = f"{_quoted(name)}.{expires}.{_signature(self.users.hashes()[name], name, expires)}"
        answer.set_cookie(COOKIE, token, SESSION_SECONDS, httponly=True, samesite="lax", secure=secure)
        return answer

    def _of_session(self, connection: HTTPConnection) -> str | None:
        match = _TOKEN.fullmatch(connection.cookies.get(COOKIE, ""))
        if match is None or int(match["expires"]) < time.time():
            return None
        name = unquote(match["name"])
        stored = self.users.hashes().get(name)
        if stored is None:
            return None
        right = _signature(stored, name, int(match["expires"]))
        return name if hmac.compare_digest(right, match["signature"]) else None

    async def _of_basic(self, connection: HTTPConnection) -> str | None:
        scheme, _, encoded = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        stored = self.users.hashes().get(name, "")
        if self._basic_seen.has(encoded, stored):
            return name
        if not await self._check(connection, name, password):
            return None
        self._basic_seen.add(encoded, stored)
        return name


class Failures:
    """Times of failed attempts, by name and address and by address alone; the oldest entries make room."""

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def wait(self, address: str, name: str) -> int:
        """Seconds until the next attempt is heard; 0: now."""
        waits = [
            self._wait((address, name), MAX_FAILURES["user"]),
            self._wait((address,), MAX_FAILURES["address"]),
        ]
        return max(waits)

    def _wait(self, key: tuple[str, ...], limit: int) -> int:
        times = self._times.get(key, deque())
        while times and times[0] < time.monotonic() - FAILURE_SECONDS:
            times.popleft()
        return 0 if len(times) < limit else int(times[0] + FAILURE_SECONDS - time.monotonic()) + 1

    def add(self, address: str, name: str) -> None:
        for key in ((address, name), (address,)):
            self._times.setdefault(key, deque()).append(time.monotonic())
            self._times.move_to_end(key)
        while len(self._times) > 10_000:
            self._times.popitem(last=False)


class _Remembered:
    """Basic credentials that were right, as keyed digests: not each request shall cost a password check."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._key = secrets.token_bytes(32)
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def _digest(self, credentials: str, stored: str) -> bytes:
        return hmac.digest(self._key, f"{credentials} {stored}".encode(), "sha256")

    def has(self, credentials: str, stored: str) -> bool:
        return self._digest(credentials, stored) in self._seen

    def add(self, credentials: str, stored: str) -> None:
        self._seen[self._digest(credentials, stored)] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)


def _quoted(name: str) -> str:
    return quote(name, safe="").replace(".", "%2E")


def _signature(stored: str, name: str, expires: int) -> str:
    return hmac.new(stored.encode(), f"{name} {expires}".encode(), hashlib.sha256).hexdigest()


def _named(scope: Scope, name: str) -> Scope:
    headers = MutableHeaders(raw=list(scope["headers"]))
    headers[USER_HEADER] = quote(name)
    return {**scope, "headers": headers.raw}


def _without_session(answer: Response) -> Response:
    answer.delete_cookie(COOKIE)
    return answer


def _turned_away(connection: HTTPConnection, language: Language) -> Response:
    accepted = connection.headers.get("accept", "")
    if connection.scope.get("method") == "GET" and "text/html" in accepted:
        query = f"?{connection.url.query}" if connection.url.query else ""
        return RedirectResponse(f"/login?next={quote(connection.url.path + query, safe='/')}", 303)
    sentence = StudioError("auth.needed").sentence(language)
    # Not "Basic": a browser would open its own dialogue over the page.
    return JSONResponse({"error": sentence}, 401, headers={"WWW-Authenticate": 'Session realm="T2I Studio"'})


def _local(address: str) -> str:
    """`address` when it is a path of this site, else the first page."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"


@cache
def _words() -> dict[str, dict[Language, str]]:
    return json.loads((ASSETS / "words" / "login.json").read_text(encoding="utf-8"))


def _page(language: Language, next_: str, fault: str) -> str:
    text = {key: escape(row[language]) for key, row in _words().items()}
    return _PAGE.format(locale=LOCALES[language], next=escape(quote(next_, safe="/")), fault=escape(fault), **text)


_PAGE = """<!doctype html>
<html lang="{locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · T2I Studio</title><style>
:root {{ color-scheme: light dark;
  font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", sans-serif }}
body {{ min-height: 100vh; margin: 0; display: grid; place-items: center;
  background: light-dark(#f6f5f2, #17171a) }}
form {{ width: min(20rem, 84vw); padding: 2rem; border-radius: 1rem; background: light-dark(#fff, #222227) }}
h1 {{ margin: 0 0 1rem; font-size: 1.25rem }}
label {{ display: block; margin: 1rem 0 .25rem }}
input, button {{ box-sizing: border-box; width: 100%; padding: .6rem .75rem; font: inherit;
  border-radius: .5rem }}
input {{ border: 1px solid light-dark(#c9c7c0, #4a4a52); background: transparent; color: inherit }}
button {{ margin-top: 1.5rem; border: 0; background: #b4431f; color: #fff; cursor: pointer }}
[role=alert] {{ color: light-dark(#a3231b, #ff9c8f) }}
</style></head><body><main><form method="post" action="/login?next={next}">
<h1>T2I Studio</h1><p role="alert">{fault}</p>
<label for="username">{name}</label>
<input id="username" name="username" autocomplete="username" required autofocus>
<label for="password">{password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>{submit}</button></form></main></body></html>
"""
