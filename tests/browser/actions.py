"""What a visitor does again and again."""

import base64
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 90_000
"""Milliseconds a picture may take on a busy machine."""

BAG = {"zh": "红色手提包，白色圆形展台", "en": "a red handbag on a white podium"}


def generate(page: Page, text: str | None, count: int = 2, steps: int | None = None) -> int:
    """Type (None: what is there stays), choose how many, press the button; the job's number, once the first
    picture is there.
    """
    page.wait_for_selector("#grid .card, #grid .welcome")  # the page has asked what is at work
    if steps:
        page.locator("#advanced > button").click()
        page.fill("#steps input", str(steps))
    if text is not None:
        page.fill("#description textarea", text)
    page.locator("#count label", has_text=re.compile(rf"^\s*{count}\s*$")).click()
    before = page.url
    page.click("#go")
    page.wait_for_url(lambda url: "?job=" in url and url != before)
    expect(page.locator("#grid .card")).to_have_count(count)
    expect(page.locator("#grid .card.done").first).to_be_visible(timeout=PATIENCE)
    return int(page.url.split("job=")[1])


def first_id(page: Page) -> int:
    return int(page.locator(".card.done").first.get_attribute("data-id") or 0)


def drop(page: Page, file: bytes | Path) -> None:
    """Let a PNG from the desktop fall on the stage."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    page.wait_for_selector("#grid .card, #grid .welcome")
    page.evaluate(
        """(text) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], "picture.png", {type: "image/png"}));
            document.querySelector("#grid").dispatchEvent(
                new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: dropped}));
        }""",
        base64.b64encode(data).decode(),
    )


def _settled_box(page: Page, canvas: Locator) -> dict[str, float]:
    """Where the canvas is once the page has stopped scrolling and its pictures have come."""
    box: dict[str, float] = {}
    for _ in range(50):
        before, box = box, dict(canvas.bounding_box() or {})
        if box and box == before:
            return box
        page.wait_for_timeout(400)
    raise AssertionError("the canvas never came to rest")


def stroke(page: Page, canvas: Locator, *points: tuple[float, float]) -> None:
    """Draw with the mouse button held; points are shares of the canvas's width and height."""
    canvas.scroll_into_view_if_needed()
    box = _settled_box(page, canvas)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
