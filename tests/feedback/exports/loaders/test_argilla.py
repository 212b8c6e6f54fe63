"""Data sets taken from disk into a real Argilla, and what its server then holds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from t2i_studio.feedback.exports import export
from t2i_studio.store.database import Database

from ..conftest import HANDBAG, SHOES, Make
from .conftest import Program


def test_argilla_takes_data_sets_of_all_kinds_with_what_most_raters_said(
    program: Callable[[str], Program], db: Database, vote: Make, tmp_path: Path
) -> None:
    argilla = program("argilla")
    if shutil.which("redis-server") is None:
        pytest.skip("Argilla's server needs redis-server on the path")
    votes = [
        vote((1, 2), chosen=1),
        vote((2, 1), chosen=0, rater=1),
        vote((1, 2), chosen=0, rater=2),
        vote((5,), stars=2, faults=("floating",)),
        vote((5, 6, 7, 8), chosen=2),
    ]
    export(db, votes, "argilla", tmp_path / "out")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = argilla.read(tmp_path / "out", scratch)
    assert {kind: told["asked"] for kind, told in found.items()} == {
        "best-of-four": ["choice"],
        "pairs": ["choice"],
        "stars": ["stars", "faults"],
    }
    assert {told["min_submitted"] for told in found.values()} == {3}
    [pair], [rating], [four] = (found[kind]["records"] for kind in ("pairs", "stars", "best-of-four"))
    assert pair == {"prompt": HANDBAG, "reds": [1, 2], "suggested": {"choice": ["2", 0.667]}}
    assert rating["suggested"] == {"stars": [2, 1.0], "faults": [["floating"], None]}
    assert four == {"prompt": SHOES, "reds": [5, 6, 7, 8], "suggested": {"choice": ["3", 1.0]}}
