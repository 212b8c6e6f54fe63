"""A look is chosen by its picture, put back, saved and deleted; the market speaks up."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from t2i_studio.store.jobs import get_job
from tests.browser.actions import BAG, PATIENCE, generate
from tests.browser.conftest import Site

Open = Callable[..., Page]


def warmth(page: Page) -> str:
    return page.locator("#style-warmth").input_value()


def test_a_preset_sets_the_sliders_and_chosen_again_puts_them_back(open_page: Open) -> None:
    page = open_page(language="en")
    summer = page.get_by_role("radio", name="Fresh summer")
    summer.click()
    expect(page.locator("#style-warmth")).to_have_value("2")
    summer.click()
    expect(page.locator("#style-warmth")).to_have_value("3")
    expect(page.get_by_role("radio", name="None")).to_be_checked()


def test_the_arrow_keys_walk_through_the_presets(open_page: Open) -> None:
    page = open_page(language="en")
    page.get_by_role("radio", name="Studio white").click()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Festive red and gold")).to_be_checked()
    expect(page.locator("#style-warmth")).to_have_value("4")


def test_sliders_moved_by_hand_stay(open_page: Open) -> None:
    page = open_page(language="en")
    summer = page.get_by_role("radio", name="Fresh summer")
    summer.click()
    page.locator("#style-warmth").fill("5")
    summer.click()
    assert warmth(page) == "5"


def test_a_look_of_ones_own_is_kept_and_its_deletion_undone(open_page: Open) -> None:
    page = open_page(language="zh")
    page.locator("#style-warmth").fill("5")
    page.get_by_role("button", name="将当前滑块存为我的预设").click()
    page.get_by_label("预设名称").fill("夕阳")
    page.keyboard.press("Enter")
    mine = page.get_by_role("radio", name="夕阳")
    expect(mine).to_be_checked(timeout=PATIENCE)
    page.reload()
    mine.click()
    expect(page.locator("#style-warmth")).to_have_value("5")
    page.get_by_role("button", name="删除「夕阳」").click()
    expect(mine).to_have_count(0, timeout=PATIENCE)
    page.get_by_role("button", name="撤销").click()
    expect(mine).to_have_count(1, timeout=PATIENCE)


def test_the_market_warns_and_is_remembered(open_page: Open) -> None:
    page = open_page(language="zh")
    page.fill("#description textarea", "闹钟礼盒，送礼")
    page.get_by_label("投放市场").select_option("cn")
    expect(page.locator("#market .hints .avoid")).to_contain_text("送终", timeout=PATIENCE)
    page.reload()
    expect(page.get_by_label("投放市场")).to_have_value("cn", timeout=PATIENCE)
    expect(page.locator("#market .hints .prefer")).to_have_count(1, timeout=PATIENCE)


def test_the_market_comes_back_with_its_batch(open_page: Open, site: Site) -> None:
    page = open_page(language="zh")
    page.get_by_label("投放市场").select_option("jp")
    variant = get_job(site.db, generate(page, BAG["zh"], count=1)).variants[0]
    other = open_page(f"/?like={variant}", language="zh")
    expect(other.get_by_label("投放市场")).to_have_value("jp", timeout=PATIENCE)
    expect(other.locator("#market .hints li").first).to_be_visible(timeout=PATIENCE)
    other.goto(f"{site.url}/variant?id={variant}")
    expect(other.locator(".facts").first).to_contain_text("日本")
