"""Diffusion-KTO: a table of pictures that people liked, disliked, or disagreed about."""

import csv
from pathlib import Path

from t2i_studio.feedback.exports.material import Material, Tally, picture_name
from t2i_studio.feedback.exports.verdicts import Verdict, verdicts

TABLE = "train_processed_v3.csv"
"""The name that its training script opens."""
COLUMNS = ("file_name", "caption", "split")


def write_diffusion_kto(material: Material, folder: Path) -> Tally:
    """A row for each picture that somebody spoke for or against; file_name is relative to the table.

    The columns are those the script reads, which are not those its README names. "All bad" counts against each.
    """
    judged, ties, left_out = verdicts(material)
    rows = [(verdict, split) for verdict in judged if (split := _split(verdict))]
    (folder / "images").mkdir()
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for verdict, split in rows:
            name = f"images/{picture_name(verdict.variant)}"
            (folder / name).write_bytes(material.picture(verdict.variant))
            table.writerow((name, verdict.caption, split))
    if undecided := len(judged) - len(rows):
        left_out["pictures_undecided"] = undecided
    return Tally(rows=len(rows), ties_dropped=ties, left_out=left_out)


def _split(verdict: Verdict) -> str | None:
    if verdict.good and verdict.bad:
        return "intersections"
    return "exclusive_win" if verdict.good else "exclusive_lose" if verdict.bad else None
