"""A real server in a home of its own, and a real Chromium to look at it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from t2i_studio.settings import ROOT
from t2i_studio.store.database import Database, open_database
from tests.chromium import find

pytest.importorskip("playwright", reason="pip install -r requirements-dev.txt")
from playwright.sync_api import Browser, Page, expect, sync_playwright

from t2i_studio.store.jobs import get_job
from tests.browser.actions import BAG, PATIENCE, generate

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP, PHONE = (1440, 900), (390, 844)


@dataclass(frozen=True)
class Site:
    """A running studio: its address, and its store for looking behind the pages."""

    url: str
    db: Database


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home, port = tmp_path_factory.mktemp("home"), free_port()
    server = start_server(home, port)
    try:
        db = open_database(home)
        yield Site(f"http://127.0.0.1:{port}", db)
        db.close()
    finally:
        server.terminate()
        server.wait(60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start_server(home: Path, port: int) -> subprocess.Popen:
    """A studio in a process of its own, once its page answers."""
    environment = os.environ | {
        "T2I_HOME": str(home), "T2I_PORT": str(port), "T2I_HOST": "127.0.0.1", "T2I_MODEL": "podium",
    }  # fmt: skip
    with (home / "server.log").open("a") as log:
        server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", server, home / "server.log")
    except BaseException:
        server.kill()
        server.wait(60)
        raise
    return server


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"no page after a minute: {log.read_text()}")


@pytest.fixture(scope="package")  # its event loop must end before other tests start theirs
def browser() -> Iterator[Browser]:
    path = find()
    assert path, "no Chromium: run `python tests/chromium.py`"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """open_page(path, language="zh", size=DESKTOP): a fresh visitor, of `url` if not of the site.

    Any script error fails the test.
    """
    contexts, errors = [], []

    def open_(path: str = "/", language: str = "zh", size: tuple[int, int] = DESKTOP, url: str | None = None) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN" if language == "zh" else "en-US",
            has_touch=size == PHONE,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
        page.goto((url or site.url) + path)
        page.wait_for_selector("#main")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(scope="package")
def made(site: Site, browser: Browser) -> int:
    """A finished batch of two, shared by the tests that need pictures: its first variant."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(site.url)
    job = generate(page, BAG["zh"])
    expect(page.locator("#grid .card.done")).to_have_count(2, timeout=PATIENCE)
    context.close()
    return get_job(site.db, job).variants[0]
