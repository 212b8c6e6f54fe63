"""`presets` and `markets`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from t2i_studio.brief.markets import markets
from t2i_studio.brief.presets import presets
from t2i_studio.cli import presets as command

from .conftest import Ran

Run = Callable[..., Ran]


def test_presets_are_listed_for_people_and_as_json(run: Run) -> None:
    assert [row["id"] for row in run("presets", "--json").json] == [preset.id for preset in presets()]
    assert "Studio white" in run("presets").out


def test_markets_are_listed_with_the_next_day_of_every_campaign(run: Run) -> None:
    told = run("markets", "--json").json
    assert [row["id"] for row in told] == [market.id for market in markets()]
    assert all(festival["begins"] for row in told for festival in row["festivals"])
    assert "China" in run("markets").out


def test_a_picture_is_drawn_small(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "presets", lambda: presets()[:1])
    assert run("presets", "--pictures", tmp_path / "drawn").code == 0
    (picture,) = (tmp_path / "drawn").iterdir()
    assert picture.name == f"{presets()[0].id}.webp"
    assert picture.stat().st_size <= command.MAX_BYTES


def test_a_folder_that_takes_no_pictures_is_refused(run: Run) -> None:
    assert run("presets", "--pictures", "/proc/nowhere").code == 2
