"""`grid`, and `generate` where more than one thing is asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from t2i_studio.engine.infotext import read_png

from .conftest import Ran

Run = Callable[..., Ran]


def test_a_grid_is_variants_in_the_store_and_one_labelled_picture(run_tiny: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheets" / "bag.png"
    axes = ("--axis", "steps=1,2", "--axis", "guidance=1..3")
    made = run_tiny("grid", "red handbag", *axes, "--seed", 5, "--out", sheet, "--json")
    assert made.code == 0, made.err
    assert [axis["values"] for axis in made.json["axes"]] == [["1", "2"], ["1", "2", "3"]]
    assert len(made.json["cells"]) == 6
    assert {variant["seed"] for cell in made.json["cells"] for variant in cell["variants"]} == {5}
    assert len(run_tiny("variants", "--json").json["variants"]) == 6
    with Image.open(sheet) as picture:
        assert picture.width > 2 * 32
        assert picture.height > 3 * 32
    assert read_png(sheet).steps == 1
    assert "6 of 6" in made.err


def test_dry_run_prints_the_cells_and_makes_nothing(run_tiny: Run) -> None:
    told = run_tiny("grid", "red handbag", "--axis", "warmth=1,5", "--axis", "steps=2,3", "--dry-run")
    assert told.out.splitlines() == [f"warmth={warmth}  steps={steps}" for steps in (2, 3) for warmth in (1, 5)]
    assert run_tiny("jobs", "--json").json == []


def test_alternatives_make_a_batch_each(run_tiny: Run, tmp_path: Path) -> None:
    made = run_tiny("generate", "{red|blue} mug", "--variants", 2, "--steps", 1, "--out", tmp_path, "--json")
    assert [len(cell["variants"]) for cell in made.json["cells"]] == [2, 2]
    assert [job["request"]["text"] for job in run_tiny("jobs", "--json").json] == ["blue mug", "red mug"]
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_a_picture_of_literal_braces_can_be_made_again(run_tiny: Run) -> None:
    first = run_tiny("generate", r"\{red\} mug", "--variants", 1, "--steps", 1, "--json").json["variants"][0]
    again = run_tiny("generate", "--from", first["path"], "--json").json["variants"][0]
    assert run_tiny("show", again["id"], "--json").json["request"]["text"] == "{red} mug"


def test_a_surprise_is_repeatable_from_its_seed(run_tiny: Run) -> None:
    asked = ("generate", "红色手提包", "--surprise", "--variants", 3, "--seed", 4, "--model", "podium", "--dry-run")
    told = run_tiny(*asked).json
    assert len({str(request["style"]) for request in told}) == 3
    assert [request["style"] for request in run_tiny(*asked).json] == [request["style"] for request in told]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grid", "mug"), "0 axes"),
        (("grid", "--axis", "steps=1,2"), "empty"),
        (("grid", "mug", "--axis", "glow=1"), "glow"),
        (("grid", "mug", "--axis", "steps=1..101"), "101"),
        (("grid", "mug", "--axis", "sampler=Euler,magic"), "magic"),
        (("grid", "handbag", "--axis", "model=podium,nowhere"), "nowhere"),
        (("generate", "{red|blue mug"), "partner"),
        (("generate", "mug", "--prompt", "mug", "--surprise"), "by hand"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_stores_nothing(
    run_tiny: Run, arguments: tuple[str, ...], said: str
) -> None:
    refused = run_tiny(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
    assert refused.err.count("\n") == 1
    assert run_tiny("jobs", "--json").json == []
