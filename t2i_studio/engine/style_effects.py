"""How well each style control works with a model, as `style-check` measured it; kept by the weights' hash.

Kept as a small file in the home's cache beside what else was learnt of models, not in the database: it belongs to
weights and to no picture or user, and can be measured again. That of the embedded model is shipped in assets.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from t2i_studio.domain import STYLE_CONTROLS, Noun, StyleControl
from t2i_studio.engine.kept import keep
from t2i_studio.engine.registry import ModelCard
from t2i_studio.engine.weights import weight_hash
from t2i_studio.settings import ASSETS

SHIPPED = ASSETS / "styles" / "effects.json"
WORKS = 0.8
"""Correlation from which a control is said to work."""

Measured = StyleControl | Literal["position"]
CONTROLS: tuple[Measured, ...] = (*STYLE_CONTROLS, "position")


class Effect(Noun):
    """correlation: mean over scenes of Spearman's ρ between level and measured quantity, −1 to 1; low and high: its
    95 % interval. pictures: how many were measured. model: its name then.
    """

    correlation: float = Field(ge=-1, le=1)
    low: float = Field(ge=-1, le=1)
    high: float = Field(ge=-1, le=1)
    pictures: int = Field(ge=1)
    model: str
    measured: date

    @property
    def works(self) -> bool:
        return self.correlation >= WORKS


Effects = dict[Measured, Effect]
_FILE = TypeAdapter(dict[str, Effects])


def effects_of(card: ModelCard, cache: Path) -> Effects:
    """What is known of a model: measured here, else shipped; nothing when never measured.

    cache: the home's folder of things learnt. A folder is known by its weights (hashing large ones takes a while, the
    first time); a model of a hub that is not on this machine as a folder, by its name.
    """
    kept = _read(_kept(cache))
    if card.folder is None:
        return _newest(
            [effects for effects in kept.values() if any(one.model == card.name for one in effects.values())]
        )
    weights = weight_hash(card.folder, cache / "weights.json")
    return _read(SHIPPED).get(weights, {}) | kept.get(weights, {})


def _newest(found: Sequence[Effects]) -> Effects:
    """Of one day, the last that came into the file."""
    return max(reversed(found), key=lambda effects: max(one.measured for one in effects.values()), default={})


def keep_effects(cache: Path, weights: str, new: Mapping[Measured, Effect]) -> None:
    """Keep `new` beside what is known; a measurement over fewer pictures does not replace one over more."""
    known = _read(_kept(cache))
    old = known.get(weights, {})
    better = {name: found for name, found in new.items() if name not in old or found.pictures >= old[name].pictures}
    known[weights] = old | better
    keep(_kept(cache), json.dumps(_FILE.dump_python(known, mode="json"), ensure_ascii=False, indent=1))


def _kept(cache: Path) -> Path:
    return cache / "style_effects.json"


def _read(path: Path) -> dict[str, Effects]:
    with suppress(OSError, ValidationError):  # never measured, or a damaged file: it is measured anew
        return _FILE.validate_json(path.read_bytes())
    return {}
