"""A shop's table of products: its rows read and checked, each fault told with its row."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import ALL, Catalogue, Words
from t2i_studio.pretraining.tokenizer import vocabulary

NEEDED = ("id", "file", "en", "zh")
OPTIONAL = ("zh_hant", "synonyms_en", "synonyms_zh", "colors", "category", "mirror", "pieces")
OTHER_NAMES = {"files": "file", "color": "colors", "colour": "colors", "colours": "colors"}
LONGEST = 6  # English words of a name: every one is a token, and a caption has room for few
_SEVERAL = re.compile("[;；|]")
_HAN = re.compile("[㐀-鿿]")
_YES_NO = {"yes": True, "是": True, "no": False, "否": False, "": False}


@dataclass(frozen=True)
class Remark:
    """What is to be said of a row. row: its line in the table, the header being line 1."""

    row: int
    id: str
    what: StudioError


@dataclass(frozen=True)
class Entry:
    """A row whose cells make sense. colors: ids of the catalogue's, the first that of the pictures; ALL: every one.

    category: as the catalogue has it, with its general words, where it has it. pieces: separate things in one picture.
    doubts: what was left out of it, or is odd.
    """

    row: int
    id: str
    files: tuple[str, ...]
    words: Words
    colors: tuple[str, ...]
    category: str
    hypernyms: tuple[str, str]
    mirror: bool
    pieces: int
    doubts: tuple[StudioError, ...] = ()


def read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and cells of the rows that are not empty, by the names of NEEDED and OPTIONAL.

    In UTF-8, or in GB 18030 as Excel writes it in China. StudioError file.missing, file.unreadable, shop.columns,
    shop.empty.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise StudioError("file.missing", path=path) from error
    except (OSError, ValueError) as error:
        raise StudioError("file.unreadable", path=path) from error
    reader = csv.DictReader(io.StringIO(_text(data, path), newline=""))
    try:
        names = {name: _column(name) for name in reader.fieldnames or ()}
        if missing := [name for name in NEEDED if name not in names.values()]:
            raise StudioError("shop.columns", path=path, missing=", ".join(missing), needed=", ".join(NEEDED))
        rows = [(reader.line_num, _cells(row, names)) for row in reader]
    except csv.Error as error:
        raise StudioError("file.unreadable", path=path) from error
    if not (full := [(line, row) for line, row in rows if any(row.values())]):
        raise StudioError("shop.empty", path=path)
    return full


def _cells(row: Mapping[str, str | None], names: Mapping[str, str]) -> dict[str, str]:
    """Cells by column, on one line; of a row that ends early the rest is empty."""
    return {names[name]: " ".join((cell or "").split()) for name, cell in row.items() if name in names}


def _text(data: bytes, path: Path) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StudioError("file.unreadable", path=path)


def _column(name: str) -> str:
    plain = name.strip().lower()
    return OTHER_NAMES.get(plain, plain)


class Reader:
    """Rows to entries; remembers which ids and words are taken.

    Those of all the studio's products and of the entries that are used; words only of what the model knows (`known`).
    """

    def __init__(self, studio: Catalogue, known: Sequence[str]) -> None:
        self.studio = studio
        self._ids = dict.fromkeys(studio.objects, 0)
        concepts = vocabulary(studio, known).values()
        self._owners = {_plain(word): concept["en"] for concept in concepts for word in _names(concept)}

    def entry(self, row: int, cells: Mapping[str, str]) -> Entry:
        """StudioError shop.… when the row cannot be used."""
        id = re.sub(r"[\s\-.]+", "_", cells["id"].lower())
        self._check_id(id, cells["id"])
        if not (files := several(cells["file"])):
            raise StudioError("shop.no_file")
        words, taken = self._words(cells)
        colors, strange = self._colors(cells.get("colors", ""))
        return Entry(
            row, id, files, words, colors, *self._category(cells.get("category", ""), words),
            _yes_no(cells.get("mirror", "")), _number(cells.get("pieces", "")), (*taken, *strange),
        )  # fmt: skip

    def use(self, entry: Entry) -> None:
        """From now on its id and words are taken."""
        self._ids[entry.id] = entry.row
        self._owners |= {_plain(word): entry.words.en for word in _names(entry.words.model_dump())}

    def _check_id(self, id: str, written: str) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", id):
            raise StudioError("shop.id", id=written)
        if (row := self._ids.get(id)) is not None:
            raise StudioError("shop.id_doubled", id=id, row=row) if row else StudioError("shop.id_taken", id=id)

    def _words(self, cells: Mapping[str, str]) -> tuple[Words, list[StudioError]]:
        """The names, and what is doubtful about them."""
        en, zh = cells["en"], cells["zh"]
        if missing := [name for name in ("en", "zh") if sum(map(str.isalnum, cells[name])) < 2 - (name == "zh")]:
            raise StudioError("shop.no_words", missing=", ".join(missing))
        if len(en.split()) > LONGEST:
            raise StudioError("shop.long_name", name=en, longest=LONGEST)
        strange = [StudioError("shop.languages", en=en, zh=zh)] if not _HAN.search(zh) or _HAN.search(en) else []
        names = [en, zh, cells.get("zh_hant") or in_traditional(zh)]
        for name in names:
            if owner := self._owners.get(_plain(name)):
                raise StudioError("shop.word_taken", word=name, owner=owner)
        synonyms = {}
        for column in ("synonyms_en", "synonyms_zh"):
            given = several(cells.get(column, ""))
            taken = {word: owner for word in given if (owner := self._owners.get(_plain(word)))}
            strange += [StudioError("shop.synonym_taken", word=word, owner=owner) for word, owner in taken.items()]
            synonyms[column] = tuple(word for word in given if word not in taken)
        return Words(en=names[0], zh=names[1], zh_hant=names[2], **synonyms), strange

    def _colors(self, cell: str) -> tuple[tuple[str, ...], list[StudioError]]:
        """Ids of colours by any of their words, and those that are none."""
        by_word = {
            _plain(word): color.id for color in self.studio.colors.values() for word in _names(color.model_dump())
        }
        by_word["all"] = ALL
        found = {word: by_word.get(_plain(word)) for word in several(cell)}
        known = ", ".join(self.studio.colors)
        strange = [StudioError("shop.color", color=word, known=known) for word, id in found.items() if id is None]
        return tuple(dict.fromkeys(id for id in found.values() if id)), strange

    def _category(self, cell: str, words: Words) -> tuple[str, tuple[str, str]]:
        """The studio's category with its general words; of another one the product's own names."""
        for product in self.studio.objects.values():
            names = (product.category, product.hypernym_en, product.hypernym_zh)
            if _plain(cell) in map(_plain, names):
                return product.category, names[1:]
        return cell, (words.en, words.zh)


def several(cell: str) -> tuple[str, ...]:
    """The parts of a cell, separated by ; ； or |."""
    return tuple(part.strip() for part in _SEVERAL.split(cell) if part.strip())


def _plain(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).lower().split())


def _names(concept: Mapping[str, Any]) -> Iterable[str]:
    """All words of a concept as vocabulary() or Words has it."""
    for field, value in concept.items():
        if field.startswith(("en", "zh", "synonyms", "plurals")):
            yield from [value] if isinstance(value, str) else value


def _yes_no(cell: str) -> bool:
    if cell.lower() not in _YES_NO:
        raise StudioError("shop.yes_no", value=cell)
    return _YES_NO[cell.lower()]


def _number(cell: str) -> int:
    if cell and not (cell.isdecimal() and 1 <= int(cell) <= 9):
        raise StudioError("shop.pieces", value=cell)
    return int(cell or 1)


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


def in_traditional(text: str) -> str:
    """Simplified Chinese in traditional characters."""
    converted: str = _converter().convert(text)
    return converted
