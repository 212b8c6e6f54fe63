"""The page shows how a description was read; a correction changes the prompt and leaves the text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from t2i_studio.domain import Mark
from t2i_studio.store.jobs import get_job
from tests.browser.actions import PATIENCE, generate
from tests.browser.conftest import DESKTOP, PHONE, Site

Open = Callable[..., Page]
TEXT = "红色手提包，白色圆形展台，粉色背景"


@pytest.fixture
def page(open_page: Open) -> Page:
    opened = open_page()
    write(opened, TEXT)
    return opened


def write(page: Page, text: str) -> None:
    """Type a description, and wait until it has been read."""
    page.wait_for_selector("#grid .card, #grid .welcome")
    page.fill("#description textarea", text)
    expect(page.locator(".strip")).to_have_text(text, timeout=PATIENCE)  # the dictionaries may still be loading


def piece(page: Page, text: str) -> Locator:
    return page.locator(".strip .piece", has_text=text).first


def correct(page: Page, text: str, field: str) -> None:
    piece(page, text).click()
    page.locator(f".mark-menu .chip.{field}").click()
    expect(piece(page, text)).to_have_attribute("data-field", field)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_correction_changes_the_prompt_and_not_the_text(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(size=size)
    write(page, TEXT)
    expect(piece(page, "手提包")).to_have_attribute("data-field", "product")
    expect(page.locator(".prompt-text")).to_contain_text("粉色背景")
    correct(page, "红色", "backdrop")
    expect(page.locator(".prompt-text")).to_contain_text("红色背景")
    expect(page.locator("#description textarea")).to_have_value(TEXT)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Control+z")
    expect(page.locator(".prompt-text")).to_contain_text("粉色背景")
    expect(piece(page, "红色")).to_have_attribute("data-field", "colors")


def test_a_correction_stays_on_its_word_and_goes_with_it(page: Page) -> None:
    correct(page, "红色", "backdrop")
    write(page, f"新款{TEXT}")
    expect(piece(page, "红色")).to_have_attribute("data-field", "backdrop")
    write(page, TEXT.removeprefix("红色"))
    expect(page.locator(".strip .marked")).to_have_count(0)


def test_the_keyboard_alone_can_correct(page: Page) -> None:
    piece(page, "红色").focus()
    page.keyboard.press("ArrowRight")
    expect(piece(page, "手提包")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".mark-menu .chip.colors")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".mark-menu")).to_be_hidden()
    expect(piece(page, "红色")).to_be_focused()


def test_selected_text_can_be_said_to_be_something(page: Page) -> None:
    page.evaluate(
        """() => {
            const pieces = [...document.querySelectorAll(".strip *")];
            const [first, last] = ["白色", "圆形展台"].map((text) => pieces.find((node) => node.textContent === text));
            getSelection().setBaseAndExtent(first.firstChild, 0, last.firstChild, 2);
        }"""
    )
    expect(page.locator(".mark-menu p")).to_contain_text("「白色圆形」")
    page.locator(".mark-menu .chip.pattern").click()
    expect(piece(page, "白色圆形")).to_have_attribute("data-field", "pattern")


def test_a_correction_comes_back_with_its_batch(page: Page, site: Site) -> None:
    correct(page, "红色", "backdrop")
    page.get_by_role("radio", name="影棚白").click()
    job = generate(page, None, count=1)
    assert get_job(site.db, job).request.marks == (Mark(field="backdrop", start=0, end=2),)
    page.reload()
    expect(piece(page, "红色")).to_have_attribute("data-field", "backdrop")
    expect(page.locator(".prompt-text")).to_contain_text("红色背景")
    page.goto(f"{site.url}/variant?id={get_job(site.db, job).variants[0]}")
    facts = page.locator(".facts").first
    expect(facts).to_contain_text("「红色」：背景色")
    expect(facts).to_contain_text("影棚白")


def test_what_was_typed_before_the_scripts_came_is_read(open_page: Open) -> None:
    page = open_page("/gallery")
    held: list[Route] = []
    page.route("**/marks.js", lambda route: held.append(route))
    page.goto(page.url.replace("/gallery", "/"))
    page.fill("#description textarea", TEXT)
    page.wait_for_timeout(500)
    assert held
    assert not page.locator(".strip").count()
    held[0].continue_()
    expect(page.locator(".strip")).to_have_text(TEXT, timeout=PATIENCE)


def test_an_edited_prompt_is_what_the_model_gets_until_it_is_taken_back(page: Page, site: Site) -> None:
    composed = page.locator(".prompt-text").inner_text()
    page.get_by_role("button", name="修改提示词").click()
    page.locator("#prompt textarea").fill("白色茶壶")
    page.locator("#prompt textarea").blur()
    expect(page.locator(".prompt-text")).to_have_text("白色茶壶")
    expect(page.locator("#prompt .tag")).to_be_visible()
    job = generate(page, None, count=1)
    assert get_job(site.db, job).request.prompt.text == "白色茶壶"
    page.get_by_role("button", name="恢复自动生成的提示词").click()
    expect(page.locator(".prompt-text")).to_have_text(composed)


def test_another_product_is_a_click_away_and_so_is_the_old_one(open_page: Open) -> None:
    page = open_page(language="en")
    write(page, "🎒 a drone on a white podium")
    page.locator(".choices .chip", has_text="camera").click()
    expect(page.locator("#description textarea")).to_have_value("🎒 a camera on a white podium")
    expect(page.locator(".prompt-text")).to_contain_text("camera")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#description textarea")).to_have_value("🎒 a drone on a white podium")


def test_scenes_can_be_made_one_by_one(open_page: Open) -> None:
    page = open_page(language="en")
    page.wait_for_selector("#grid .card, #grid .welcome")
    page.fill("#description textarea", "Scene 1: a red handbag.\nScene 2: a blue backpack.")
    page.locator(".scenes label", has_text="One batch per scene").click()
    expect(page.locator(".prompt-text")).to_have_count(2)
    page.locator("#count label", has_text="1").first.click()
    page.click("#go")
    expect(page.locator(".sheet .card.done")).to_have_count(2, timeout=PATIENCE)
