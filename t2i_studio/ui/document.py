"""Gradio's HTML page, made ours before it is sent: language, theme and header are there before any script."""

import re
from collections.abc import Callable
from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t2i_studio.errors import Language
from t2i_studio.store.database import Database
from t2i_studio.store.raters import is_rater, new_rater
from t2i_studio.ui.i18n import LOCALES, choose_language, words
from t2i_studio.ui.parts import version
from t2i_studio.ui.studio import RATER_COOKIE

PAGES = {
    "/": "nav_create",
    "/gallery": "nav_gallery",
    "/variant": "nav_variant",
    "/sessions": "nav_sessions",
    "/session": "nav_session",
    "/learn": "nav_learn",
}
WITHIN = {"/variant": "/gallery", "/session": "/sessions"}
"""Pages of one thing, which are reached from the page of all."""
YEAR = 365 * 86400
_FOREIGN = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>|<link\s[^>]*rel="preconnect"[^>]*>', re.DOTALL)

_HEAD = """
<script>window.studio = {{language: "{language}", version: "{version}"}};
(function () {{
  // Gradio takes its language and its theme from the browser; the visitor's own choice comes first.
  Object.defineProperty(navigator, "language", {{get: () => "{locale}"}});
  const theme = (document.cookie.match(/(?:^|; )theme=(light|dark)/) || [])[1];
  const ask = window.matchMedia.bind(window);
  if (theme) window.matchMedia = (query) => !/prefers-color-scheme/.test(query) ? ask(query) :
    Object.assign(new EventTarget(), {{
      matches: query.includes(theme), media: query, addListener() {{}}, removeListener() {{}}}});
  if (window.matchMedia("(prefers-color-scheme: dark)").matches)
    document.documentElement.classList.add("dark-start");
}})();</script>
<script src="/studio/{version}/words.{language}.js"></script>
<link rel="stylesheet" href="/studio/{version}/studio.css">
<link rel="icon" href="/studio/{version}/icon.svg" type="image/svg+xml">
<script type="module" src="/studio/{version}/header.js"></script>
"""

_HEADER = """
<a class="skip" href="#main">{skip}</a>
<header class="studio-header">
  <a class="brand" href="/" aria-label="T2I Studio">
    <img src="/studio/{version}/icon.svg" alt="" width="28" height="28"><b>T2I Studio</b></a>
  <nav aria-label="{nav}">{links}</nav>
  <div class="tools">
    <button type="button" id="language" lang="{other}" title="{language_switch}">{other_name}</button>
    <button type="button" id="theme" aria-label="{theme_switch}" title="{theme_switch}"></button>
  </div>
</header>
"""


class Document:
    """ASGI middleware around the pages of `PAGES`; everything else passes untouched.

    opened: called with a page's path once the page has been sent.
    """

    def __init__(self, app: ASGIApp, db: Database, opened: Callable[[str], None]) -> None:
        self.app = app
        self.db = db
        self.opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in PAGES:
            return await self.app(scope, receive, send)
        request = Request(scope)
        language = choose_language(request.cookies, request.headers.get("accept-language", ""))
        rater = request.cookies.get(RATER_COOKIE, "")
        if not await run_in_threadpool(is_rater, self.db, rater):
            rater = await run_in_threadpool(new_rater, self.db)
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": plain}, receive, _Rewriting(send, language, scope["path"], rater).send)
        self.opened(scope["path"])


class _Rewriting:
    """Holds a response back until its body is complete, then sends it rewritten."""

    def __init__(self, send: Send, language: Language, path: str, rater: str) -> None:
        self._send, self._language, self._path, self._rater = send, language, path, rater
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            return await self._send(message)
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = MutableHeaders(scope=self._start)
        if headers.get("content-type", "").startswith("text/html"):
            self._body = rewrite(self._body.decode(), self._language, self._path).encode()
            headers["content-length"] = str(len(self._body))
            headers["cache-control"] = "no-store"
            headers.append(
                "set-cookie", f"{RATER_COOKIE}={self._rater}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
            )
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})


def rewrite(html: str, language: Language, path: str) -> str:
    """Gradio's page with our head and header, and without its references to other hosts."""
    text = words(language)
    other: Language = "en" if language == "zh" else "zh"
    links = "".join(
        f'<a href="{to}"{" aria-current=page" if to in (path, WITHIN.get(path)) else ""}>{escape(text[key])}</a>'
        for to, key in PAGES.items()
        if to not in WITHIN
    )
    head = _HEAD.format(language=language, locale=LOCALES[language], version=version())
    header = _HEADER.format(
        links=links,
        other=LOCALES[other],
        other_name="English" if other == "en" else "中文",
        version=version(),
        **{key: escape(text[key]) for key in ("skip", "nav", "language_switch", "theme_switch")},
    )
    html = _FOREIGN.sub("", html)
    html = re.sub(r"<title>.*?</title>", "", html, flags=re.DOTALL)
    html = re.sub(r'<html\s+lang="[^"]*"', f'<html lang="{LOCALES[language]}"', html, count=1)
    html = html.replace("<head>", f"<head><title>{escape(text[PAGES[path]])} · T2I Studio</title>{head}", 1)
    return re.sub(r"(<body[^>]*>)", lambda match: match[1] + header, html, count=1)
