"""Grids as the Create page begins, shows, stops and resumes them; the engine is not started."""

from pathlib import Path
from typing import Any

import pytest

from t2i_studio.domain import State
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store import jobs
from t2i_studio.store.database import open_database
from t2i_studio.store.grids import get_grid
from t2i_studio.ui import desk, sheets
from t2i_studio.ui.studio import Studio, Visitor

VISITOR = Visitor(rater="r", user="lin", language="zh")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    settings = Settings(home=tmp_path)
    db = open_database(tmp_path)
    return Studio(settings, db, Engine(db, settings))


def options(studio: Studio, text: str = "红色手提包", **more: Any) -> dict[str, Any]:
    return {
        "text": text,
        "model": find_model(studio.settings, "podium"),
        "seed": 7,
        "variants": 2,
        "user": "lin",
    } | more


def begun(studio: Studio, rows: list[list[str]], text: str = "红色手提包") -> int:
    stage, seed = sheets.begin(studio, options(studio, text), sheets.axes_of(rows))
    assert seed == 7
    return stage.props["sheet"]


def test_the_rows_of_the_form_are_axes_and_empty_ones_do_not_count():
    axes = sheets.axes_of([["warmth", "1..3"], ["steps", "  "], ["seed", "4"]])
    assert [(axis.name, axis.values) for axis in axes] == [("warmth", ("1", "2", "3")), ("seed", ("4",))]
    assert sheets.axes_of(None) == []
    for wrong in ("warmth", [["warmth"]], [[1, 2]], {"a": 1}):
        with pytest.raises(StudioError) as caught:
            sheets.axes_of(wrong)
        assert caught.value.key == "page.payload"


def test_a_grid_is_shown_with_headings_and_a_card_for_every_variant(studio: Studio):
    number = begun(studio, [["warmth", "1,5"], ["steps", "6,10"]])
    shown = sheets.sheet(studio, VISITOR, id=number)
    assert shown["sheet"]["names"] == ["冷暖", "步数"]
    assert shown["sheet"]["bands"][0]["columns"] == ["1 冷色调", "5 暖色调"]
    assert shown["sheet"]["state"] == State.WAITING
    assert [len(cell["cards"]) for cell in shown["cells"]] == [2, 2, 2, 2]
    assert sheets.rows_of(get_grid(studio.db, number)) == [["warmth", "1, 5"], ["steps", "6, 10"]]


def test_alternatives_in_the_description_are_a_grid_of_batches(studio: Studio):
    grid = get_grid(studio.db, begun(studio, [], "{红色|蓝色}手提包"))
    assert [job.request.text for job in grid.jobs] == ["红色手提包", "蓝色手提包"]


def test_a_surprise_makes_each_style_once_and_repeats_from_the_seed(studio: Studio):
    made, axes = sheets.surprising(options(studio, variants=4))
    assert (made["variants"], made["seed"], len(axes[0].values)) == (1, 7, 4)
    assert sheets.surprising(options(studio, variants=4))[1] == axes
    assert sheets.surprising(options(studio, seed=None))[0]["seed"] is not None


def test_a_stopped_grid_is_one_notice_and_is_resumed_whole(studio: Studio):
    number = begun(studio, [["steps", "6,10,14"]])
    members = get_grid(studio.db, number).jobs
    for job in members:
        jobs.finish_job(studio.db, job.id, State.INTERRUPTED)
    alone = jobs.enqueue(studio.db, members[0].request)
    jobs.finish_job(studio.db, alone.id, State.INTERRUPTED)
    rows = desk.interrupted(studio, VISITOR)["jobs"]
    assert [(row["sheet"], row["of"]) for row in rows] == [(None, 2), (number, 6)]
    sheets.resume_sheet(studio, VISITOR, id=number)
    assert sheets.sheet(studio, VISITOR, id=number)["sheet"]["state"] == State.WAITING
    sheets.cancel_sheet(studio, VISITOR, id=number)
    assert sheets.sheet(studio, VISITOR, id=number)["sheet"]["state"] == State.CANCELLED
