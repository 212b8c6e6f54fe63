"""Hugging Face imagefolder: pictures and a line of JSON for each."""

import json
from pathlib import Path

from t2i_studio.feedback.exports.material import Material, Tally, picture_name
from t2i_studio.feedback.exports.verdicts import Verdict, verdicts


def write_image_folder(material: Material, folder: Path) -> Tally:
    """Every judged picture with what was said of it.

    metadata.jsonl lies inside train/, beside its pictures: outside, `datasets` finds no split of that name.
    """
    judged, _, left_out = verdicts(material)
    train = folder / "train"
    train.mkdir()
    with (train / "metadata.jsonl").open("w", encoding="utf-8") as file:
        for verdict in judged:
            (train / picture_name(verdict.variant)).write_bytes(material.picture(verdict.variant))
            file.write(json.dumps(_line(verdict), ensure_ascii=False) + "\n")
    return Tally(rows=len(judged), left_out=left_out)


def _line(verdict: Verdict) -> dict[str, object]:
    """faults: a text and not a list, so that the column has a type when nobody named any."""
    return {
        "file_name": picture_name(verdict.variant),
        "text": verdict.caption,
        "stars": verdict.mean_stars,
        "ratings": len(verdict.stars),
        "faults": ", ".join(sorted(verdict.faults)),
        "comparisons": verdict.comparisons,
        "wins": verdict.wins,
        "good": verdict.good,
        "bad": verdict.bad,
    }
