"""From ratings to a model in use: the Learn page as a user meets it, in both languages, also on a phone."""

import random
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import open_database
from t2i_studio.store.raters import forget_rater, rater_named
from tests.browser.conftest import PHONE, Site, free_port, start_server
from tests.ui.learning import BAD, compared_pairs, decided

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
LONG = 240_000
"""Milliseconds that a process which trains may take to be at work on a busy machine."""


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A studio of its own: with ratings, a good run and a bad one."""
    home: Path = tmp_path_factory.mktemp("home")
    db = open_database(home)
    judgements = compared_pairs(db, 52)
    decided(db, judgements=judgements)
    decided(db, BAD, judgements)
    port = free_port()
    server = start_server(home, port)
    try:
        yield Site(f"http://127.0.0.1:{port}", db)
    finally:
        end(server)
        db.close()


def end(server: subprocess.Popen) -> None:
    server.terminate()
    server.wait(60)


def test_a_fresh_studio_says_what_to_do_first(open_page: OpenPage, tmp_path: Path) -> None:
    port = free_port()
    server = start_server(tmp_path, port)
    try:
        page = open_page("/learn", "zh", url=f"http://127.0.0.1:{port}")
        expect(page.locator(".welcome h2")).to_have_text("还没有可学习的评分", timeout=LONG)
        assert page.locator(".welcome-ways a").evaluate_all("all => all.map((one) => one.getAttribute('href'))") == [
            "/",
            "/sessions?new=1",
        ]
    finally:
        end(server)


def test_one_button_begins_a_run_that_outlives_its_tab(open_page: OpenPage, learning: Site) -> None:
    page = open_page("/learn", "en", url=learning.url)
    page.get_by_text("Quick").click()
    expect(page.locator(".learn-summary")).to_contain_text("104", timeout=LONG)
    expect(page.locator(".learn-facts")).to_contain_text("2, none of them careless")
    expect(page.locator(".learn-prefers").last).to_contain_text("right in 100 % of held-out pairs", timeout=LONG)
    expect(page.locator("#learn-go")).to_have_text("Learn")
    page.locator("#learn-go").click()
    page.wait_for_url(re.compile(r"run=\d+"))
    id = int(page.url.split("run=")[1])
    expect(page.locator(".learn-stages .now")).to_contain_text("Look at the ratings")
    page.context.close()
    again = open_page("/learn", "en", url=learning.url)
    expect(again.locator("#learn-why")).to_contain_text(f"run {id} is at work", timeout=LONG)
    expect(again.locator("#learn-go")).to_be_disabled()
    again.locator(".learn-working a").click()
    expect(again.locator(".learn-stages .now")).to_contain_text("Train", timeout=LONG)
    again.locator(".cancel").click()
    expect(again.locator(".learn-status .pill")).to_have_text("cancelled", timeout=LONG)
    again.locator(".resume").click()
    expect(again.locator(".cancel")).to_be_visible(timeout=LONG)
    again.locator(".cancel").click()
    expect(again.locator(".learn-status .pill")).to_have_text("cancelled", timeout=LONG)
    assert learning_runs.get_run(learning.db, id).stage == "cancelled"


def test_where_no_taste_can_be_told_the_page_says_so_and_lets_people_learn_anyway(
    open_page: OpenPage, tmp_path: Path
) -> None:
    db = open_database(tmp_path)
    coin = random.Random(3)
    compared_pairs(db, 60, raters=1, preferred=lambda number: coin.randrange(2))
    compared_pairs(db, 60, raters=1, preferred=lambda number: coin.randrange(2))
    port = free_port()
    server = start_server(tmp_path, port)
    try:
        page = open_page("/learn", "en", url=f"http://127.0.0.1:{port}")
        expect(page.locator(".learn-no-taste")).to_contain_text("no taste can be told yet", timeout=LONG)
        expect(page.locator("#learn-go")).to_have_text("Learn anyway")
        page.locator("#learn-go").click()
        page.wait_for_url(re.compile(r"run=\d+"))
        expect(page.locator(".learn-stages .now")).to_contain_text("Train", timeout=LONG)
        assert learning_runs.list_runs(db)[0].anyway
        page.locator(".cancel").click()
        expect(page.locator(".learn-status .pill")).to_have_text("cancelled", timeout=LONG)
    finally:
        end(server)
        db.close()


def test_what_passed_is_put_in_use_and_taken_out_again(open_page: OpenPage, learning: Site) -> None:
    page = open_page("/learn?run=1", "en", url=learning.url)
    expect(page.locator(".learn-verdict .verdict")).to_have_text(
        "The new model is preferred in 78 % of comparisons (70–85 %), judged by people in 144 comparisons; "
        "adherence to the description −0.4 points; variety +1.0 points."
    )
    expect(page.locator(".run-pictures figure img")).to_have_count(6)
    page.locator(".use").click()
    expect(page.locator(".roll-back")).to_be_visible()
    create = open_page("/", "en", url=learning.url)
    expect(create.locator(".learnt-row")).to_contain_text("Learnt taste, version 1", timeout=LONG)
    create.locator("#learnt-on").uncheck()
    create.reload()
    expect(create.locator(".learnt-row")).to_be_visible(timeout=LONG)
    expect(create.locator("#learnt-on")).not_to_be_checked()
    page.locator(".roll-back").click()
    expect(page.locator(".toast").last).to_contain_text("made by the model as it is")
    expect(page.locator(".use")).to_be_enabled()  # the page has caught up: the button below is no leftover
    page.locator(".toast").last.get_by_role("button", name="Undo").click()
    expect(page.locator(".roll-back")).to_be_visible()
    assert learnt_adapters.adopted_adapter(learning.db, "podium") is not None
    page.locator(".roll-back").click()
    expect(page.locator(".use")).to_be_enabled()
    points = page.locator(".learn-curve .each").get_attribute("points")
    page.reload()
    expect(page.locator(".learn-curve .each")).to_have_attribute("points", points or "")


def test_what_did_not_pass_says_why_and_can_be_discarded(open_page: OpenPage, learning: Site) -> None:
    page = open_page("/learn?run=2", "zh", url=learning.url)
    expect(page.locator(".learn-verdict")).to_contain_text("请用盲评场次来决定")
    expect(page.locator(".use")).to_be_disabled()
    expect(page.locator(".obstacle")).to_contain_text("没有通过")
    page.locator(".discard").click()
    expect(page.locator(".take-back")).to_be_visible()
    page.locator(".take-back").click()
    expect(page.locator(".use")).to_be_disabled()


def test_bad_input_is_a_sentence_and_loses_nothing(open_page: OpenPage, learning: Site) -> None:
    page = open_page("/learn", "en", url=learning.url)
    page.get_by_text("Long", exact=True).click()
    page.get_by_text("For whom").click()
    page.locator("#learn-team").fill("x" * 200)
    page.locator("#learn-team").evaluate("(box) => { box.removeAttribute('maxlength'); box.value = 'x'.repeat(201); }")
    page.locator("#learn-team").dispatch_event("change")
    expect(page.locator("#learn-go")).to_be_enabled(timeout=LONG)
    page.locator("#learn-go").click()
    expect(page.locator(".toast.bad")).to_contain_text("team length")
    expect(page.locator("input[value=long]")).to_be_checked()
    assert page.locator("#learn-team").input_value() == "x" * 201
    page.goto(f"{learning.url}/learn?run=999")
    expect(page.locator(".welcome h2")).to_contain_text("no such learning run")


def test_withdrawn_ratings_are_marked_and_learnt_again_without(open_page: OpenPage, learning: Site) -> None:
    forget_rater(learning.db, rater_named(learning.db, "person 1"))
    page = open_page("/learn?run=1", "en", url=learning.url)
    expect(page.locator(".run-status .notice")).to_contain_text("have withdrawn their ratings since")
    expect(page.locator(".use")).to_be_disabled()
    page.locator(".run-status .again").click()
    page.wait_for_url(lambda url: url != f"{learning.url}/learn?run=1", timeout=LONG)
    expect(page.locator(".cancel")).to_be_visible(timeout=LONG)
    page.locator(".cancel").click()
    expect(page.locator(".resume")).to_be_visible(timeout=LONG)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_fits_a_phone(open_page: OpenPage, learning: Site, language: str) -> None:
    page = open_page("/learn", language, PHONE, url=learning.url)
    for path, ready in (("/learn", ".learn-facts"), ("/learn?run=1", ".learn-curve"), ("/learn?run=2", ".obstacle")):
        page.goto(learning.url + path)
        expect(page.locator(ready).first).to_be_visible(timeout=LONG)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
    for button in page.locator("#main button").all():
        assert (button.get_attribute("aria-label") or button.inner_text()).strip()
