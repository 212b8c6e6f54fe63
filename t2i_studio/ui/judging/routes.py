"""The rater's questions to the studio: come in, agree, next, answer, take back, hold, and the pictures.

Every answer has one shape: {state, item, ahead, count, …}. Nothing in it tells what an item is for (practice, which is
known to be such, aside), what made a picture, or what anybody else said.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.ui.judging.desk import Desk
from t2i_studio.ui.judging.messages import (
    NO_STORE,
    Message,
    Sent,
    SentAnswer,
    SentConsent,
    SentEntry,
    SentRenewal,
    language_of_page,
    parse,
    read_body,
    refusal,
)
from t2i_studio.ui.judging.page import page_routes

Body = Annotated[Any, Depends(read_body)]
PICTURE_HEADERS = {"Cache-Control": "private, max-age=86400"}


def judge_routes(db: Database) -> APIRouter:
    """Everything under /judge; whoever has a link may use it, without the studio's log-in."""
    desk = Desk(db)
    router = APIRouter()

    @router.get("/judge/picture/{name}")
    def picture(name: str) -> Response:
        webp = desk.picture(name)
        if webp is None:
            return Response(status_code=404, headers=NO_STORE)
        return Response(webp, media_type="image/webp", headers=PICTURE_HEADERS)

    @router.post("/judge/{token}/enter")
    def enter(token: str, request: Request, body: Body) -> JSONResponse:
        address = request.client.host if request.client else ""
        return _told(
            desk, desk.session, SentEntry, lambda session, sent: desk.enter(session, token, sent, address),
            token, request, body,
        )  # fmt: skip

    @router.post("/judge/{token}/consent")
    def consent(token: str, request: Request, body: Body) -> JSONResponse:
        return _told(
            desk,
            desk.session,
            SentConsent,
            lambda session, sent: desk.consent(session, token, sent),
            token,
            request,
            body,
        )

    @router.post("/judge/{token}/next")
    def next_(token: str, request: Request, body: Body) -> JSONResponse:
        return _told(desk, desk.session_within, Sent, desk.next, token, request, body)

    @router.post("/judge/{token}/answer")
    def answer(token: str, request: Request, body: Body) -> JSONResponse:
        return _told(desk, desk.session_within, SentAnswer, desk.answer, token, request, body)

    @router.post("/judge/{token}/undo")
    def undo(token: str, request: Request, body: Body) -> JSONResponse:
        return _told(desk, desk.session_within, Sent, desk.undo, token, request, body)

    @router.post("/judge/{token}/renew")
    def renew(token: str, request: Request, body: Body) -> JSONResponse:
        return _told(desk, desk.session_within, SentRenewal, desk.renew, token, request, body)

    router.include_router(page_routes())

    @router.get("/judge/{_rest:path}")
    def nothing(_rest: str) -> Response:
        """What is under /judge and nothing of the above stays here: no other page answers without the log-in."""
        return Response(status_code=404, headers=NO_STORE)

    return router


def _told(
    desk: Desk,
    find: Callable[[str], int],
    kind: type[Message],
    action: Callable[[int, Message], dict[str, Any]],
    token: str,
    request: Request,
    body: Any,
) -> JSONResponse:
    """What `action` says to the message, or the refusal. find: the session of the link."""
    language = language_of_page(request, body)
    try:
        session = find(token)
        with desk.refusals(session):
            sent = parse(kind, body)
        return JSONResponse(action(session, sent), headers=NO_STORE)
    except StudioError as error:
        return refusal(error, language)
