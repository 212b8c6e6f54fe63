"""Grids: the same request with one, two or three things varied, every combination a batch of its own.

The first axis runs across, the second down, and a third makes one sheet below another.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product, takewhile
from math import prod
from typing import Any, Self

from pydantic import model_validator

from t2i_studio.brief import styles, values
from t2i_studio.brief.marks import moved
from t2i_studio.brief.presets import find_preset
from t2i_studio.brief.prompt import PromptModel
from t2i_studio.brief.requests import make_request
from t2i_studio.brief.variations import expand, numbers
from t2i_studio.domain import (
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    STYLE_CONTROLS,
    GenerationRequest,
    Noun,
    StyleSettings,
    check_text,
)
from t2i_studio.errors import Language, StudioError
from t2i_studio.settings import ASSETS

MAX_AXES = 3
MAX_CELLS = 100
WRAP = 6
"""Cells in a row of a grid with a single axis."""
NAMES = ASSETS / "words" / "axes.json"
_COMMA = re.compile("[,，、]")
_BAR = re.compile("[|｜]")


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    return lambda name, word: values.whole(name, word, low, high)


def _real(low: float, high: float) -> Callable[[str, str], float]:
    return lambda name, word: values.real(name, word, low, high)


def _words(_name: str, word: str) -> str:
    return word


_READERS: dict[str, Callable[[str, str], Any]] = {
    "seed": _whole(0, MAX_SEED),
    "steps": _whole(1, MAX_STEPS),
    "guidance": _real(0, MAX_GUIDANCE),
    "strength": _real(0.01, 1),
    "size": lambda _name, word: values.size(word),
    "sampler": _words,
    "model": _words,
    "adapter": _real(-4, 4),
    "text": _words,
    "negative": _words,
    "preset": lambda _name, word: find_preset(word).id,
    "style": lambda _name, word: StyleSettings.parse(word.split()),
    "position": lambda name, word: StyleSettings.parse([f"{name}={word}"]).position,
    **dict.fromkeys(STYLE_CONTROLS, _whole(1, 5)),
}
"""What can be varied → its value in the words of a user; StudioError when it cannot be that."""
AXES = tuple(_READERS)
_SENTENCES = frozenset({"text", "negative", "style"})
"""Axes whose values hold commas, and are separated by bars."""
_STYLE = frozenset({"style", "position", *STYLE_CONTROLS})
_WORDED = _STYLE | {"text", "preset"}
"""Axes that a prompt written by hand does not follow."""


class Axis(Noun):
    """One thing that is varied: a name of `AXES`, and its values as a user types them."""

    name: str
    values: tuple[str, ...]

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.name not in _READERS:
            raise StudioError("grid.axis_unknown", name=values.shown(self.name), names=", ".join(AXES))
        if not self.values:
            raise StudioError("grid.axis_empty", name=self.name)
        for word in self.values:
            _READERS[self.name](self.name, word)
        return self

    @classmethod
    def parse(cls, words: str) -> Self:
        """From "steps=6,10,14", "warmth=1..5", "guidance=1..9..2" or "text=red bag|blue bag".

        Raises StudioError grid.axis_form, .axis_unknown, .axis_empty, and those of the values.
        """
        name, equals, said = words.partition("=")
        if not equals:
            raise StudioError("grid.axis_form", words=values.shown(words))
        name = name.strip().lower()
        separator = _BAR if name in _SENTENCES else _COMMA
        parts = [part.strip() for part in separator.split(said) if part.strip()]
        if name not in _SENTENCES:
            parts = [number for part in parts for number in numbers(part, MAX_CELLS) or (part,)]
        return cls(name=name, values=tuple(dict.fromkeys(parts)))

    @property
    def said(self) -> str:
        """The values as `parse` reads them."""
        return (" | " if self.name in _SENTENCES else ", ").join(self.values)

    def labels(self, language: Language) -> list[str]:
        """What tells each value from the others, as a heading: a number, the words of a style, a changed word."""
        if self.name == "text":
            return _differences(self.values)
        return [_label(self.name, word, language) for word in self.values]


class Grid(Noun):
    """At most three different axes and 100 cells."""

    axes: tuple[Axis, ...]

    @model_validator(mode="after")
    def _rules(self) -> Self:
        names = [axis.name for axis in self.axes]
        if not 1 <= len(names) <= MAX_AXES:
            raise StudioError("grid.axes", count=len(names), limit=MAX_AXES)
        for name in names:
            if names.count(name) > 1:
                raise StudioError("grid.axis_twice", name=name)
        if self.size > MAX_CELLS:
            raise StudioError("grid.too_many", count=self.size, limit=MAX_CELLS)
        return self

    @property
    def size(self) -> int:
        """How many cells."""
        return prod(len(axis.values) for axis in self.axes)


class Band(Noun):
    """A row of cells as it is shown. columns: headings above the cells, none below a row with the same; title: of the
    sheet that begins here; cells: their numbers."""

    title: str = ""
    columns: tuple[str, ...] = ()
    row: str = ""
    cells: tuple[int, ...]


class AxisWords(Noun):
    """What a user calls an axis, and values to show how they are typed."""

    en: str
    zh: str
    example: str


@cache
def axis_words() -> dict[str, AxisWords]:
    """Of every axis. ValidationError for a table that is wrong."""
    table = json.loads(NAMES.read_text(encoding="utf-8"))
    return {name: AxisWords.model_validate(table[name]) for name in AXES}


def axis_name(name: str, language: Language) -> str:
    """What a user calls an axis."""
    words = axis_words()[name]
    return words.zh if language == "zh" else words.en


def bands(grid: Grid, language: Language) -> list[Band]:
    """The grid from top to bottom. A single axis is wrapped like text, every cell under its own heading."""
    across, *others = (tuple(axis.labels(language)) for axis in grid.axes)
    numbers = range(grid.size)
    if not others:
        return [
            Band(columns=across[i : i + WRAP], cells=tuple(numbers[i : i + WRAP])) for i in range(0, grid.size, WRAP)
        ]
    rows, *sheets = others
    titles = [f"{axis_name(grid.axes[2].name, language)} {label}" for label in sheets[0]] if sheets else [""]
    return [
        Band(
            title=title if y == 0 else "",
            columns=across if y == 0 else (),
            row=row,
            cells=tuple(numbers[(z * len(rows) + y) * len(across) :][: len(across)]),
        )
        for z, title in enumerate(titles)
        for y, row in enumerate(rows)
    ]


class Plan(Noun):
    """What is to be made: the only request, or those of the cells of a grid."""

    grid: Grid | None
    requests: tuple[GenerationRequest, ...]


def plan(options: Mapping[str, Any], find_model: Callable[[str], PromptModel], axes: Sequence[Axis] = ()) -> Plan:
    """The requests of `options` (arguments of `make_request`) with the alternatives of its text and `axes` varied.

    Marks are of the first alternative; the others get those that lie on what they share with it.
    Raises StudioError of `variations.expand`, `Grid`, `requests` and `make_request`.
    """
    texts = expand(options["text"], MAX_CELLS)
    options = {**options, "text": texts[0]}
    worded = (Axis(name="text", values=texts),) if len(texts) > 1 else ()
    if not worded and not axes:
        return Plan(grid=None, requests=(make_request(**options),))
    grid = Grid(axes=(*worded, *axes))
    return Plan(grid=grid, requests=tuple(requests(grid, options, find_model)))


def cells(grid: Grid) -> list[dict[str, Any]]:
    """What each cell changes, {axis: value}: row by row, sheet by sheet."""
    turned = reversed(grid.axes)
    changes = [[(axis.name, _READERS[axis.name](axis.name, word)) for word in axis.values] for axis in turned]
    return [dict(reversed(cell)) for cell in product(*changes)]


def requests(
    grid: Grid, options: Mapping[str, Any], find_model: Callable[[str], PromptModel]
) -> list[GenerationRequest]:
    """A request for each cell: `options` of `make_request` with its changes. One seed for all, unless it is varied.

    Raises StudioError grid.prompt_fixed (words are varied, and the prompt is given), grid.adapter_missing, and those
    of `make_request`.
    """
    if (options.get("prompt") or "") and (fixed := [axis.name for axis in grid.axes if axis.name in _WORDED]):
        raise StudioError("grid.prompt_fixed", name=fixed[0])
    seed = options.get("seed")
    common = {**options, "seed": secrets.randbelow(MAX_SEED + 1) if seed is None else seed}
    return [make_request(**_changed(common, cell, find_model)) for cell in cells(grid)]


def _changed(options: dict[str, Any], cell: dict[str, Any], find_model: Callable[[str], PromptModel]) -> dict[str, Any]:
    changed = options | {name: value for name, value in cell.items() if name not in _STYLE}
    style = cell.get("style") or options.get("style") or StyleSettings()
    if "preset" in cell and "style" not in cell:
        style = _look(cell["preset"], style)
    single = {name: value for name, value in cell.items() if name in _STYLE and name != "style"}
    changed["style"] = style.model_copy(update=single)
    if "text" in cell and options.get("marks"):
        changed["marks"] = moved(options["marks"], check_text(options["text"]), check_text(cell["text"]))
    if "model" in cell:
        changed["model"] = find_model(cell["model"])
    if "adapter" in cell:
        if not options.get("adapters"):
            raise StudioError("grid.adapter_missing")
        first, *rest = options["adapters"]
        changed["adapters"] = [first.model_copy(update={"scale": changed.pop("adapter")}), *rest]
    return changed


def _look(preset: str, style: StyleSettings) -> StyleSettings:
    """The levels of a preset; an automatic position leaves that of `style`."""
    own = find_preset(preset).style
    return own if own.position != "auto" else own.model_copy(update={"position": style.position})


def _label(name: str, word: str, language: Language) -> str:
    if name == "preset":
        return find_preset(word).name.said(language)
    if name == "style":
        said = styles.phrases(StyleSettings.parse(word.split()), language)
        return ("，" if language == "zh" else ", ").join(said) or "–"
    if name in _STYLE:
        said = styles.phrases(StyleSettings.parse([f"{name}={word}"]), language)
        return " ".join([word, *said] if name != "position" else said or [word])
    return word.replace("x", " × ") if name == "size" else word


def _differences(texts: Sequence[str]) -> list[str]:
    """Each text without the words with which all begin and all end; whole where one would have nothing left."""
    import jieba  # here, because it reads its dictionary

    split = [jieba.lcut(text) for text in texts]
    before = _shared(split)
    after = _shared([words[before:][::-1] for words in split])
    short = ["".join(words[before : len(words) - after]).strip(" ,，、") for words in split]
    return short if all(short) else list(texts)


def _shared(texts: Sequence[Sequence[str]]) -> int:
    """With how many same words all begin."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*texts, strict=False)))
