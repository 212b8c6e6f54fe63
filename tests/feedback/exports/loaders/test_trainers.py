"""Exports for trainers, read by the trainers' own code."""

from collections.abc import Callable
from pathlib import Path

from .conftest import LAMP, LIKED, SIZES, Program

Find = Callable[[str], Program]
Exporting = Callable[[str], Path]


def test_sd_scripts_makes_batches_of_the_liked_pictures(program: Find, exported: Exporting, tmp_path: Path) -> None:
    found = program("sd-scripts").read(exported("kohya"), tmp_path)
    assert sorted((red, caption) for red, caption, _ in found) == sorted(LIKED.items())
    sizes = {caption: tuple(size) for _, caption, size in found}
    assert {size for caption, size in sizes.items() if caption != LAMP} == {(128, 128)}
    assert sizes[LAMP][0] < sizes[LAMP][1]


def test_onetrainer_reads_pictures_and_captions(program: Find, exported: Exporting, tmp_path: Path) -> None:
    found = program("OneTrainer").read(exported("captioned"), tmp_path)
    assert {(name, caption) for name, caption, _ in found} == {(f"{n:08d}.png", text) for n, text in LIKED.items()}
    assert [size for _, text, size in found if text != LAMP] == [list(size) for size in SIZES.values()][:2]


def test_ai_toolkit_reads_pictures_and_captions(program: Find, exported: Exporting, tmp_path: Path) -> None:
    found = program("ai-toolkit").read(exported("captioned"), tmp_path)
    assert sorted(map(tuple, found)) == sorted(LIKED.items())


def test_diffusion_kto_trains_on_good_and_bad_pictures(program: Find, exported: Exporting, tmp_path: Path) -> None:
    found = program("diffusion-kto").read(exported("diffusion-kto"), tmp_path)
    assert found == {"wins": 3, "loses": 3, "total": 6}


def test_simpletuner_takes_the_configuration_and_finds_the_pairs(
    program: Find, exported: Exporting, tmp_path: Path
) -> None:
    found = program("SimpleTuner").read(exported("simpletuner"), tmp_path)
    assert found["order"][:2] == ["winners", "losers"]
    assert found["winners"] == found["losers"]
    assert sorted(found["captions"]) == sorted(LIKED.values())
