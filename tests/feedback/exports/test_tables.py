"""The tables of answers."""

import csv
from pathlib import Path

import openpyxl
import pytest

from t2i_studio.domain import Purpose
from t2i_studio.feedback.exports import export
from t2i_studio.feedback.exports.material import Choices
from t2i_studio.store.database import Database

from .conftest import Make

FORMULAS = ['=HYPERLINK("http://evil","x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1"]


def csv_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def xlsx_rows(folder: Path) -> list[dict[str, object]]:
    head, *rows = openpyxl.load_workbook(folder / "answers.xlsx")["answers"].values
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_every_answer_is_a_row(db: Database, vote: Make, tmp_path: Path) -> None:
    first = vote((1, 2), chosen=1, purpose=Purpose.KNOWN, expected=0, item=1, style={"light": -1})
    votes = [
        first,
        vote((2, 1), bad=True, purpose=Purpose.REPEAT, repeat_of=first.assignment, item=2),
        vote((4, 2, 1, 3), item=3, rater=1),
        vote((5,), stars=2, faults=("clutter", "floating"), item=4),
    ]
    export(db, votes, "csv", tmp_path / "csv")
    export(db, votes, "xlsx", tmp_path / "xlsx")
    rows = csv_rows(tmp_path / "csv")
    assert [row["verdict"] for row in rows] == ["chosen", "bad", "tie", "stars"]
    assert [rows[0][name] for name in ("chosen", "expected", "purpose", "style_light")] == ["2", "1", "known", "-1"]
    assert rows[1]["repeat_of"] == rows[0]["answer"]
    assert [rows[2][f"variant_{n}"] for n in (1, 2, 3, 4)] == ["4", "2", "1", "3"]
    assert (rows[3]["stars"], rows[3]["faults"], rows[3]["variant_2"]) == ("2", "clutter, floating", "")
    assert (rows[0]["active_s"], rows[0]["day"]) == ("4", "2026-11-28")
    sheet = xlsx_rows(tmp_path / "xlsx")
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in sheet]
    different = {"rater"}
    assert [{k: v for k, v in row.items() if k not in different} for row in texts] == [
        {k: v for k, v in row.items() if k not in different} for row in rows
    ]
    assert isinstance(sheet[0]["chosen"], int)


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_becomes_a_formula(db: Database, vote: Make, tmp_path: Path, formula: str) -> None:
    votes = [vote((1, 2), chosen=0, comment=formula, prompt=formula, sources=(formula, "b"))]
    export(db, votes, "csv", tmp_path / "csv", Choices(comments=True))
    export(db, votes, "xlsx", tmp_path / "xlsx", Choices(comments=True))
    [row] = csv_rows(tmp_path / "csv")
    assert {row["comment"], row["prompt"], row["source_1"]} == {f"'{formula}"}
    sheet = openpyxl.load_workbook(tmp_path / "xlsx" / "answers.xlsx")["answers"]
    cells = [cell for cell in sheet[2] if cell.value == formula]
    assert [cell.data_type for cell in cells] == ["s"] * 3


def test_characters_that_a_workbook_cannot_hold_are_left_out_of_it(db: Database, vote: Make, tmp_path: Path) -> None:
    export(db, [vote((1, 2), chosen=0, prompt="a\x07b")], "xlsx", tmp_path / "out")
    assert xlsx_rows(tmp_path / "out")[0]["prompt"] == "ab"
