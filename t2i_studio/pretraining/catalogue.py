"""What the embedded model is taught: the tables of assets/catalogue, and the renders they name.

Everything a marketer might correct (words, colours, which colour suits which product) is in the tables;
this module reads and checks them, and fetches the pictures through npm. A work folder may have tables of its own,
in catalogue/, with a shop's products (shop/dataset.py); its runs are about these.
"""

import csv
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from t2i_studio.domain import STYLE_CONTROLS, StyleControl
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS

FOLDER = ASSETS / "catalogue"
RENDERS = "@lobehub/fluent-emoji-3d@1.1.0"
ALL = "ALL"
DRAWN = "bubble"


class Words(BaseModel):
    """The words of one concept in three scripts; the first is the usual one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    zh_hant: str = Field(min_length=1)
    synonyms_en: tuple[str, ...] = ()
    synonyms_zh: tuple[str, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _split(cls, value: object, info: object) -> object:
        """Cells of tuple columns are written a|b."""
        annotation = cls.model_fields[info.field_name].annotation  # type: ignore[attr-defined]
        if isinstance(value, str) and annotation == tuple[str, ...]:
            return tuple(part.strip() for part in value.split("|") if part.strip())
        return value


class Concept(Words):
    """A row with a name that never changes, whatever happens to its words."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")


class Color(Concept):
    """A colour of products or of backdrops; rgb is its middle tone as #rrggbb."""

    rgb: str = Field(pattern=r"^#[0-9a-f]{6}$")


class Product(Concept):
    """An object a shop would sell. natural: the colour of its render ("": none in particular).

    views: how many renders there are of it: CODE.webp where it is one, else CODE-1.webp, CODE-2.webp, …
    """

    code: str
    tier: int = Field(ge=1)
    category: str
    natural: str
    colors: tuple[str, ...]
    recolor: Literal["hue", "all"]
    hypernym_en: str
    hypernym_zh: str
    views: int = Field(1, ge=1)

    def view(self, number: int) -> str:
        """The code of one of its renders; any number names one."""
        return self.code if self.views == 1 else f"{self.code}-{1 + number % self.views}"


class Podium(Concept):
    """A shape of podium; "none" is the bare floor."""


class Prop(Concept):
    """A decoration of `cells` × `cells` cells that floats in the air or stands on the floor. weight: how readily it is
    taken where a description names none.
    """

    code: str
    place: Literal["air", "floor"]
    cells: int = Field(ge=1, le=2)
    weight: float = Field(default=1, ge=0)


class Place(Concept):
    """Where the product stands; weight: how often, in per cent."""

    weight: float = Field(gt=0)


class StyleLevel(Words):
    """One level of one style control; weight: how often scenes have it, in per cent."""

    control: StyleControl
    level: int = Field(ge=1, le=5)
    weight: float = Field(gt=0)


class Catalogue(BaseModel):
    """All tables, each by id in file order, so that an index into one is a stable class number."""

    model_config = ConfigDict(frozen=True)

    objects: dict[str, Product]
    colors: dict[str, Color]
    backdrops: dict[str, Color]
    podiums: dict[str, Podium]
    props: dict[str, Prop]
    positions: dict[str, Place]
    styles: dict[tuple[str, int], StyleLevel]

    @model_validator(mode="after")
    def _consistent(self) -> "Catalogue":
        for product in self.objects.values():
            strangers = {*product.colors, product.natural} - {*self.colors, ALL, ""}
            if strangers:
                raise ValueError(f"{product.id}: unknown colour {', '.join(sorted(strangers))}")
        owner: dict[str, str] = {}
        for product in self.objects.values():
            for word in {product.en, product.zh, product.zh_hant, *product.synonyms_en, *product.synonyms_zh}:
                if owner.setdefault(word, product.id) != product.id:
                    raise ValueError(f"{word} names both {owner[word]} and {product.id}")
        if set(self.styles) != {(control, level) for control in STYLE_CONTROLS for level in range(1, 6)}:
            raise ValueError("styles.csv must have exactly the levels 1 to 5 of each control")
        if not any(prop.weight for prop in self.props.values()):
            raise ValueError("props.csv must have a prop whose weight is above 0")
        return self

    def tier(self, highest: int) -> list[str]:
        """Ids of the products up to a tier of the curriculum."""
        return [product.id for product in self.objects.values() if product.tier <= highest]

    def checked(self, objects: Sequence[str]) -> list[str]:
        """`objects` as they are. StudioError when there are none or one is no product's id."""
        unknown = [name for name in objects if name not in self.objects]
        if unknown or not objects:
            raise StudioError(
                "choice.unknown", name="object", value=", ".join(unknown), choices="assets/catalogue/objects.csv"
            )
        return list(objects)

    @cached_property
    def suitable(self) -> dict[str, tuple[str, ...]]:
        """For each product the colours that look right on it; empty: its natural look only."""
        return {
            product.id: tuple(self.colors) if ALL in product.colors else product.colors
            for product in self.objects.values()
        }


Row = TypeVar("Row", bound=Words)


def _rows(folder: Path, name: str, kind: type[Row]) -> list[Row]:
    path = folder / f"{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [kind.model_validate(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise StudioError("catalogue.missing", path=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']} ({first['input']!r})"
        raise StudioError("catalogue.invalid", path=path, reason=reason) from error


def _by_id(rows: list[Row]) -> dict[str, Row]:
    return {row.id: row for row in rows}  # type: ignore[attr-defined]


def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """Read and check every table. StudioError names the file and what is wrong in it."""
    try:
        return Catalogue(
            objects=_by_id(_rows(folder, "objects", Product)),
            colors=_by_id(_rows(folder, "colors", Color)),
            backdrops=_by_id(_rows(folder, "backdrops", Color)),
            podiums=_by_id(_rows(folder, "podiums", Podium)),
            props=_by_id(_rows(folder, "props", Prop)),
            positions=_by_id(_rows(folder, "positions", Place)),
            styles={(row.control, row.level): row for row in _rows(folder, "styles", StyleLevel)},
        )
    except ValidationError as error:
        raise StudioError("catalogue.invalid", path=folder, reason=error.errors()[0]["msg"]) from error


def tables_of(work: Path) -> Path:
    """The tables that the runs of a work folder are about: its own where it has any, else the studio's."""
    own = work / "catalogue"
    return own if own.is_dir() else FOLDER


def catalogue_of(work: Path) -> Catalogue:
    """The catalogue of a work folder's runs. StudioError as load_catalogue."""
    return load_catalogue(tables_of(work))


def fetch_renders(work: Path) -> Path:
    """Folder of the renders (CODE.webp, 256 px, RGBA) inside `work`, fetched through npm where not there yet.

    StudioError when npm is missing or the package cannot be had.
    """
    target = work / "renders"
    if target.is_dir():
        return target
    npm = shutil.which("npm")
    if npm is None:
        raise StudioError("recipe.npm_missing", package=RENDERS)
    unpacked = work / "renders.part"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(parents=True)
    packed = subprocess.run(
        [npm, "pack", RENDERS, "--silent", "--pack-destination", "."],
        capture_output=True, text=True, cwd=unpacked,
    )  # fmt: skip
    archives = list(unpacked.glob("*.tgz"))
    if packed.returncode or not archives:
        reason = (packed.stderr.strip() or "no archive was written").splitlines()[-1]
        raise StudioError("recipe.fetch_failed", package=RENDERS, reason=reason)
    with tarfile.open(archives[0]) as archive:
        archive.extractall(unpacked, filter="data")
    (unpacked / "package" / "assets").rename(target)  # appears whole or not at all
    shutil.rmtree(unpacked)
    return target
