"""An organiser: from pictures to a link in three clicks, a preview, a live page, a report; also on a phone."""

import json
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from t2i_studio.domain import SessionKind
from t2i_studio.store.session_drafts import waiting_drafts
from t2i_studio.store.sessions import get_session, list_sessions
from tests.browser.actions import PATIENCE
from tests.browser.conftest import PHONE, Site
from tests.ui.judging import session_of, variants

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
LINK_WITHIN = 20_000
"""Milliseconds from the selection to a link."""


def choose(page: Page, site: Site, text: str, count: int = 4) -> None:
    """Select pictures of a description in the gallery."""
    variants(site.db, "planted-plain", count, text)
    page.goto(f"{site.url}/gallery?words={text}")
    expect(page.locator(".card.done")).to_have_count(count)
    for number in range(count):
        page.locator(".card.done").nth(number).hover()
        page.locator(".card.done .pick").nth(number).click()


def rate(page: Page, times: int) -> None:
    """Agree, practise, and choose the first picture again and again."""
    page.locator(".begin .primary").click()
    for _ in range(times):
        page.wait_for_selector(".work:not(.loading):not(.answered):not(.sent)", timeout=PATIENCE)
        page.wait_for_timeout(400)
        page.locator(".choice.best").first.click()
        if page.locator(".note").count():
            page.locator(".feedback .primary").click()


def test_from_a_selection_to_a_link_that_works_in_three_clicks(open_page: OpenPage, site: Site) -> None:
    page = open_page("/gallery")
    choose(page, site, "青色茶壶")
    clicks = [page.locator(".ask-raters"), page.locator("#make-session")]
    for button in clicks:
        button.click(timeout=LINK_WITHIN)
    link = page.locator(".shown-link input").input_value(timeout=LINK_WITHIN)
    assert len(clicks) <= 3
    rater = open_page(link.removeprefix(site.url), "en", PHONE)
    expect(rater.locator("h1")).to_have_text("Your eye is needed")
    session = list_sessions(site.db)[0]
    assert (session.plan.kind, session.plan.overlap) == (SessionKind.PAIRS, 3)
    assert session.plan.name.startswith("青色茶壶 · ")
    assert "青色茶壶" not in rater.url


def test_the_preview_is_the_raters_page_with_the_text_just_typed(open_page: OpenPage, site: Site) -> None:
    page = open_page("/gallery", "en")
    choose(page, site, "white mug")
    page.locator(".ask-raters").click()
    page.get_by_text("Guideline", exact=False).first.click()
    page.locator("#guideline-en").fill("Look at the handle only.")
    preview = page.frame_locator(".preview-frame")
    expect(preview.locator(".guideline")).to_have_text("Look at the handle only.")
    page.locator(".form-more .example-pick").first.click()
    expect(preview.locator(".examples img")).to_have_count(1)
    preview.locator(".begin .primary").click()
    expect(preview.locator(".pane img")).to_have_count(2)
    page.locator("input[name=kind][value=stars]").check(force=True)
    expect(preview.locator("h1")).to_have_text("Your eye is needed")
    assert not [one for one in list_sessions(site.db) if one.plan.name.startswith("white mug")]


def test_a_session_is_watched_steered_reported_and_exported(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 3, text="organised bag", known_share=0, repeat_share=0, overlap=1)
    page = open_page(f"/session?id={session.id}", "en")
    page.locator("#link-label").fill("the shop")
    page.get_by_role("button", name="Make and copy").click()
    link = page.locator(".shown-link input").input_value()
    rate(open_page(link.removeprefix(site.url), "zh", PHONE), 3 + 3)
    expect(page.locator(".session-progress")).to_contain_text("3 / 3")  # by itself
    expect(page.locator(".chart .line[role=listitem]").first).to_be_visible()
    page.locator(".rater-table .exclude").click()
    page.get_by_label("Reason").fill("a test of ours")
    page.locator("dialog[open] button[type=submit]").click()
    expect(page.locator(".rater-table tr.excluded")).to_contain_text("a test of ours")
    expect(page.locator(".record-list li").first).to_contain_text("a test of ours")
    expect(page.locator(".session-progress .notice")).to_contain_text("in their place")
    page.get_by_role("button", name="Take in again").click()
    expect(page.locator(".session-progress .notice")).not_to_contain_text("in their place")
    expect(page.locator(".record-list li").first).to_contain_text("again")
    with page.context.expect_page() as opened:
        page.locator(".session-actions .report").click()
    expect(opened.value.locator("h1")).to_have_text(session.plan.name)
    expect(opened.value.locator(".chart svg circle").first).to_be_visible()
    page.locator(".session-actions").get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert json.loads(archive.read("export.json"))["answers"] == 6
    page.locator(".session-actions .end").click()
    assert get_session(site.db, session.id).state == "open"  # it asks once
    page.locator("dialog[open] button[type=submit]").click()
    expect(page.locator(".pill.closed")).to_be_visible()
    assert get_session(site.db, session.id).state == "closed"


def test_descriptions_become_a_session_with_every_tab_closed(open_page: OpenPage, site: Site) -> None:
    page = open_page("/sessions")
    page.locator("#new-session").click()
    page.locator("#prompts").fill("黄色茶壶，白色圆形展台")
    expect(page.locator(".estimate")).to_contain_text("将先生成 2 张图片")
    page.locator("#make-session").click()
    being_made, made_already = page.locator(".draft"), page.locator(".session-table")
    expect(being_made.or_(made_already).filter(has_text="黄色茶壶").first).to_be_visible()
    page.context.close()
    patient = open_page("/gallery")
    for _ in range(PATIENCE // 500):
        if not waiting_drafts(site.db):
            break
        patient.wait_for_timeout(500)
    (made,) = (one.id for one in list_sessions(site.db) if one.plan.name.startswith("黄色茶壶"))
    patient.goto(f"{site.url}/session?id={made}")
    expect(patient.locator(".session-links")).to_contain_text("还没有链接")


def test_what_is_missing_is_said_before_anything_is_made(open_page: OpenPage, site: Site) -> None:
    page = open_page("/sessions?new=1", "en")
    expect(page.locator(".not-yet")).to_contain_text("at least one description")
    expect(page.locator("#make-session")).to_be_disabled()
    page.goto(f"{site.url}/session?id=99999")
    expect(page.locator(".toast.bad")).to_contain_text("no session 99999")
    page.goto(f"{site.url}/sessions?ids=99999")
    expect(page.locator(".toast.bad")).to_contain_text("99999")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_organisers_pages_fit_a_phone_and_a_keyboard(open_page: OpenPage, site: Site, language: str) -> None:
    session = session_of(site.db, 3, text="phone bag")
    ids = ",".join(map(str, variants(site.db, "planted-plain", 4, "phone mug")))
    page = open_page("/sessions", language, PHONE)
    for path, ready in (
        ("/sessions", ".session-table"),
        (f"/sessions?ids={ids}", ".big-figures"),
        ("/sessions?new=1", ".not-yet"),
        (f"/session?id={session.id}", ".record-list li"),
        (f"/sessions/{session.id}/report", ".facts-grid"),
    ):
        page.goto(site.url + path)
        expect(page.locator(ready).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
    page.goto(f"{site.url}/sessions?ids={ids}")
    expect(page.locator("#make-session")).to_be_enabled()
    page.locator("input[name=kind]:checked").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=kind][value=stars]")).to_be_checked()
    page.locator("#make-session").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".shown-link input")).to_be_visible()
    assert list_sessions(site.db)[0].plan.kind is SessionKind.STARS
    for button in page.locator("#main button").all():
        assert (button.get_attribute("aria-label") or button.inner_text()).strip()
