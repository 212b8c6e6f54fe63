"""Axes in words, and the requests of a grid's cells."""

from typing import Any

import pytest

from t2i_studio.brief.grids import AXES, Axis, Grid, axis_name, axis_words, bands, cells, plan, requests
from t2i_studio.brief.presets import find_preset
from t2i_studio.domain import Adapter, StyleSettings
from t2i_studio.engine.registry import ModelCard
from t2i_studio.errors import StudioError

CARD = ModelCard(name="any", source="none/here")


def grid(*axes: str) -> Grid:
    return Grid(axes=tuple(map(Axis.parse, axes)))


def asked(grid: Grid, **options: Any) -> list:
    return requests(
        grid, {"text": "red bag", "model": CARD, "seed": 3} | options, lambda name: ModelCard(name=name, source=name)
    )


def key_of(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(StudioError) as caught:
        call(*arguments, **options)
    assert caught.value.sentence("zh")
    return caught.value.key


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("steps=6,10,14", ("6", "10", "14")),
        ("warmth=1..5", ("1", "2", "3", "4", "5")),
        ("guidance=1..9..2", ("1", "3", "5", "7", "9")),
        ("steps = 6，10、6", ("6", "10")),
        ("seed=1-3,9", ("1", "2", "3", "9")),
        ("text=红色手提包|蓝色，手提包", ("红色手提包", "蓝色，手提包")),
        ("size=256x256,320x256", ("256x256", "320x256")),
        ("sampler=Euler,DPM++ 2M Karras", ("Euler", "DPM++ 2M Karras")),
        ("style=warmth=5 contrast=1|position=left", ("warmth=5 contrast=1", "position=left")),
    ],
)
def test_an_axis_is_a_name_and_values(words: str, values: tuple[str, ...]):
    axis = Axis.parse(words)
    assert axis.values == values
    assert Axis.parse(f"{axis.name}={axis.said}") == axis


@pytest.mark.parametrize(
    ("axes", "key"),
    [
        (["steps"], "grid.axis_form"),
        (["glow=1,2"], "grid.axis_unknown"),
        (["steps="], "grid.axis_empty"),
        (["steps=x"], "number.invalid"),
        (["warmth=1..9"], "number.range"),
        (["position=top"], "style.level"),
        (["size=big"], "size.invalid"),
        (["seed=1..1000"], "variations.too_many"),
        (["steps=1", "steps=2"], "grid.axis_twice"),
        (["steps=1", "seed=2", "warmth=3", "contrast=4"], "grid.axes"),
        (["steps=1..20", "seed=1..6"], "grid.too_many"),
    ],
)
def test_what_is_no_grid_is_said(axes: list[str], key: str):
    assert key_of(grid, *axes) == key


def test_cells_come_row_by_row_and_sheet_by_sheet():
    assert cells(grid("warmth=1,2", "steps=6,7", "seed=0,9")) == [
        {"warmth": warmth, "steps": steps, "seed": seed} for seed in (0, 9) for steps in (6, 7) for warmth in (1, 2)
    ]


def test_every_cell_is_the_same_request_but_for_its_changes():
    made = asked(grid("warmth=1,5", "guidance=2,4"), style=StyleSettings(contrast=4), seed=None)
    assert [(one.style.warmth, one.guidance) for one in made] == [(1, 2), (5, 2), (1, 4), (5, 4)]
    assert {one.style.contrast for one in made} == {4}
    assert len({one.seed for one in made}) == 1
    assert made[0].prompt.text != made[1].prompt.text


def test_any_parameter_can_be_varied():
    adapters = [Adapter(path="brand"), Adapter(path="line", scale=0.3)]
    made = asked(grid("adapter=0,0.5", "model=podium,a/b", "size=64x32,32x64"), adapters=adapters)
    assert [one.adapters[0].scale for one in made[:2]] == [0, 0.5]
    assert {one.adapters[1].scale for one in made} == {0.3}
    assert [one.model for one in made[:4]] == ["podium", "podium", "a/b", "a/b"]
    assert (made[-1].width, made[-1].height) == (32, 64)
    assert [one.seed for one in asked(grid("seed=5,8"))] == [5, 8]
    assert [one.prompt.negative for one in asked(grid("negative=text, people|blur"))] == ["text, people", "blur"]


def test_a_whole_style_is_refined_by_single_controls_in_any_order():
    for axes in (["style=warmth=5 contrast=1", "warmth=2"], ["warmth=2", "style=warmth=5 contrast=1"]):
        (one,) = asked(grid(*axes))
        assert (one.style.warmth, one.style.contrast) == (2, 1)


def test_a_preset_brings_its_levels_and_is_refined_by_single_controls():
    cool = find_preset("cool_tech")
    made = asked(grid("preset=studio_white,cool_tech", "warmth=5"), style=StyleSettings(position="left"))
    assert made[1].style == cool.style.model_copy(update={"warmth": 5, "position": "left"})
    assert made[0].prompt.text != made[1].prompt.text
    assert Axis.parse("preset=cool_tech").labels("zh") == [cool.name.zh]


def test_what_would_change_nothing_is_refused():
    assert key_of(asked, grid("warmth=1,5"), prompt="exactly this") == "grid.prompt_fixed"
    assert key_of(asked, grid("adapter=0,1")) == "grid.adapter_missing"
    assert key_of(asked, grid("strength=0.3,0.6")) == "request.init_missing"
    assert asked(grid("steps=4,8"), prompt="exactly this")


def planned(text: str, *axes: str) -> Any:
    return plan({"text": text, "model": CARD}, lambda name: CARD, tuple(map(Axis.parse, axes)))


def test_alternatives_in_the_description_are_an_axis():
    made = planned("{红色|蓝色}手提包", "steps=6,10")
    assert [axis.name for axis in made.grid.axes] == ["text", "steps"]
    assert [one.text for one in made.requests] == ["红色手提包", "蓝色手提包"] * 2
    assert key_of(planned, "{a|b}", "text=c|d") == "grid.axis_twice"


def test_without_anything_varied_there_is_one_request_and_no_grid():
    made = planned(r"a \{set\} of bags")
    assert made.grid is None
    assert [one.text for one in made.requests] == ["a {set} of bags"]


def test_headings_say_what_differs():
    assert Axis.parse("text=红色手提包，白色展台|粉色手提包，白色展台").labels("zh") == ["红色", "粉色"]
    assert Axis.parse("text=a red bag|a rose bag").labels("en") == ["red", "rose"]
    assert Axis.parse("text=bag|red bag").labels("en") == ["bag", "red bag"]
    assert Axis.parse("warmth=3,5").labels("zh") == ["3", "5 暖色调"]
    assert Axis.parse("position=auto,left").labels("en") == ["auto", "on the left"]
    assert Axis.parse("style=warmth=5 contrast=1").labels("en") == ["very warm tones, very low contrast"]
    assert Axis.parse("size=64x32").labels("en") == ["64 × 32"]


def test_every_axis_has_a_name_in_both_languages_and_an_example_that_works():
    assert set(axis_words()) == set(AXES)
    for name, words in axis_words().items():
        assert axis_name(name, "en") == words.en != axis_name(name, "zh") == words.zh
        assert Axis.parse(f"{name}={words.example}").values


def test_a_grid_is_shown_as_rows_under_headings():
    top, below, other, _ = bands(grid("steps=1,2,3", "seed=7,8", "size=64x32,32x64"), "en")
    assert (top.title, top.columns, top.row, top.cells) == ("Size 64 × 32", ("1", "2", "3"), "7", (0, 1, 2))
    assert (below.title, below.columns, below.row, below.cells) == ("", (), "8", (3, 4, 5))
    assert (other.title, other.cells) == ("Size 32 × 64", (6, 7, 8))


def test_a_single_axis_is_wrapped():
    shown = bands(grid("seed=1..8"), "zh")
    assert [band.cells for band in shown] == [(0, 1, 2, 3, 4, 5), (6, 7)]
    assert shown[1].columns == ("7", "8")
