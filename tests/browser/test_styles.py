"""The style sliders tell calmly how well they work."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import PATIENCE
from tests.browser.conftest import DESKTOP, PHONE

Open = Callable[..., Page]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_slider_that_works_has_a_tick_and_its_figure_is_told_on_asking(
    open_page: Open, size: tuple[int, int]
) -> None:
    page = open_page(language="en", size=size)
    ticks = page.locator("#styles .effect.works")
    expect(ticks.first).to_be_visible(timeout=PATIENCE)
    for tick in ticks.all():
        expect(tick).to_have_text("")
        assert "rank correlation" in (tick.get_attribute("aria-label") or "")
        assert tick.get_attribute("title") == tick.get_attribute("aria-label")
    for weak in page.locator("#styles .effect.weak").all():
        expect(weak).to_have_text("little effect")
    expect(page.locator("#styles .effects-note")).to_be_hidden()
    page.locator("#style-richness").fill("5")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sliders = [slider.bounding_box() or {} for slider in page.locator("#styles .slider input").all()]
    assert max(box["width"] for box in sliders) - min(box["width"] for box in sliders) < 2


def test_a_model_that_was_not_measured_says_so_once(open_page: Open) -> None:
    page = open_page(language="en")
    expect(page.locator("#styles .effect.works").first).to_be_visible(timeout=PATIENCE)
    page.locator("#advanced > button").click()
    page.fill("#model input", "sdxl")
    page.keyboard.press("Enter")
    expect(page.locator("#styles .effects-note")).to_contain_text("style-check", timeout=PATIENCE)
    expect(page.locator("#styles .effect:visible")).to_have_count(0)
