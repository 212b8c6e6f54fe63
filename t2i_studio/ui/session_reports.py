"""A session's report: computed once for the same answers; its page and its files by address."""

import json
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from t2i_studio.errors import Language, StudioError
from t2i_studio.feedback.exports.material import Choices
from t2i_studio.feedback.report import SessionReport, report
from t2i_studio.store.database import Database
from t2i_studio.store.session_progress import progress
from t2i_studio.store.session_raters import raters_of
from t2i_studio.store.sessions import get_session
from t2i_studio.store.variants import get_variants
from t2i_studio.store.votes import votes
from t2i_studio.ui.files import thumbnail
from t2i_studio.ui.session_files import answers_csv, make_export, rater_numbers, report_json
from t2i_studio.ui.session_report_page import report_page
from t2i_studio.ui.session_showing import Showing
from t2i_studio.ui.studio import Studio, visitor_of

KEPT = 16
LIVE_DRAWS = 200
"""Bootstrap samples on the page that is looked at while answers come; a report takes the usual number."""
_reports: OrderedDict[tuple[str, int, bool], tuple[object, SessionReport]] = OrderedDict()
_turn = threading.Lock()
NAMES = Literal["report.json", "report.html", "answers.csv"]


def report_of(db: Database, session_id: int, *, final: bool = False) -> SessionReport:
    """Computed once for the same answers; who asks meanwhile waits for it. Raises StudioError session.unknown."""
    plan = get_session(db, session_id).plan
    given = votes(db, session_id)
    mark = hash(tuple((vote.assignment, vote.created, vote.excluded) for vote in given))
    key = (str(db.engine.url), session_id, final)
    with _turn:
        kept = _reports.get(key)
        if kept is None or kept[0] != mark:
            made = report(given, plan) if final else report(given, plan, draws=LIVE_DRAWS)
            _reports[key] = kept = (mark, made)
        _reports.move_to_end(key)
        while len(_reports) > KEPT:
            _reports.popitem(last=False)
    return kept[1]


def pictures_of(studio: Studio, found: SessionReport, address: str) -> dict[str, str]:
    """{source: address of its picture} of the sources that are single pictures."""
    names = {each.source for each in found.ranking.standings} | {each.source for each in found.stars}
    numbers = sorted(int(name[1:]) for name in names if name.startswith("#") and name[1:].isdecimal())
    images = {one.id: one.image for one in get_variants(studio.db, numbers) if one.image}
    return {f"#{number}": address.format(image) for number, image in images.items()}


def report_routes(studio: Studio) -> APIRouter:
    """Everything under /sessions/NUMBER; behind the studio's log-in like the pages."""
    router = APIRouter(prefix="/sessions/{session}")

    @router.get("/report")
    def page(session: int, request: Request) -> Response:
        language = visitor_of(request).language
        try:
            return HTMLResponse(_page(studio, session, language, whole=False), headers={"Cache-Control": "no-store"})
        except StudioError as error:
            return Response(error.sentence(language), 404, media_type="text/plain")

    @router.get("/export/{format}.zip")
    def exported(session: int, format: str, request: Request, ties: bool = False, comments: bool = False) -> Response:
        language = visitor_of(request).language
        try:
            archive = make_export(studio.db, session, format, Choices(keep_ties=ties, comments=comments))
        except StudioError as error:
            return JSONResponse({"error": error.sentence(language)}, 422)
        headers = _attached(f"session-{session}-{format}.zip")
        return StreamingResponse(_read_and_close(archive), media_type="application/zip", headers=headers)

    @router.get("/{name}")
    def file(session: int, name: NAMES, request: Request) -> Response:
        language = visitor_of(request).language
        try:
            text, kind = _file(studio, session, name, language)
        except StudioError as error:
            return Response(error.sentence(language), 404, media_type="text/plain")
        return Response(text, media_type=kind, headers=_attached(f"session-{session}-{name}"))

    return router


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}


def _file(studio: Studio, session: int, name: str, language: Language) -> tuple[str, str]:
    if name == "report.json":
        told = report_json(studio.db, session, report_of(studio.db, session, final=True))
        return json.dumps(told, ensure_ascii=False, indent=2), "application/json"
    if name == "report.html":
        return _page(studio, session, language, whole=True), "text/html; charset=utf-8"
    return "\ufeff" + answers_csv(
        votes(studio.db, session), rater_numbers(raters_of(studio.db, session))
    ), "text/csv; charset=utf-8"


def _page(studio: Studio, session_id: int, language: Language, *, whole: bool) -> str:
    """whole: as a file of its own, with its pictures inside."""
    session = get_session(studio.db, session_id)
    found = report_of(studio.db, session_id, final=True)
    pictures = pictures_of(studio, found, "{}")
    for source, sha in pictures.items():
        pictures[source] = _inside(studio, sha) if whole else f"/thumbs/{sha}.webp"
    showing = Showing(language, pictures)
    seats = raters_of(studio.db, session_id)
    return report_page(session, progress(studio.db, session_id), found, showing, seats, whole=whole)


def _inside(studio: Studio, sha: str) -> str:
    try:
        data = thumbnail(studio, sha).read_bytes()
    except StudioError:
        return "data:,"
    return f"data:image/webp;base64,{b64encode(data).decode()}"


def _read_and_close(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while chunk := archive.read(2**18):
            yield chunk
