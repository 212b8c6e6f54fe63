"""The examples on a handful of drawn products, from the command line to the grid."""

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from examples.pictures import SHIFTS, SIDE, SIZES, load_pictures
from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import load_catalogue

EXAMPLES = ("vae", "gan")
OUTLINES = (
    ((4, 20), (92, 20), (92, 94), (4, 94)),
    ((48, 4), (92, 94), (4, 94)),
    ((48, 2), (88, 50), (48, 94), (8, 50)),
    ((4, 4), (30, 4), (30, 70), (92, 70), (92, 94), (4, 94)),
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with renders of four products: a box, a cone, a kite and a boot."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "renders").mkdir()
    for number, (outline, product) in enumerate(zip(OUTLINES, load_catalogue().objects.values(), strict=False)):
        picture = Image.new("RGBA", (96, 96))
        ImageDraw.Draw(picture).polygon(outline, fill=(*3 * [60 * number], 255))
        picture.save(folder / "renders" / f"{product.code}.webp", lossless=True)
    return folder


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """The examples take one thread; the tests after them get theirs back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def run(monkeypatch: pytest.MonkeyPatch, example: str, *arguments: object) -> int:
    """Exit code of `python -m examples.EXAMPLE ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", [example, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"examples.{example}", run_name="__main__")
    return int(ended.value.code or 0)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_loss_falls_and_the_grid_is_written(
    example: str, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "grid.png"
    assert run(monkeypatch, example, "--work", work, "--out", out, "--steps", 60) == 0
    losses = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines() if re.match(r" +\d", line)]
    assert len(losses) == 20
    assert np.mean(losses[-3:]) < losses[0]
    with Image.open(out) as grid:
        assert grid.width == 2 * 16 * SIDE
        assert np.asarray(grid).std() > 1


@pytest.mark.parametrize("example", EXAMPLES)
def test_without_renders_one_sentence_says_what_to_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, example, "--work", tmp_path, "--out", tmp_path / "grid.png") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"python -m t2i_studio pretrain catalogue --work {tmp_path}" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("name", ["missing/grid.png", "grid.words"])
def test_a_grid_that_cannot_be_written_is_said_at_once(
    name: str, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "vae", "--work", work, "--out", tmp_path / name, "--steps", 40) == 2
    said = capsys.readouterr()
    assert str(tmp_path / name) in said.err
    assert len(said.out.splitlines()) == 2  # the heading and the first line of losses


def test_each_product_is_seen_in_every_size_and_place_and_mirrored(work: Path) -> None:
    pictures = load_pictures(work)
    assert pictures.shape == (len(OUTLINES) * len(SIZES) * 2 * len(SHIFTS), 1, SIDE, SIDE)
    assert 0 <= float(pictures.min()) < float(pictures.max()) <= 1
    assert float(pictures[..., 0, :].max()) == float(pictures[..., -1, :].max()) == 0
    assert torch.all(pictures[..., -2, :].amax(-1) > 0.1)  # all stand on one line, black ones too
    assert len(torch.unique(pictures.flatten(1), dim=0)) > 0.7 * len(pictures)  # a box is its own mirror image
    assert all(any(torch.equal(one.flip(-1), other) for other in pictures) for one in pictures)


def test_a_folder_without_products_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError) as refused:
        load_pictures(tmp_path)
    assert refused.value.key == "example.no_renders"
