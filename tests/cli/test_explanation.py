"""`explain`: figures for each word, a picture on request, and one sentence when it cannot be."""

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.test_generate import Run


@pytest.fixture
def picture(run_tiny: Run) -> str:
    made = run_tiny("generate", "red handbag", "--variants", "1", "--seed", "5", "--json")
    return str(made.json["variants"][0]["id"])


def test_tells_of_each_word_and_draws_the_chosen_one(run_tiny: Run, picture: str, tmp_path: Path) -> None:
    told = run_tiny("explain", picture, "--word", "Handbag", "--out", str(tmp_path / "bag.png"), "--json")
    assert told.code == 0
    assert told.json["word"] == "handbag"
    assert sum(word["share"] for word in told.json["words"]) == pytest.approx(1, abs=1e-3)
    with Image.open(tmp_path / "bag.png") as drawn:
        assert drawn.size == (32, 32)
        assert len(drawn.getcolors(32 * 32)) > 1


def test_a_word_that_was_not_looked_at_is_named_with_those_that_were(run_tiny: Run, picture: str) -> None:
    refused = run_tiny("explain", picture, "--word", "mug")
    assert refused.code == 2
    assert "red, handbag" in refused.err


@pytest.mark.parametrize("number", ["999", "x", "0"])
def test_what_is_no_variant_is_one_sentence(run_tiny: Run, number: str) -> None:
    refused = run_tiny("explain", number)
    assert refused.code == 2
    assert len(refused.err.strip().splitlines()) == 1
