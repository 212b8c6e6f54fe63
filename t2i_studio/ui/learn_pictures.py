"""Pictures of a run side by side: samples while it trains, and those that old and new were compared by."""

import json
from pathlib import Path
from typing import Any

from t2i_studio.ui.desk import Answer

SIDES = {"before": "old", "after": "new"}
"""Folders of an evaluation (learning.evaluation), as a page calls them."""
SHOWN = 48
"""Descriptions of a comparison, one pair of each."""


def samples(folder: Path, address: str) -> list[Answer]:
    """before-K.png and after-K.png of a run's samples; what is not there yet is None."""
    numbers = sorted(int(file.stem[7:]) for file in folder.glob("before-*.png") if file.stem[7:].isdecimal())
    return [
        {"text": None}
        | {side: _at(folder / f"{side}-{number}.png", f"{address}/{side}-{number}.png") for side in SIDES}
        for number in numbers
    ]


def compared(folder: Path, address: str) -> list[Answer]:
    """The first pair of each description that both models have made."""
    pairs: list[Answer] = []
    number = 0
    for row in _asked(folder / "plan.json"):
        pair = {
            side: _at(folder / name / f"{number:03}.png", f"{address}/{side}-{number}.png")
            for side, name in SIDES.items()
        }
        number += len(row["seeds"])
        if all(pair.values()) and len(pairs) < SHOWN:
            pairs.append({"text": row["text"]} | pair)
    return pairs


def picture_file(run: Path, folder: str, side: str, number: int) -> Path:
    """Where a picture of a run's folder lies."""
    name = f"{SIDES[side]}/{number:03}" if folder == "evaluation" else f"{side}-{number}"
    return run / folder / f"{name}.png"


def _asked(plan: Path) -> list[dict[str, Any]]:
    """What was compared; nothing where there is no plan that can be read."""
    try:
        told = json.loads(plan.read_text(encoding="utf-8"))
        return [{"text": row["text"], "seeds": row["seeds"]} for row in (*told["asked"], *told.get("extra", ()))]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _at(file: Path, address: str) -> str | None:
    """The address changes with the picture, so that a page shows the newest."""
    try:
        return f"{address}?at={file.stat().st_mtime_ns}"
    except OSError:
        return None
