"""A grid's picture: cells where they belong, letters beside them, settings inside."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from t2i_studio.brief.grids import Axis, Grid
from t2i_studio.domain import State
from t2i_studio.engine.infotext import OURS, read_png
from t2i_studio.engine.sheet import MAX_SIDE, PAPER, draw, make_sheet
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.grids import enqueue_grid
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from tests.store.studio import png

COLOURS = ["#c00000", "#00c000", "#0000c0", "#c0c000", "#00c0c0", "#c000c0"]


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return open_database(tmp_path / "home")


def grid(*axes: str) -> Grid:
    return Grid(axes=tuple(map(Axis.parse, axes)))


def tiles(count: int, size: tuple[int, int] = (40, 30)) -> list[Image.Image | None]:
    return [Image.new("RGB", size, COLOURS[place]) for place in range(count)]


def boxes(sheet: Image.Image, count: int) -> list[tuple[int, int, int, int]]:
    """Where each colour is: left, top, right, bottom."""
    found = []
    for colour in COLOURS[:count]:
        wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        mask = Image.new("L", sheet.size)
        mask.putdata([255 * (pixel == wanted) for pixel in sheet.getdata()])
        box = mask.getbbox()
        assert box
        found.append(box)
    return found


def test_the_first_axis_runs_across_and_the_second_down():
    found = boxes(draw(grid("steps=1,2,3", "seed=7,8"), tiles(6), "bag", "en"), 6)
    assert {box[1] for box in found[:3]} != {box[1] for box in found[3:]}
    assert [box[0] for box in found[:3]] == [box[0] for box in found[3:]]
    assert found[0][0] < found[1][0] < found[2][0]
    assert all((right - left, bottom - top) == (40, 30) for left, top, right, bottom in found)


def test_a_third_axis_is_a_sheet_below():
    found = boxes(draw(grid("steps=1,2", "seed=7", "size=64x64,32x32"), tiles(4), "", "zh"), 4)
    assert found[0][0] == found[2][0]
    assert found[2][1] > found[0][3]


def test_headings_are_drawn_in_both_languages_and_none_is_a_box():
    drawn = [
        draw(grid("warmth=1,5"), tiles(2, (300, 60)), text, language)
        for text, language in (("红色手提包", "zh"), ("红色手提㊣", "zh"), ("red", "en"))
    ]
    tops = [picture.crop((0, 0, picture.width, 40)).tobytes() for picture in drawn]
    assert len(set(tops)) == 3
    assert all(len(set(picture.getdata())) > 20 for picture in drawn)  # ink with soft edges


def test_a_missing_cell_stays_empty_and_a_hundred_large_ones_fit():
    some = [*tiles(1), None]
    assert draw(grid("steps=1,2"), some, "", "en").width == draw(grid("steps=1,2"), tiles(2), "", "en").width
    many = draw(grid("seed=1..10", "steps=1..10"), [Image.new("RGB", (2048, 1024), "#c00000")] * 100, "", "en")
    assert max(many.size) <= MAX_SIDE


def test_the_picture_holds_its_settings(db: Database):
    plan = grid("steps=6,10")
    stored = enqueue_grid(db, [axis.model_dump() for axis in plan.axes], [request(steps=6), request(steps=10)])
    with pytest.raises(StudioError) as caught:
        make_sheet(db, stored, "zh")
    assert caught.value.key == "grid.no_picture"
    for variant in stored.jobs[1].variants:
        jobs.finish_variant(db, variant, put_image(db, png(variant)), origin(variant))
    jobs.finish_job(db, stored.jobs[1].id, State.DONE)
    made = make_sheet(db, stored, "zh")
    assert read_png(made).steps == 10
    with Image.open(io.BytesIO(made)) as picture:
        assert json.loads(picture.info[OURS])["grid"] == [{"name": "steps", "values": ["6", "10"]}]
        assert "6 | 10" in picture.info["parameters"]
        assert picture.getpixel((0, 0)) == Image.new("RGB", (1, 1), PAPER).getpixel((0, 0))
