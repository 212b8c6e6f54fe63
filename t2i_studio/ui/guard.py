"""Refuses requests that another web page, or another name for this machine, could make a browser send."""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t2i_studio.ui.studio import USER_HEADER

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Gradio builds event handlers from text ('unsafe-eval') and boots from inline scripts.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    )
)
FETCHING = ("/gradio_api/proxy=", "/gradio_api/file=http")
"""Routes of Gradio that fetch an address of the caller's choice."""


class Guard:
    """ASGI middleware. names: further host names under which the studio is reached (a proxy's)."""

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self.app = app
        self.names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        if reason := self._refusal(scope):
            return await PlainTextResponse(reason, 403)(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)  # a page of our own may have a stricter one
                headers.setdefault("Referrer-Policy", "same-origin")
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        # Only our own log-in may say who somebody is.
        headers = [(name, value) for name, value in scope["headers"] if name != USER_HEADER.encode()]
        await self.app({**scope, "headers": headers}, receive, send_guarded)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._ours(urlsplit(f"//{host}").hostname or ""):
            return "This studio is not reached under that host name."  # DNS rebinding
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "Requests from other web pages are refused."
        if scope["path"].lower().replace("//", "/").startswith(FETCHING):
            return "The studio fetches nothing for a caller."
        return None

    def _ours(self, name: str) -> bool:
        """A bare address is ours: an attacker's page has a name, and a browser sends that name."""
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower().removesuffix(".local") in self.names
        return True
