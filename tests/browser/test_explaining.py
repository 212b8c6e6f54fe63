"""The detail page tells which word acted where, on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import PATIENCE
from tests.browser.conftest import DESKTOP, PHONE


@pytest.mark.browser
def test_an_explanation_can_be_given_up(open_page, made):
    page = open_page(f"/variant?id={made + 1}", language="en")
    page.get_by_role("button", name="Explain the picture").click()
    page.locator(".explain-wait").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Explain the picture")).to_be_visible()
    expect(page.locator(".explain-wait")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "zh"), (PHONE, "en")])
def test_a_word_lights_up_where_it_acted(open_page, made, size, language):
    page = open_page(f"/variant?id={made}", language=language, size=size)
    words = page.locator(".explain-word")
    expect(words.first.or_(page.locator("#explain .act"))).to_be_visible()
    if not words.count():
        page.click("#explain .act")
    expect(words.first).to_be_visible(timeout=PATIENCE)
    heat = page.locator(".explain-picture .heat" if size == PHONE else ".frame .heat")
    expect(heat).to_be_hidden()
    bag = words.filter(has_text="手提包")
    bag.focus()
    page.keyboard.press("Enter")
    expect(bag).to_have_attribute("aria-pressed", "true")
    expect(heat).to_be_visible()
    expect(page.locator(".explain-line")).to_contain_text(re.compile("手提包.*%"))
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.keyboard.press("Enter")
    expect(heat).to_be_hidden()
