"""A shop's data set: from its table and pictures to a work folder's own catalogue, and what was taken and what not."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from t2i_studio.errors import Language, StudioError
from t2i_studio.judge.folder import load_judge
from t2i_studio.pretraining.catalogue import ALL, FOLDER, Catalogue, Product, fetch_renders, load_catalogue
from t2i_studio.pretraining.concepts import ROOM
from t2i_studio.pretraining.export import known_objects
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.shop.alignment import doubts
from t2i_studio.pretraining.shop.cutting import Cut, cut_out, fingerprint, same_picture
from t2i_studio.pretraining.shop.table import Entry, Reader, Remark, read_rows
from t2i_studio.pretraining.shop.views import views
from t2i_studio.pretraining.writing import writing

RENDER = 256  # px of a render's longer side, as the studio's own have
FAINT = 0.3  # share of an outline hardly unlike its background from which on the cut-out is to be looked at
TILE, COLUMNS = 160, 8  # of the sheet of cut-outs
GROUND = (120, 160, 120)  # of that sheet: a colour that few products have


@dataclass(frozen=True)
class Report:
    """taken: id → number of pictures used. refused: rows and pictures that could not be used. doubtful: what was used
    and should be looked at.
    """

    taken: dict[str, int]
    refused: list[Remark]
    doubtful: list[Remark]

    def as_data(self, language: Language) -> dict[str, Any]:
        """As JSON says it: {"taken": {id: pictures}, "refused": [{row, id, key, sentence}], "doubtful": […]}."""

        def rows(remarks: Sequence[Remark]) -> list[dict[str, Any]]:
            return [
                {"row": each.row, "id": each.id, "key": each.what.key, "sentence": each.what.sentence(language)}
                for each in sorted(remarks, key=lambda remark: remark.row)
            ]

        return {"taken": self.taken, "refused": rows(self.refused), "doubtful": rows(self.doubtful)}


def build(
    table: Path, pictures: Path, work: Path, model: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:  # fmt: skip
    """Make `work`'s own catalogue of the products that `model` knows and those of the shop's table.

    work/catalogue appears whole or not at all: the tables, report.json, and cut-outs.png, a sheet of what was cut out;
    the renders go to work/renders. progress: told after each row how many of how many are done. StudioError for a
    table, folder or model that cannot be read, and for a work folder in which scenes or runs were begun. Where no
    picture can be used nothing is written, and nothing was taken.
    """
    _check_unused(work)
    if not pictures.is_dir():
        raise StudioError("shop.no_folder", path=pictures)
    studio, theirs = load_catalogue(), known_objects(model)
    base = studio.model_copy(update={"objects": {id: row for id, row in studio.objects.items() if id in theirs}})
    reader, picker = Reader(studio, list(base.objects)), _Picker(pictures)
    chosen, refused = _choose(read_rows(table), reader, picker, progress)
    if not chosen:
        return Report({}, refused, [])
    if (count := len(base.objects) + len(chosen)) > ROOM["object"]:
        raise StudioError("shop.too_many", count=count, room=ROOM["object"])
    doubtful = [Remark(entry.row, entry.id, doubt) for entry, _ in chosen for doubt in entry.doubts]
    doubtful += [
        Remark(entry.row, entry.id, StudioError("shop.faint", share=round(100 * cut.faint)))
        for entry, cuts in chosen for cut in cuts if cut.faint > FAINT
    ]  # fmt: skip
    taken = {entry.id: len(cuts) for entry, cuts in chosen}
    return _write(work, base, chosen, Report(taken, refused, doubtful))


def _choose(
    rows: Sequence[tuple[int, dict[str, str]]], reader: Reader, picker: "_Picker", progress: Callable[[int, int], None]
) -> tuple[list[tuple[Entry, list[Cut]]], list[Remark]]:
    """The entries that can be used, with their cut-outs; and why rows and pictures cannot be used."""
    chosen: list[tuple[Entry, list[Cut]]] = []
    refused: list[Remark] = []
    for done, (row, cells) in enumerate(rows, 1):
        try:
            entry = reader.entry(row, cells)
            if cuts := picker.cuts(entry, refused):
                reader.use(entry)
                chosen.append((entry, cuts))
        except StudioError as error:
            refused.append(Remark(row, cells["id"], error))
        progress(done, len(rows))
    return chosen, refused


def _check_unused(work: Path) -> None:
    """Scenes and checkpoints are about the classes of one catalogue: another would make nonsense of them."""
    begun = [path for pattern in ("corpus-*", "pairs-*", "*/checkpoint.pt") for path in work.glob(pattern)]
    if begun:
        raise StudioError("shop.work_begun", path=begun[0])


class _Picker:
    """Cuts out the pictures of entries, each picture once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[tuple[np.ndarray, str]] = []

    def cuts(self, entry: Entry, refused: list[Remark]) -> list[Cut]:
        """The cut-outs of the pictures that can be used; of the others it is said why."""
        cuts = []
        for name in entry.files:
            try:
                cut = cut_out(self.folder / name, entry.pieces)
                self._check_new(fingerprint(cut.picture), name)
                cuts.append(cut)
            except StudioError as error:
                refused.append(Remark(entry.row, entry.id, error))
        return cuts

    def _check_new(self, found: np.ndarray, name: str) -> None:
        for other, file in self.seen:
            if same_picture(found, other):
                raise StudioError("shop.doubled", file=name, other=file)
        self.seen.append((found, name))


def _write(work: Path, base: Catalogue, chosen: Sequence[tuple[Entry, list[Cut]]], report: Report) -> Report:
    """The renders, then the catalogue, whole; returns the finished report."""
    renders, target, partial = fetch_renders(work), work / "catalogue", work / "catalogue.part"
    rng = np.random.default_rng(0)
    products = []
    with writing(target):
        for entry, cuts in chosen:
            shown = views([cut.picture for cut in cuts], entry.mirror, rng)
            products.append(product := _product(entry, len(shown)))
            for number, picture in enumerate(shown):
                small = ImageOps.contain(picture, (RENDER, RENDER), Image.Resampling.LANCZOS)
                small.save(renders / f"{product.view(number)}.webp", lossless=True)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(FOLDER, partial, ignore=shutil.ignore_patterns("*.md", "phrases.toml", "traditional.csv"))
        _write_objects(partial / "objects.csv", [*base.objects.values(), *products])
        _sheet([cut.picture for _, cuts in chosen for cut in cuts]).save(partial / "cut-outs.png")
        seen = _doubts([entry for entry, _ in chosen], load_catalogue(partial), renders)
        report = replace(report, doubtful=[*report.doubtful, *seen])
        said = json.dumps(report.as_data("en"), ensure_ascii=False, indent=2)
        (partial / "report.json").write_text(said + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    return report


def _product(entry: Entry, count: int) -> Product:
    """The row of the catalogue; of tier 1, as all rows of a shop's catalogue are: it has no curriculum."""
    first, *others = entry.colors or ("",)
    return Product(
        **entry.words.model_dump(), id=entry.id, code=f"shop_{entry.id}", tier=1, category=entry.category,
        natural="" if first == ALL else first, colors=entry.colors if others or first == ALL else (),
        recolor="all", hypernym_en=entry.hypernyms[0], hypernym_zh=entry.hypernyms[1], views=count,
    )  # fmt: skip


def _write_objects(path: Path, products: Sequence[Product]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(Product.model_fields))
        table.writeheader()
        for product in products:
            cells = product.model_copy(update={"tier": 1}).model_dump()
            table.writerow({name: "|".join(cell) if isinstance(cell, tuple) else cell for name, cell in cells.items()})


def _doubts(entries: Sequence[Entry], catalogue: Catalogue, renders: Path) -> list[Remark]:
    renderer, judge, studio = Renderer(catalogue, renders, 128), load_judge(), load_catalogue()
    return [
        Remark(entry.row, entry.id, doubt)
        for entry in entries
        for doubt in doubts(catalogue.objects[entry.id], renderer, judge, studio)
    ]


def _sheet(cuts: Sequence[Image.Image]) -> Image.Image:
    """All cut-outs on one colour, so that what is missing or too much can be seen."""
    sheet = Image.new("RGB", (min(len(cuts), COLUMNS) * TILE, -(-len(cuts) // COLUMNS) * TILE), GROUND)
    for number, cut in enumerate(cuts):
        small = cut.copy()
        small.thumbnail((TILE - 16, TILE - 16))
        row, column = divmod(number, COLUMNS)
        sheet.paste(small, (column * TILE + (TILE - small.width) // 2, row * TILE + TILE - 8 - small.height), small)
    return sheet
