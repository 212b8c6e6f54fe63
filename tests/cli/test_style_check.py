"""`style-check`: figures of every slider, kept for the page; the user's gallery stays as it is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from t2i_studio.engine.registry import ModelCard
from t2i_studio.engine.style_check import PictureMaker
from t2i_studio.engine.style_effects import effects_of

from .conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def terse(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model as the default one, its sliders in few words: it reads sixteen tokens."""
    folder = shutil.copytree(tiny_model, tmp_path / "terse")
    facts = json.loads((folder / "studio.json").read_text())
    (folder / "studio.json").write_text(json.dumps(facts | {"style": "words"}))
    monkeypatch.setenv("T2I_MODEL", str(folder))
    return folder


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--control", "loudness"), "loudness"),
        (("--model", "no-such-model"), "no-such-model"),
        (("--control",), "--control"),
        (("--out", "/proc/nowhere"), "/proc/nowhere"),
        (("extra",), "extra"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_sentence(run_tiny: Run, arguments: tuple[str, ...], word: str) -> None:
    refused = run_tiny("style-check", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert word in refused.err
    assert refused.err.count("\n") == 1


def test_a_check_prints_and_keeps_its_figures_and_leaves_no_picture_in_the_gallery(
    run: Run, terse: Path, home: Path, tmp_path: Path
) -> None:
    checked = run("style-check", "--quick", "--control", "position", "--json", "--out", tmp_path / "sheets")
    assert checked.code == 0
    (row,) = checked.json
    assert (row["control"], row["pictures"], row["model"]) == ("position", 12, str(terse))
    assert -1 <= row["low"] <= row["correlation"] <= row["high"] <= 1
    assert "12 of 12 pictures" in checked.err
    kept = effects_of(ModelCard(name=str(terse), source=str(terse)), home / "cache")
    assert kept["position"].correlation == row["correlation"]
    with Image.open(tmp_path / "sheets" / "position.png") as sheet:
        assert sheet.width >= 3 * 32
    assert run("variants", "--json").json["variants"] == []


def test_ctrl_c_keeps_what_is_measured(run: Run, terse: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, batches = PictureMaker._make, []

    def interrupted(self: PictureMaker, *arguments: object) -> list[Image.Image]:
        batches.append(arguments)
        if len(batches) == 7:  # of two products, the first has all its levels after five
            raise KeyboardInterrupt
        return make(self, *arguments)

    monkeypatch.setattr(PictureMaker, "_make", interrupted)
    stopped = run("style-check", "--quick", "--control", "position", "--control", "warmth", "--json")
    assert stopped.code == 130
    assert [(row["control"], row["pictures"]) for row in stopped.json] == [("warmth", 10)]
    assert "warmth" in next(iter(json.loads((home / "cache" / "style_effects.json").read_text()).values()))
