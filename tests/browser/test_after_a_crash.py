"""The studio dies in the middle of a batch: nothing that was made is lost, and one click makes the rest."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from t2i_studio.domain import State
from t2i_studio.store.database import open_database
from t2i_studio.store.jobs import get_job
from t2i_studio.store.variants import get_variants
from tests.browser.actions import BAG, PATIENCE, generate
from tests.browser.conftest import free_port, start_server

pytestmark = pytest.mark.browser


def test_a_killed_batch_is_shown_as_interrupted_and_one_click_finishes_it(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    port = free_port()
    server = start_server(tmp_path, port)
    try:
        waiting = open_page(url=f"http://127.0.0.1:{port}")
        job = generate(waiting, BAG["zh"], count=6)
        server.kill()
        server.wait(60)
        server = start_server(tmp_path, port)
        # The page that stayed open comes to it by itself; a new visitor is told, whatever else they came for.
        expect(waiting.locator(".resume")).to_be_visible(timeout=PATIENCE)
        expect(waiting.locator("#status")).to_contain_text("工作室曾停止")
        fresh = open_page(url=f"http://127.0.0.1:{port}")
        expect(fresh.locator(".notice")).to_contain_text(re.compile("被中断：已完成 [1-5] / 6"))
        fresh.locator(".notice").get_by_label("继续", exact=True).click()
        expect(fresh.locator("#grid .card.done")).to_have_count(6, timeout=PATIENCE)
        db = open_database(tmp_path)
        assert get_job(db, job).state is State.DONE
        assert all(variant.image for variant in get_variants(db, get_job(db, job).variants))
        db.close()
    finally:
        server.terminate()
        server.wait(60)
