"""`generate` with what was learnt and put in use, and without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2i_studio.store import learnt_adapters
from t2i_studio.store.database import open_database
from tests.ui.learning import decided

Run = Callable[..., Any]


def test_what_is_in_use_joins_unless_it_is_not_wanted(run: Run, home: Path) -> None:
    db = open_database(home)
    made = decided(db)
    learnt_adapters.adopt(db, made.id, "local")
    shop = learnt_adapters.adopt(db, decided(db, team="shop").id, "local")
    db.close()

    def adapters(*options: str) -> list[str]:
        told = run("generate", "red handbag", "--seed", 1, "--dry-run", *options).json
        return [adapter["path"] for adapter in told["adapters"]]

    assert adapters() == [made.path]
    assert adapters("--team", "shop") == [shop.path]
    assert adapters("--no-learnt") == []
    assert adapters("--adapter", f"{shop.path}:0.5") == [shop.path]
    cells = run("grid", "red handbag", "--axis", "warmth=1,5", "--dry-run", "--json").json
    assert [[adapter["path"] for adapter in cell["adapters"]] for cell in cells] == [[made.path], [made.path]]
    assert (
        run("grid", "red handbag", "--axis", "warmth=1,5", "--no-learnt", "--dry-run", "--json").json[0]["adapters"]
        == []
    )


def test_a_picture_made_without_is_made_again_without(run: Run, home: Path, tmp_path: Path) -> None:
    made = run("generate", "red handbag", "--variants", 1, "--seed", 1, "--steps", 2, "--out", tmp_path, "--json")
    assert made.code == 0, made.err
    db = open_database(home)
    learnt_adapters.adopt(db, decided(db).id, "local")
    db.close()
    (picture,) = tmp_path.glob("*.png")
    assert run("generate", "--from", picture, "--dry-run").json["adapters"] == []
