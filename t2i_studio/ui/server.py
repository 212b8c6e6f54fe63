"""The web server: our own routes, the pages around Gradio, and one clear sentence when it cannot start."""

import gc
import ipaddress
import logging
import socket
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from threading import Timer

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from t2i_studio.brief import segment, translation, vocabulary
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.ui import api, create, detail, gallery, learn, learn_process, ranking, session_watch, sessions
from t2i_studio.ui.auth import LogIn
from t2i_studio.ui.document import Document
from t2i_studio.ui.files import picture_routes, static_routes
from t2i_studio.ui.guard import Guard
from t2i_studio.ui.i18n import gradio_words
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.judging.routes import judge_routes
from t2i_studio.ui.learn_files import learn_routes
from t2i_studio.ui.quick_import import import_normally
from t2i_studio.ui.session_preview import preview_routes
from t2i_studio.ui.session_reports import report_routes
from t2i_studio.ui.sheets import sheet_routes
from t2i_studio.ui.studio import Studio
from t2i_studio.ui.theme import studio_theme
from t2i_studio.ui.users import Users

import_normally()
log = logging.getLogger(__name__)
WARM_UP_AFTER = 1.5
"""Seconds after start until the model is loaded, and after the first description field until the dictionaries are:
the page itself comes first.
"""


def create_app(settings: Settings) -> FastAPI:
    """The whole studio as an ASGI app. Raises StudioError when the home cannot be opened."""
    db = open_database(settings.home, settings.database_url)
    studio = Studio(settings, db, Engine(db, settings))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        start = _later(partial(_begin, studio))
        yield
        start.cancel()
        session_watch.stop(studio)
        learn_process.stop(studio)
        ranking.stop(db)
        studio.engine.close()
        db.close()

    app = FastAPI(title="T2I Studio", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Document, db=db, opened=_reader(studio))
    app.add_middleware(CORSMiddleware, allow_origins=[])
    if settings.auth is not None:
        app.add_middleware(LogIn, users=Users(settings.auth))
    app.add_middleware(Guard)
    app.include_router(static_routes())
    app.include_router(picture_routes(studio))
    app.include_router(sheet_routes(studio))
    app.include_router(judge_routes(db))
    app.include_router(preview_routes(studio))
    app.include_router(report_routes(studio))
    app.include_router(learn_routes(studio))
    warnings.filterwarnings("ignore", "SSR mode")  # Gradio says it of any app with several pages, even with it off
    return gr.mount_gradio_app(
        app,
        build_pages(studio),
        path="/",
        theme=studio_theme(),
        i18n=gradio_words(),
        mcp_server=True,
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        show_error=False,
        max_file_size="64mb",
    )


def _reader(studio: Studio) -> Callable[[str], None]:
    """What to do when a page was opened: with the first description field the dictionaries are loaded, which stops
    every other request for a moment; whoever only looks at the gallery is spared that.
    """

    @cache
    def once() -> None:
        _later(partial(load_dictionaries, studio))

    return lambda path: once() if path == "/" else None


def _begin(studio: Studio) -> None:
    studio.engine.start()
    session_watch.wake(studio)  # sessions that waited for their pictures when the studio was stopped
    Copies(studio.db).drop_closed()  # of sessions that were closed without it


def _later(action: Callable[[], None]) -> Timer:
    timer = Timer(WARM_UP_AFTER, action)
    timer.daemon = True
    timer.start()
    return timer


def load_dictionaries(studio: Studio) -> None:
    """So that the first description is read at once."""
    segment.warm()
    translation.dictionary_gloss("词典")
    known = vocabulary.load(Path(find_model(studio.settings, studio.settings.model).source))
    if known is not None:
        known.split("词典")


def build_pages(studio: Studio) -> gr.Blocks:
    """Every page and the API's endpoints, as one Gradio app."""
    tr = gradio_words()
    with gr.Blocks(title="T2I Studio", analytics_enabled=False, delete_cache=(3600, 86400)) as pages:
        create.build(studio, tr, pages)
        api.register(studio)
    with pages.route("Gallery", "/gallery"):
        gallery.build(studio)
    with pages.route("Variant", "/variant"):
        detail.build(studio)
    with pages.route("Sessions", "/sessions"):
        sessions.build_list(studio)
    with pages.route("Session", "/session"):
        sessions.build_live(studio)
    with pages.route("Learn", "/learn"):
        learn.build(studio)
    return pages


def serve(settings: Settings) -> None:
    """Open the studio until interrupted. Raises StudioError server.port_taken, and those of `create_app`."""
    listener = _listen(settings.host, settings.port)
    app = create_app(settings)
    gc.enable()
    address = _address(settings.host, listener.getsockname()[1])
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    print(f"T2I Studio: {address}", flush=True)
    if not _is_loopback(settings.host) and settings.auth is None:
        log.warning(StudioError("server.open", host=settings.host).sentence("en"))
        log.warning(StudioError("server.open", host=settings.host).sentence("zh"))
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)  # a port in use by a listener shows itself here at the latest
    except OSError as error:
        listener.close()
        raise StudioError("server.port_taken", host=host, port=port, reason=error.strerror) from error
    return listener


def _address(host: str, port: int) -> str:
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
