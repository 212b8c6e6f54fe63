"""A finished batch comes best first, says why, and goes back with one press; the gallery knows the order too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from t2i_studio.domain import State
from t2i_studio.engine.weights import weight_hash
from t2i_studio.settings import EMBEDDED_MODEL
from t2i_studio.store import jobs
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.raters import rater_named
from t2i_studio.store.sample import origin, request
from tests.browser.conftest import DESKTOP, PHONE, free_port, start_server
from tests.ui.test_ranking import BATCHES, tinted

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PATIENCE = 90_000


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """A studio whose raters like the reddish picture of each batch, made second: its address, the variants of the last
    batch and its number.
    """
    home: Path = tmp_path_factory.mktemp("rated")
    db = open_database(home)
    made = origin().model_copy(update={"model_hash": weight_hash(EMBEDDED_MODEL, home / "cache" / "weights.json")})
    rater = rater_named(db, "ann")
    for number in range(BATCHES):
        job = jobs.enqueue(db, request(f"a bag {number}", variants=2))
        for variant, red in zip(job.variants, (False, True), strict=True):
            jobs.finish_variant(db, variant, put_image(db, tinted(number, red)), made)
        jobs.finish_job(db, job.id, State.DONE)
        if number < BATCHES - 1:
            compare(db, job.variants, rater, winner=job.variants[1])
    db.close()
    port = free_port()
    server = start_server(home, port)
    try:
        yield f"http://127.0.0.1:{port}", job.variants, job.id
    finally:
        server.terminate()
        server.wait(60)


def order(page: Page) -> list[int]:
    return [int(card.get_attribute("data-id") or 0) for card in page.locator("#grid .card").all()]


@pytest.mark.parametrize(("language", "size"), [("zh", DESKTOP), ("en", PHONE)])
def test_the_best_comes_first_and_one_press_puts_the_made_order_back(
    open_page: OpenPage, rated: tuple[str, tuple[int, ...], int], language: str, size: tuple[int, int]
) -> None:
    url, (first, second), job = rated
    page = open_page(f"/?job={job}", language=language, size=size, url=url)
    expect(page.locator(".best")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(f'.card[data-id="{second}"] .best-badge')).to_be_visible()
    assert order(page) == [second, first]
    expect(page.locator(".best-why")).to_contain_text("偏好" if language == "zh" else "Prefers")
    expect(page.locator(".best-why")).to_contain_text(str(BATCHES - 1))
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    switch = page.locator("#best-first")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert order(page) == [first, second]
    page.reload()
    expect(page.locator(".best")).to_be_visible(timeout=PATIENCE)
    assert order(page) == [first, second]
    switch.click()
    assert order(page) == [second, first]


def test_the_gallery_sorts_by_the_learnt_taste(open_page: OpenPage, rated: tuple[str, tuple[int, ...], int]) -> None:
    url, (_, second), _ = rated
    page = open_page("/gallery", language="en", url=url)
    page.select_option("#filter-sort", "taste")
    expect(page.locator(".taste-note")).to_contain_text("Prefers", timeout=PATIENCE)
    shown = [int(card.get_attribute("data-id") or 0) for card in page.locator(".card").all()]
    assert second % 2 == 0
    assert sum(number % 2 == 0 for number in shown[:20]) >= 18
