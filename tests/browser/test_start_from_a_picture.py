"""A picture as the beginning: part of it painted over, a photo reworked, the settings inside it used again."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page, expect

from t2i_studio.domain import Derivation
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import family, get_variant
from tests.browser.actions import BAG, PATIENCE, drop, generate, stroke
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
THEIRS = """masterpiece, a red handbag on a round white podium
Negative prompt: lowres, watermark
Steps: 8, Sampler: DPM++ 2M, Schedule type: {schedule}, CFG scale: 3, Seed: 4242, Size: {size}, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Clip skip: 2, Version: v1.10.1"""


def pixels(site: Site, image: str | None) -> np.ndarray:
    with Image.open(image_path(site.db, image or "")) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def png(size: tuple[int, int], parameters: str = "") -> bytes:
    """A blue sky over a green field; with the text chunk that AUTOMATIC1111's web UI writes."""
    picture = Image.new("RGB", size, (90, 150, 230))
    picture.paste((60, 140, 50), (0, size[1] // 2, *size))
    chunks = PngImagePlugin.PngInfo()
    if parameters:
        chunks.add_text("parameters", parameters)
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=chunks)
    return out.getvalue()


def test_only_the_painted_part_of_a_variant_changes(open_page: OpenPage, site: Site, made: int) -> None:
    page = open_page(f"/variant?id={made}")
    page.get_by_label("以此为起点").click()
    page.wait_for_url("**/?start=*")
    canvas = page.locator("canvas.mask")
    expect(canvas).to_be_visible()
    stroke(page, canvas, (0.1, 0.1), (0.4, 0.1), (0.4, 0.2), (0.1, 0.2), (0.1, 0.3), (0.4, 0.3))
    job = generate(page, "绿色双肩包，黄色背景", count=1)
    expect(page.locator(".stage-title .from")).to_contain_text(f"#{made}")
    child = next(child for child in family(site.db, made).children if child.job == job)
    assert child.request.derivation is Derivation.INPAINT
    before, after = pixels(site, get_variant(site.db, made).image), pixels(site, child.image)
    height, width = before.shape[:2]
    changed = np.abs(before - after).max(axis=2)
    assert changed[height // 10 : height // 3, width // 10 : width // 3].mean() > 4
    assert changed[height // 2 :].max() == 0
    assert changed[:, width // 2 :].max() == 0


def test_a_photo_of_another_shape_is_reworked_at_the_models_size(open_page: OpenPage, site: Site) -> None:
    page = open_page()
    page.locator("#start-section > button").click()
    page.set_input_files("#start-file", {"name": "photo.png", "mimeType": "image/png", "buffer": png((640, 360))})
    expect(page.locator(".start-picture img")).to_be_visible()
    generate(page, BAG["zh"], count=1)
    made = get_variant(site.db, int(page.locator(".card.done").get_attribute("data-id") or 0))
    assert made.request.derivation is Derivation.IMAGE
    assert made.request.parent is None
    assert pixels(site, made.request.init_image).shape[:2] == (360, 640)
    assert pixels(site, made.image).shape == (512, 512, 3)


def test_a_picture_of_another_tool_restores_what_can_be_used_and_tells_what_not(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page(language="en")
    drop(page, png((512, 768), THEIRS.format(size="512x768", schedule="Automatic")))
    toast = page.locator(".toast")
    for left_out in ("Size 512 × 768", "Negative prompt lowres, watermark", "Model v1-5-pruned-emaonly", "Clip skip 2"):
        expect(toast).to_contain_text(left_out)
    expect(page.locator("#description textarea")).to_have_value("masterpiece, a red handbag on a round white podium")
    expect(page.locator(".dropped s")).to_have_text(["masterpiece"])
    page.locator("#advanced > button").click()
    expect(page.locator("#seed input")).to_have_value("4242")
    expect(page.locator("#steps input")).to_have_value("8")
    expect(page.locator("#negative")).to_be_hidden()  # this model takes none
    generate(page, None, count=1)
    made = get_variant(site.db, int(page.locator(".card.done").get_attribute("data-id") or 0))
    assert (made.seed, made.origin.steps, made.origin.guidance) == (4242, 8, 3)  # type: ignore[union-attr]
    assert made.origin.sampler == "DPM++ 2M"  # type: ignore[union-attr]


def test_only_what_does_not_fit_is_left_out_and_a_picture_without_settings_is_refused(open_page: OpenPage) -> None:
    page = open_page(language="en")
    drop(page, png((256, 256), THEIRS.format(size="256x256", schedule="Karras")))
    expect(page.locator(".toast")).to_contain_text("Sampler DPM++ 2M Karras")
    expect(page.locator(".toast")).not_to_contain_text("Size")
    drop(page, png((64, 64)))
    expect(page.locator(".toast.bad")).to_contain_text("carries no settings")


def test_a_downloaded_picture_dropped_back_makes_the_same_pixels(open_page: OpenPage, site: Site, made: int) -> None:
    page = open_page(f"/variant?id={made}")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^下载$")).click()
    page.goto(site.url)
    drop(page, download.value.path())
    expect(page.locator(".toast")).to_have_text("图片的设置已填入表单")
    job = generate(page, None, count=1)
    expect(page.locator("#grid .card.done")).to_have_count(1, timeout=PATIENCE)
    again = get_variant(site.db, int(page.locator(".card.done").get_attribute("data-id") or 0))
    assert again.job == job
    assert np.array_equal(pixels(site, again.image), pixels(site, get_variant(site.db, made).image))
