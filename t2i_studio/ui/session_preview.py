"""A session as its raters will see it, before there is one: the rater's own page, answered from the plan.

The page is the one that raters get, with its scripts, words and style; only what it would ask the studio is answered
by a script in the organiser's browser (static/session_preview.js), so that a preview leaves no trace.
"""

import random
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from PIL import Image

from t2i_studio.domain import NewItem, Purpose, SessionPlan, Shown
from t2i_studio.errors import StudioError
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variant
from t2i_studio.ui.judging.blind import blind_copy, canvas, longer_side
from t2i_studio.ui.judging.desk import BREAK_EVERY
from t2i_studio.ui.judging.page import POLICY, document
from t2i_studio.ui.judging.spoiling import SPOILT_FAULT, spoil
from t2i_studio.ui.parts import version
from t2i_studio.ui.studio import Studio, visitor_of

SHOWN = 20
"""Items of a preview."""
EMPTY = 0
"""Stands for a picture that is still to be generated."""
ADDRESS = "/sessions/preview"


def preview_of(studio: Studio, plan: SessionPlan, items: list[NewItem], *, made: bool) -> dict[str, Any]:
    """What the page is told: the welcome, the practice items and the first others in the order of one rater."""
    dice = random.Random(plan.seed)
    practice = [item for item in items if item.purpose is Purpose.PRACTICE][: plan.practice]
    others = [item for item in items if item.purpose is not Purpose.PRACTICE]
    judged = [item for item in others if item.purpose is Purpose.JUDGED][: SHOWN - 2]
    known = [item for item in others if item.purpose is Purpose.KNOWN][: 2 if plan.known_share else 0]
    mixed = dice.sample([*judged, *known], len(judged) + len(known))
    shown = [*practice, *mixed]
    guideline = plan.guideline
    return {
        "kind": plan.kind,
        "break_every": BREAK_EVERY,
        "practice": len(practice),
        "guideline": {"zh": guideline.zh or guideline.en, "en": guideline.en or guideline.zh},
        "examples": [
            {
                "picture": _address(Shown(variant=each.variant), made),
                "good": each.good,
                "why": {"zh": each.zh or each.en, "en": each.en or each.zh},
            }
            for each in guideline.examples
        ],
        "items": [_told(item, number, len(practice), dice, made) for number, item in enumerate(shown)],
    }


def _told(item: NewItem, number: int, practice: int, dice: random.Random, made: bool) -> dict[str, Any]:
    order = dice.sample(range(len(item.pictures)), len(item.pictures))
    told: dict[str, Any] = {
        "id": f"preview-{number}",
        "text": item.text,
        "pictures": [_address(item.pictures[place], made) + f"?shown={number}" for place in order],
        "practice": {"n": number + 1, "of": practice} if item.purpose is Purpose.PRACTICE else None,
    }
    if item.purpose is Purpose.PRACTICE:
        expected = item.expected or 0
        damaged = any(shown.damaged for shown in item.pictures)
        told["expected"] = expected if len(order) == 1 else order.index(expected)
        told["fault"] = SPOILT_FAULT if damaged else None
    return told


def _address(shown: Shown, made: bool) -> str:
    return f"{ADDRESS}/{shown.variant if made else EMPTY}{'-damaged' if shown.damaged else ''}.webp"


def preview_routes(studio: Studio) -> APIRouter:
    """The page, which asks the window around it what to show, and its pictures. Behind the studio's log-in."""
    router = APIRouter(prefix=ADDRESS)

    @router.get("")
    def page(request: Request) -> Response:
        script = f'<script src="/studio/{version()}/session_preview.js"></script>'
        html = document(visitor_of(request).language).replace("<head>", f"<head>{script}", 1)
        policy = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    @router.get("/{name}.webp")
    def picture(name: str) -> Response:
        number, _, damaged = name.partition("-")
        if not number.isdecimal() or len(number) > 18 or damaged not in ("", "damaged"):
            return Response(status_code=404)
        try:
            webp = _picture(studio, int(number), bool(damaged))
        except (StudioError, OSError):
            return Response(status_code=404)
        return Response(webp, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})

    return router


def _picture(studio: Studio, variant: int, damaged: bool) -> bytes:
    """As raters get it. Raises StudioError variant.unknown, image.unknown."""
    if variant == EMPTY:
        side = longer_side([(1, 1)])
        return blind_copy(Image.new("RGB", (side, side), (128, 128, 128)), (side, side))
    with Image.open(image_path(studio.db, get_variant(studio.db, variant).image or "")) as picture:
        size = canvas([picture.size], longer_side([picture.size]))
        return blind_copy(spoil(picture, variant) if damaged else picture, size)
