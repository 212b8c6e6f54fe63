"""A grid from the form to the stage and away as one picture; a surprise."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from t2i_studio.store.grids import get_grid
from tests.browser.actions import BAG, PATIENCE
from tests.browser.conftest import PHONE, Site

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def fill_axis(page: Page, row: int, name: str, values: str) -> None:
    page.locator("#axes select").nth(row).select_option(name)
    page.locator("#axes input").nth(row).fill(values)


def test_a_grid_is_asked_for_watched_and_taken_away(open_page: Open, site: Site) -> None:
    page = open_page(language="en")
    page.wait_for_selector("#grid .card, #grid .welcome")
    page.fill("#description textarea", BAG["en"])
    page.locator("#grid-section > button").click()
    fill_axis(page, 0, "warmth", "1,5")
    fill_axis(page, 1, "steps", "2,3")
    page.click("#go")
    page.wait_for_url(lambda url: "?grid=" in url)
    expect(page.locator(".sheet th[scope=col]")).to_have_text(["1 very cool tones", "5 very warm tones"])
    expect(page.locator(".sheet th[scope=row]")).to_have_text(["2", "3"])
    expect(page.locator(".sheet .card.done")).to_have_count(4, timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("link", name="As one picture").click()
    with Image.open(io.BytesIO(download.value.path().read_bytes())) as picture:
        assert picture.width > 2 * 256
    stored = get_grid(site.db, int(page.url.split("grid=")[1]))
    assert [(job.request.style.warmth, job.request.steps) for job in stored.jobs] == [(1, 2), (5, 2), (1, 3), (5, 3)]
    page.reload()
    expect(page.locator(".sheet .card.done")).to_have_count(4)
    expect(page.locator("#axes input").first).to_have_value("1, 5")


def test_what_is_no_grid_is_said_and_nothing_begins(open_page: Open) -> None:
    page = open_page(language="zh")
    page.wait_for_selector("#grid .card, #grid .welcome")
    page.fill("#description textarea", "{红色|蓝色手提包")
    page.click("#go")
    expect(page.locator(".toast.bad")).to_contain_text("花括号")
    assert "?grid=" not in page.url


def test_a_surprise_fits_on_a_phone(open_page: Open) -> None:
    page = open_page(language="zh", size=PHONE)
    page.wait_for_selector("#grid .card, #grid .welcome")
    page.fill("#description textarea", BAG["zh"])
    page.locator("#count label", has_text="2").first.click()
    page.click("#surprise")
    page.wait_for_url(lambda url: "?grid=" in url)
    expect(page.locator(".sheet figcaption")).to_have_count(2)
    expect(page.locator(".sheet .card.done")).to_have_count(2, timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
