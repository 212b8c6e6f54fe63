"""The rater's page as files: one small HTML text with its words, and the scripts and the style that it names."""

import hashlib
import json
from functools import cache
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from t2i_studio.errors import Language
from t2i_studio.settings import ASSETS
from t2i_studio.store.faults import FAULTS
from t2i_studio.ui.i18n import LOCALES, choose_language
from t2i_studio.ui.parts import STATIC

FOLDER = STATIC / "judge"
WORDS = ASSETS / "words" / "judging.json"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}


def page_routes() -> APIRouter:
    """The page of a link, and what it loads; nothing of a session is in it."""
    router = APIRouter(prefix="/judge")

    @router.get("/static/{_version}/{name}")
    def file(_version: str, name: str) -> Response:
        known = {path.name: path for path in FOLDER.iterdir()}
        if name not in known:
            return Response(status_code=404)
        kept = "public, max-age=31536000, immutable" if _version == version() else "no-store"
        return FileResponse(known[name], headers={"Cache-Control": kept})

    @router.get("/{_token}")
    def page(_token: str, request: Request) -> Response:
        language = choose_language({}, request.headers.get("accept-language", ""))
        return HTMLResponse(document(language), headers=HEADERS | {"Cache-Control": "no-store"})

    return router


@cache
def version() -> str:
    """Changes with any script or style of the page."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def words() -> dict[str, dict[Language, str]]:
    """Every word of the page, in both languages."""
    return json.loads(WORDS.read_text(encoding="utf-8"))


@cache
def document(language: Language) -> str:
    """The page in the language it begins with."""
    faults = [
        {"code": fault.code, "name": fault.name.model_dump(), "description": fault.description.model_dump()}
        for fault in FAULTS.values()
    ]
    table = json.dumps({"words": words(), "faults": faults}, ensure_ascii=False, separators=(",", ":"))
    scripts = [path.name for path in sorted(FOLDER.glob("*.js"))]
    base = f"/judge/static/{version()}"
    ahead = "".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in scripts)
    text = {key: escape(words()[key][language]) for key in ("title", "skip_to", "no_script", "other_language")}
    return _PAGE.format(locale=LOCALES[language], base=base, ahead=ahead, table=table.replace("<", "\\u003c"), **text)


_PAGE = """<!doctype html>
<html lang="{locale}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{base}/judge.css">{ahead}
<script type="module" src="{base}/main.js"></script></head>
<body><a class="skip-link" href="#main">{skip_to}</a>
<header class="bar"><div id="progress" hidden><span></span><div class="track" aria-hidden="true"><i></i></div></div>
<div id="waiting" role="status" hidden></div><button type="button" id="language">{other_language}</button></header>
<div id="toasts"></div><p id="spoken" class="visually-hidden" role="status" aria-live="polite"></p>
<main id="main"><noscript>{no_script}</noscript></main>
<script type="application/json" id="words">{table}</script></body></html>
"""
