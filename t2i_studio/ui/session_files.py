"""A session as files: every figure as JSON, every answer as a row, and the exports of `feedback.exports` as a zip."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from t2i_studio.domain import Vote
from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports import FORMATS, export
from t2i_studio.feedback.exports.answers import FORMULA
from t2i_studio.feedback.exports.material import Choices
from t2i_studio.feedback.report import SessionReport
from t2i_studio.store.database import Database
from t2i_studio.store.session_progress import progress
from t2i_studio.store.session_raters import SessionRater, raters_of
from t2i_studio.store.sessions import get_session
from t2i_studio.store.votes import votes

BEFORE = ("assignment", "item", "rater", "taken_out", "purpose", "position", "description")
AFTER = (
    "verdict", "chosen", "stars", "faults", "expected", "repeat_of", "active_ms", "wall_ms", "created",
)  # fmt: skip


def report_json(db: Database, session_id: int, found: SessionReport) -> dict[str, Any]:
    """The session, how far it is, every figure of `found`, and who was taken out and why.

    Raters are told by number, not by their ids or names.
    """
    seats = raters_of(db, session_id)
    numbers = rater_numbers(seats)
    told = found.model_dump(mode="json")
    for each in told["raters"]:
        each["rater"] = numbers[each["rater"]]
    attentive = told["ranking"]["attentive"]
    told["ranking"]["attentive"] = {numbers[rater]: value for rater, value in attentive.items()}
    session = get_session(db, session_id)
    return {
        "session": session.model_dump(mode="json", exclude={"plan": {"user", "code"}}),
        "progress": progress(db, session_id).model_dump(mode="json"),
        "taken_out": [
            {"rater": numbers[seat.rater], "at": seat.excluded.isoformat(), "reason": seat.reason}
            for seat in seats
            if seat.excluded is not None
        ],
        "report": told,
    }


def rater_numbers(seats: Sequence[SessionRater]) -> dict[str, int]:
    """{rater: number from 1}, in the order of coming: what raters are called where names do not belong."""
    return {seat.rater: number for number, seat in enumerate(seats, 1)}


def answers_csv(given: Sequence[Vote], numbers: Mapping[str, int]) -> str:
    """A row an answer: what every figure is made from, with practice, checks and raters taken out, which are marked.

    numbers: of the raters, as in the report; no ids, no names, no comments. Places are counted from 1.
    """
    most = max((len(vote.variants) for vote in given), default=1)
    shown = [f"{what}_{place}" for place in range(1, most + 1) for what in ("variant", "source")]
    out = io.StringIO()
    table = csv.DictWriter(out, [*BEFORE, *shown, *AFTER])
    table.writeheader()
    for vote in given:
        row = _row(vote) | {"rater": numbers[vote.rater]}
        table.writerow({name: _inert(value) for name, value in row.items()})
    return out.getvalue()


def _row(vote: Vote) -> dict[str, object]:
    pictures: dict[str, object] = {}
    for place, (variant, source) in enumerate(zip(vote.variants, vote.sources, strict=True), 1):
        pictures |= {f"variant_{place}": variant, f"source_{place}": source}
    verdict = "bad" if vote.bad else "tie" if vote.chosen is None else "chosen"
    return pictures | {
        "assignment": vote.assignment,
        "item": vote.item,
        "taken_out": int(vote.excluded),
        "purpose": vote.purpose.value,
        "position": vote.position,
        "description": vote.prompt,
        "verdict": verdict if vote.stars is None else "stars",
        "chosen": _place(vote.chosen),
        "stars": vote.stars,
        "faults": " ".join(vote.faults),
        "expected": vote.expected if vote.stars is not None else _place(vote.expected),
        "repeat_of": vote.repeat_of,
        "active_ms": vote.active_ms,
        "wall_ms": vote.wall_ms,
        "created": vote.created.isoformat(timespec="milliseconds"),
    }


def _place(place: int | None) -> int | None:
    return None if place is None else place + 1


def _inert(value: object) -> object:
    """Text that a table program would run as a formula, made plain text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def make_export(db: Database, session_id: int, format: str, choices: Choices) -> IO[bytes]:
    """A zip of an export's folder with `export.json`, which says what was done. Raises StudioError as `export` does."""
    if format not in FORMATS:
        raise StudioError("choice.unknown", name="format", value=format[:40], choices=", ".join(FORMATS))
    archive = tempfile.TemporaryFile()  # noqa: SIM115  (closed when it has been sent)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / format
        done = export(db, votes(db, session_id), format, folder, choices)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    stored = zipfile.ZIP_STORED if path.suffix in (".png", ".parquet", ".xlsx") else None
                    file.write(path, path.relative_to(folder).as_posix(), stored)
            told = done.model_dump(mode="json", exclude={"folder"})
            file.writestr("export.json", json.dumps(told, ensure_ascii=False, indent=2))
    archive.seek(0)
    return archive
