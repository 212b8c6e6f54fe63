"""Every answer as a row of a table: CSV, and XLSX for spreadsheets."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from t2i_studio.domain import Vote
from t2i_studio.feedback.exports.material import SECOND, Material, Tally

FORMULA = tuple("=+-@＝＋－＠\t\r\n")
"""Beginnings that make a spreadsheet take a text of a CSV file for a formula (OWASP, "CSV Injection")."""
TEXT = "s"
"""Type of an XLSX cell that is text whatever it begins with."""
Cell = str | int | float | None


def write_csv(material: Material, folder: Path) -> Tally:
    """answers.csv, UTF-8 with a mark at its beginning, by which spreadsheets know the encoding.

    A text that a spreadsheet could run as a formula has an apostrophe before it.
    """
    with (folder / "answers.csv").open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerows([_harmless(cell) for cell in row] for row in _rows(material))
    return Tally(rows=len(material.votes))


def write_xlsx(material: Material, folder: Path) -> Tally:
    """answers.xlsx; every text is a text cell, never a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("answers")
    sheet.freeze_panes = "A2"
    for row in _rows(material):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                cell.data_type = TEXT
            else:
                cell.value = value
            cells.append(cell)
        sheet.append(cells)
    whole = io.BytesIO()  # openpyxl, writing to a full disk, would print a traceback of its own
    book.save(whole)
    (folder / "answers.xlsx").write_bytes(whole.getvalue())
    return Tally(rows=len(material.votes))


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _rows(material: Material) -> Iterator[list[Cell]]:
    """The head, then a row an answer, of practice, known answers and repeats too (see `purpose`)."""
    most = max((len(vote.variants) for vote in material.votes), default=1)
    controls = sorted({control for vote in material.votes for control in vote.style})
    places = range(1, most + 1)
    head: list[Cell] = ["answer", "item", "rater", "purpose", "prompt"]
    head += [f"source_{n}" for n in places] + [f"variant_{n}" for n in places]
    head += ["verdict", "chosen", "stars", "faults", "expected", "repeat_of", "active_s", "wall_s", "day"]
    head += [f"style_{control}" for control in controls]
    yield [*head, "comment"] if material.choices.comments else head
    for vote in material.votes:
        row: list[Cell] = [vote.assignment, vote.item, vote.rater, vote.purpose.value, vote.prompt]
        row += [*_padded(vote.sources, most), *_padded(vote.variants, most)]
        row += [_verdict(vote), _from_one(vote.chosen), vote.stars, ", ".join(vote.faults)]
        expected = vote.expected if len(vote.variants) == 1 else _from_one(vote.expected)
        row += [expected, vote.repeat_of, _seconds(vote.active_ms), _seconds(vote.wall_ms)]
        row += [vote.created.date().isoformat(), *(vote.style.get(control) for control in controls)]
        yield [*row, vote.comment] if material.choices.comments else row


def _padded(values: tuple[Cell, ...] | tuple[str, ...] | tuple[int, ...], length: int) -> list[Cell]:
    return [*values, *[None] * (length - len(values))]


def _verdict(vote: Vote) -> str:
    if len(vote.variants) == 1:
        return "stars"
    return "bad" if vote.bad else "tie" if vote.chosen is None else "chosen"


def _from_one(place: int | None) -> int | None:
    return None if place is None else place + 1


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // SECOND
