import os
import shutil
from pathlib import Path

import pytest

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import FOLDER, Catalogue, catalogue_of, fetch_renders, load_catalogue
from t2i_studio.pretraining.phrases import load_phrases, traditional


def test_first_tier_is_48_products_over_all_kinds_of_shop(catalogue: Catalogue) -> None:
    first = [catalogue.objects[name] for name in catalogue.tier(1)]
    assert len(first) == 48
    assert len({product.category for product in first}) >= 15
    assert len(catalogue.tier(3)) >= 150


def test_there_are_enough_colours_backdrops_podiums_and_props(catalogue: Catalogue) -> None:
    assert len(catalogue.colors) >= 10
    assert len(catalogue.backdrops) >= 12
    assert len(catalogue.podiums) >= 5
    assert len(catalogue.props) >= 12


def test_traditional_names_hold_no_simplified_character(catalogue: Catalogue) -> None:
    tables = (catalogue.objects, catalogue.colors, catalogue.backdrops, catalogue.podiums, catalogue.props)
    for table in tables:
        for concept in table.values():
            assert traditional(concept.zh_hant) == concept.zh_hant, concept.id


def test_no_two_style_levels_share_a_word(catalogue: Catalogue) -> None:
    seen: dict[str, tuple[str, int]] = {}
    for key, row in catalogue.styles.items():
        for word in {row.en, row.zh, row.zh_hant, *row.synonyms_en, *row.synonyms_zh}:
            assert seen.setdefault(word, key) == key, word


def test_patterns_are_there_for_both_languages() -> None:
    assert set(load_phrases()) == {"en", "zh"}


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("objects", ",1,bags,,ALL,all,handbag", ",1,bags,mauve,ALL,all,handbag"),
        ("objects", "rucksack", "handbag"),
        ("colors", "#d9232e", "crimson"),
        ("props", "air,1,3,stars", "sea,1,3,stars"),
        ("styles", "warmth,5,", "warmth,6,"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, table: str, old: str, new: str) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "catalogue")
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StudioError) as caught:
        load_catalogue(folder)
    assert caught.value.key == "catalogue.invalid"


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "catalogue")
    (folder / "props.csv").unlink()
    with pytest.raises(StudioError, match=r"props\.csv"):
        load_catalogue(folder)


def _put_npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `npm` that runs `script`, in front of the real one."""
    folder.mkdir()
    command = folder / "npm"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_fetched_renders_appear_whole_and_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = "mkdir -p package/assets && echo x > package/assets/1f45c.webp && tar czf renders.tgz package"
    _put_npm(tmp_path / "bin", pack, monkeypatch)
    folder = fetch_renders(tmp_path / "work")
    assert [path.name for path in folder.iterdir()] == ["1f45c.webp"]
    _put_npm(tmp_path / "broken", "exit 1", monkeypatch)
    assert fetch_renders(tmp_path / "work") == folder


def test_a_failed_fetch_says_why_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put_npm(tmp_path / "bin", "echo no such package >&2; exit 1", monkeypatch)
    with pytest.raises(StudioError, match="no such package"):
        fetch_renders(tmp_path / "work")
    assert not (tmp_path / "work" / "renders").exists()


def test_without_npm_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudioError) as caught:
        fetch_renders(tmp_path / "work")
    assert caught.value.key == "recipe.npm_missing"


def test_a_work_folder_may_have_tables_of_its_own(tmp_path: Path, catalogue: Catalogue) -> None:
    assert catalogue_of(tmp_path) == catalogue
    folder = shutil.copytree(FOLDER, tmp_path / "catalogue")
    lines = (folder / "objects.csv").read_text(encoding="utf-8").splitlines()
    (folder / "objects.csv").write_text("\n".join(lines[:4]) + "\n", encoding="utf-8")
    assert list(catalogue_of(tmp_path).objects) == list(catalogue.objects)[:3]


def test_a_product_with_several_views_names_each(catalogue: Catalogue) -> None:
    bag = catalogue.objects["handbag"]
    assert {bag.view(number) for number in range(9)} == {bag.code}
    many = bag.model_copy(update={"views": 3})
    assert [many.view(number) for number in range(4)] == [f"{bag.code}-{k}" for k in (1, 2, 3, 1)]
