"""Raters at their own page: two at once on a phone and at a desk, on a bad line, by keyboard alone, and afterwards."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select, update

from t2i_studio.domain import Answer, FeedbackSession, Purpose, SessionKind, SessionState, Vote
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.entrance import enter, make_link
from t2i_studio.store.models import AssignmentRow
from t2i_studio.store.session_raters import raters_of
from t2i_studio.store.sessions import set_state
from t2i_studio.store.votes import votes
from t2i_studio.ui.judging.copies import Copies
from tests.browser.conftest import PHONE, Site
from tests.ui.judging import session_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
SETTLED = 400
"""Milliseconds after which an item takes an answer: more than static/judge/work.js waits for."""
ANSWERS = re.compile("/answer$")


def link(site: Site, session: FeedbackSession) -> str:
    Copies(site.db).make(session.id)
    return f"/judge/{make_link(site.db, session.id)}"


def agree(page: Page) -> None:
    page.locator(".begin .primary").click()


def item_of(page: Page) -> str:
    """Wait for an item with its pictures; the address of the first of these."""
    page.wait_for_selector(".work:not(.loading):not(.answered):not(.sent)")
    page.wait_for_timeout(SETTLED)
    return page.locator(".pane img").first.get_attribute("src") or ""


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).tap()


def practise(page: Page, answer: Callable[[], object]) -> None:
    """Three items with what most people see after each."""
    for n in range(3):
        item_of(page)
        expect(page.locator(".note")).to_contain_text(f"{n + 1}")
        answer()
        expect(page.locator(".feedback")).to_be_visible()
        page.locator(".feedback .primary").click()


def judged(site: Site, session: FeedbackSession) -> list[Vote]:
    return [vote for vote in votes(site.db, session.id) if vote.purpose is Purpose.JUDGED]


def test_two_raters_judge_one_session_at_the_same_time(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 5)
    address = link(site, session)
    phone, desk = open_page(address, "zh", PHONE), open_page(address, "en")
    expect(phone.locator("h1")).to_have_text("请你来当评委")
    expect(desk.locator("h1")).to_have_text("Your eye is needed")
    agree(phone)
    agree(desk)
    practise(phone, lambda: tap(phone, "上面更好"))
    practise(desk, lambda: desk.keyboard.press("ArrowLeft"))
    seen: list[str] = []
    for n, (words, key) in enumerate(
        zip(
            ("上面更好", "下面更好", "一样好", "都不好", "上面更好"),
            ("ArrowRight", "ArrowDown", "x", "ArrowLeft", "ArrowLeft"),
            strict=True,
        )
    ):
        for page in (phone, desk):
            seen.append(item_of(page))
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        expect(phone.locator(".tools .skip")).to_be_in_viewport()
        tap(phone, words)
        desk.keyboard.press(key)
        if n < 4:
            expect(phone.locator("#progress span")).to_have_text(f"已答 {n + 1} 题")
    for page, thanks in ((phone, "谢谢你"), (desk, "Thank you")):
        expect(page.locator("h1")).to_contain_text(thanks)
        expect(page.locator(".count b")).to_have_text("5")
    assert len(set(seen)) == 10
    given = judged(site, session)
    assert set(Counter(vote.item for vote in given).values()) == {2}
    assert len(given) == 10
    by_rater = Counter((vote.rater, vote.chosen, vote.bad) for vote in given)
    assert sorted(by_rater.values()) == [1, 1, 1, 1, 1, 1, 2, 2]
    assert all(vote.active_ms is not None and vote.active_ms >= 300 for vote in given)


def test_on_a_bad_line_answers_wait_in_the_page_and_arrive_once(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 6, practice=0)
    phone = open_page(link(site, session), "zh", PHONE)
    agree(phone)
    first = item_of(phone)
    phone.route(ANSWERS, lambda route: route.abort())
    tap(phone, "上面更好")
    second = item_of(phone)  # loaded ahead: the page moves on at once
    assert second != first
    expect(phone.locator("#waiting")).to_contain_text("1 题已暂存")
    tap(phone, "上面更好")
    expect(phone.locator("#waiting")).to_contain_text("2 题已暂存")
    assert judged(site, session) == []
    phone.unroute(ANSWERS)
    third = item_of(phone)
    expect(phone.locator("#waiting")).to_be_hidden()
    assert [vote.chosen for vote in judged(site, session)] == [0, 0]

    taken: list[str] = []

    def lose_the_answer(route: Route) -> None:
        taken.append(str(route.request.post_data_json["nonce"]))
        if len(taken) > 2:
            return route.continue_()
        route.fetch()  # the studio takes it, but the page never hears of it
        route.abort()

    phone.route(ANSWERS, lose_the_answer)
    tap(phone, "下面更好")
    assert item_of(phone) != third
    expect(phone.locator("#waiting")).to_be_visible()
    expect(phone.locator("#waiting")).to_be_hidden(timeout=30_000)
    assert (len(taken), len(set(taken))) == (3, 1)
    assert len(judged(site, session)) == 3


def test_a_double_tap_is_one_answer_and_the_last_one_can_be_taken_back(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 4, practice=0)
    desk = open_page(link(site, session), "en")
    agree(desk)
    first = item_of(desk)
    desk.get_by_role("button", name="Left is better").dblclick()
    second = item_of(desk)
    desk.keyboard.press("z")
    assert item_of(desk) == first
    expect(desk.locator(".choice[aria-current]")).to_contain_text("Left is better")
    desk.keyboard.press("ArrowRight")
    assert item_of(desk) == second
    desk.wait_for_timeout(300)
    assert [vote.chosen for vote in judged(site, session)] == [1]
    expect(desk.locator("#progress span")).to_have_text("1 answered")


def test_who_closes_the_tab_comes_back_to_the_same_place(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 4, practice=0)
    address = link(site, session)
    desk = open_page(address, "en")
    agree(desk)
    item_of(desk)
    desk.route(ANSWERS, lambda route: route.abort())
    desk.keyboard.press("ArrowLeft")  # this answer is still in the browser when the tab is closed
    second = item_of(desk)
    desk.close()
    again = desk.context.new_page()
    again.goto(site.url + address)
    assert item_of(again) == second
    assert len(judged(site, session)) == 1
    assert "key" not in again.url
    again.keyboard.press("z")
    assert item_of(again) != second


def test_looking_closely_moves_both_pictures_together(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 2, practice=0)
    phone = open_page(link(site, session), "zh", PHONE)
    agree(phone)
    item_of(phone)
    phone.locator(".pane").first.tap(position={"x": 40, "y": 40})
    styles = phone.locator(".pane img").evaluate_all("(all) => all.map((image) => image.style.transform)")
    assert styles[0] == styles[1] != ""
    phone.locator(".pane").last.tap(position={"x": 40, "y": 40})
    assert phone.locator(".pane img").first.get_attribute("style") in ("", None)
    tap(phone, "都不好")
    item_of(phone)
    assert [vote.bad for vote in judged(site, session)] == [True]


def test_stars_and_faults_and_a_skip_by_keyboard_alone(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 2, SessionKind.STARS, practice=0)
    desk = open_page(link(site, session), "en")
    desk.keyboard.press("Tab")
    while not desk.evaluate("document.activeElement.closest('.begin')"):
        desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    item_of(desk)
    desk.keyboard.press("4")
    desk.get_by_role("button", name="floating").focus()
    desk.keyboard.press("Space")
    desk.locator("#comment").focus()
    desk.keyboard.type("shadow <3 missing 123")
    desk.get_by_role("button", name="Next").focus()
    desk.keyboard.press("Enter")
    item_of(desk)
    desk.keyboard.press("s")
    desk.keyboard.press("Tab")
    desk.get_by_role("button", name="I cannot judge this").press("Enter")
    expect(desk.locator("h1")).to_have_text("Thank you!")
    (vote,) = judged(site, session)
    assert (vote.stars, vote.faults, vote.comment) == (4, ("floating",), "shadow <3 missing 123")


def test_html_in_a_description_stays_text_and_a_comment_with_html_is_refused(open_page: OpenPage, site: Site) -> None:
    text = "<img src=x onerror=alert(1)>杯子"
    session = session_of(site.db, 2, SessionKind.STARS, text=text, practice=0)
    desk = open_page(link(site, session), "en")
    agree(desk)
    first = item_of(desk)
    expect(desk.locator(".wish q")).to_have_text(text)
    desk.keyboard.press("3")
    desk.locator("#comment").fill("<b>bold</b>")
    desk.get_by_role("button", name="Next").click()
    expect(desk.locator(".toast")).to_contain_text("HTML")
    assert item_of(desk) != first
    desk.keyboard.press("5")
    desk.keyboard.press("Enter")
    assert item_of(desk) == first  # it is still to be judged
    assert [vote.comment for vote in judged(site, session)] == [""]


def test_a_pause_the_end_and_a_wrong_link_are_told_in_a_sentence(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 3, practice=0)
    address = link(site, session)
    phone = open_page(address, "zh", PHONE)
    agree(phone)
    first = item_of(phone)
    set_state(site.db, session.id, SessionState.PAUSED)
    tap(phone, "上面更好")
    expect(phone.locator("h1")).to_have_text("暂停中")
    set_state(site.db, session.id, SessionState.OPEN)
    tap(phone, "再看看")
    assert item_of(phone) != first
    assert len(judged(site, session)) == 1  # given while it was paused, kept in the page
    set_state(site.db, session.id, SessionState.CLOSED)
    tap(phone, "上面更好")
    expect(phone.locator("h1")).to_have_text("本场次已结束")
    expect(phone.locator(".count")).to_have_text("1 题由你完成")  # not 2: the last one came too late
    phone.reload()
    expect(phone.locator("h1")).to_have_text("本场次已结束")
    expect(phone.locator(".count")).to_have_text("1 题由你完成")
    late = open_page(address, "en")
    expect(late.locator("h1")).to_have_text("This session is over")
    lost = open_page(address[:-3] + "xyz", "en")
    expect(lost.locator(".lead")).to_contain_text("leads to no session")
    lost.get_by_role("button", name="中文").click()
    expect(lost.locator("h1")).to_have_text("链接无效")


def test_a_lost_reply_to_the_consent_makes_no_second_rater(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 3, practice=0)
    page = open_page(link(site, session), "en")
    lost = []

    def lose(route: Route) -> None:
        """The studio does what it is asked, and the page does not hear of it."""
        route.fetch()
        lost.append(route)
        route.abort()

    page.route(re.compile("/consent$"), lose, times=1)
    agree(page)
    item_of(page)
    assert len(lost) == len(raters_of(site.db, session.id)) == 1


SLEEP = """(hidden) => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    const real = performance.now.bind(performance);
    if (!hidden) performance.now = () => real() + 3_600_000;
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_what_was_lost_in_sleep_is_not_judged_and_what_is_left_comes_instead(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 3, overlap=1, practice=0)
    desk = open_page(link(site, session), "en")
    agree(desk)
    first = item_of(desk)
    desk.evaluate(SLEEP, True)
    with site.db.write() as rows:
        in_hand = set(rows.scalars(select(AssignmentRow.item_id).where(AssignmentRow.session_id == session.id)))
        rows.execute(update(AssignmentRow).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
    other = enter(site.db, make_link(site.db, session.id)).rater
    for n in range(3):
        taken = next_assignment(site.db, session.id, other).assignment
        assert taken is not None
        said: Any = {"verdict": "tie"} if taken.item in in_hand else {"verdict": "skip", "skip_reason": "unsure"}
        answer(site.db, other, Answer(assignment=taken.id, nonce=f"sleep {session.id} {n}", **said))
    desk.evaluate(SLEEP, False)
    expect(desk.locator(".toast")).to_contain_text("away for a while")
    assert item_of(desk) != first
    desk.keyboard.press("ArrowLeft")
    expect(desk.locator("h1")).to_have_text("Thank you!")
    assert Counter(vote.item for vote in judged(site, session)).most_common(1)[0][1] == 1
    assert len(judged(site, session)) == 3


def test_an_answer_kept_longer_than_its_lease_counts_while_the_place_is_free(open_page: OpenPage, site: Site) -> None:
    session = session_of(site.db, 3, overlap=1, practice=0)
    phone = open_page(link(site, session), "zh", PHONE)
    agree(phone)
    item_of(phone)
    phone.route(ANSWERS, lambda route: route.abort())
    tap(phone, "上面更好")
    with site.db.write() as rows:
        rows.execute(update(AssignmentRow).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
    phone.unroute(ANSWERS)
    for _ in range(40):
        if judged(site, session):
            break
        phone.wait_for_timeout(500)
    assert len(judged(site, session)) == 1
    expect(phone.locator(".toast")).to_have_count(0)  # nothing was given to somebody else
