"""A grid as one picture: its cells in labelled rows and columns, a third axis as one sheet below another."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil, isqrt

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from t2i_studio.brief.grids import Band, Grid, axis_name, bands
from t2i_studio.domain import Variant
from t2i_studio.engine.infotext import OURS, THEIRS, VERSION, parameters
from t2i_studio.errors import Language, StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.grids import StoredGrid
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variants

MAX_SIDE = 8000
"""Pixels: larger sheets are scaled down, so that any viewer opens them."""
PAPER, INK, MUTED, BLANK = "#ffffff", "#211e1b", "#6b655e", "#f0ede8"
MAX_LINES = 3
MAX_CHARACTERS = 300
"""Of a heading, before it is broken into lines."""


@dataclass(frozen=True)
class _Layout:
    """Pixels. side: width and height of a cell; left: of the row labels; gap: between cells and around the whole."""

    side: tuple[int, int]
    columns: int
    left: int
    gap: int
    font: ImageFont.FreeTypeFont

    @property
    def line(self) -> int:
        return round(self.font.size * 1.45)

    @property
    def width(self) -> int:
        return self.column(self.columns) + self.gap

    def column(self, place: int) -> int:
        """Left edge of a cell."""
        return 2 * self.gap + self.left + place * (self.side[0] + self.gap)

    def head(self, band: Band) -> int:
        """Height of what stands above a band's cells."""
        lines = max((len(_wrap(words, self.font, self.side[0])) for words in band.columns), default=0)
        return round((lines + 1.2 * bool(band.title) + 0.4 * bool(band.columns)) * self.line)

    def write(self, pen: ImageDraw.ImageDraw, at: tuple[int, int], lines: Sequence[str]) -> None:
        for place, words in enumerate(lines):
            pen.text((at[0], at[1] + place * self.line), words, INK, self.font)


def make_sheet(db: Database, grid: StoredGrid, language: Language) -> bytes:
    """PNG of the grid's pictures as far as they are made, its parameters inside as in any picture of ours.

    Raises StudioError grid.no_picture while there is none.
    """
    plan = Grid.model_validate({"axes": grid.axes})
    numbers = [number for job in grid.jobs for number in job.variants]
    rows = iter(get_variants(db, numbers))
    cells = [[next(rows) for _ in job.variants] for job in grid.jobs]
    made = [variant for cell in cells for variant in cell if variant.image and not variant.deleted]
    if not made:
        raise StudioError("grid.no_picture", id=grid.id)
    tiles = [_tile(db, cell) for cell in cells]
    text = "" if any(axis.name == "text" for axis in plan.axes) else made[0].request.text
    picture = draw(plan, tiles, text, language)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", pnginfo=_chunks(grid, plan, made[0]), compress_level=6)
    return buffer.getvalue()


def draw(grid: Grid, tiles: Sequence[Image.Image | None], text: str, language: Language) -> Image.Image:
    """The sheet of `tiles`, a picture a cell, None for one that is not made. text: what all are of, above them."""
    shown = bands(grid, language)
    names = [axis_name(axis.name, language) for axis in grid.axes]
    layout = _layout(shown, tiles)
    heading = _wrap(text, layout.font, layout.width - 4 * layout.gap)
    top = layout.gap + (len(heading) + 1) * layout.line
    heights = [layout.head(band) + layout.side[1] + layout.gap for band in shown]
    sheet = Image.new("RGB", (layout.width, top + sum(heights) + layout.gap), PAPER)
    pen = ImageDraw.Draw(sheet)
    layout.write(pen, (2 * layout.gap, layout.gap), heading)
    directions = "    ".join(f"{name} {arrow}" for name, arrow in zip(names, "→↓", strict=False))
    pen.text((2 * layout.gap, layout.gap + len(heading) * layout.line), directions, MUTED, layout.font)
    for band, height in zip(shown, heights, strict=True):
        _draw_headings(pen, layout, band, top)
        for place, number in enumerate(band.cells):
            _place(sheet, tiles[number], (layout.column(place), top + layout.head(band)), layout.side)
        top += height
    return sheet


def _tile(db: Database, cell: Sequence[Variant]) -> Image.Image | None:
    """The variants of a cell side by side, as square as they can be."""
    pictures = [variant.image for variant in cell if variant.image and not variant.deleted]
    if not pictures:
        return None
    opened = [Image.open(image_path(db, sha)).convert("RGB") for sha in pictures]
    across = isqrt(len(opened) - 1) + 1
    width, height = max(p.width for p in opened), max(p.height for p in opened)
    tile = Image.new("RGB", (across * width, ceil(len(opened) / across) * height), BLANK)
    for place, picture in enumerate(opened):
        tile.paste(picture, (place % across * width, place // across * height))
    return tile


def _layout(shown: Sequence[Band], tiles: Sequence[Image.Image | None]) -> _Layout:
    """Cells as large as their pictures, but no side of the sheet much over MAX_SIDE."""
    made = [tile for tile in tiles if tile is not None]
    width, height = max(tile.width for tile in made), max(tile.height for tile in made)
    columns = max(len(band.cells) for band in shown)
    scale = min(1.0, 0.9 * MAX_SIDE / (columns * width), 0.9 * MAX_SIDE / (len(shown) * height))
    side = max(1, round(width * scale)), max(1, round(height * scale))
    font = _font(min(40, max(14, side[0] // 14)))
    row = max(font.getlength(band.row) for band in shown)
    left = round(min(row, max(120, side[0] * 0.7)) + font.size) if row else 0
    return _Layout(side, columns, left, max(8, side[0] // 32), font)


def _draw_headings(pen: ImageDraw.ImageDraw, layout: _Layout, band: Band, top: int) -> None:
    below = top + layout.head(band)
    if band.title:
        layout.write(pen, (2 * layout.gap, top), [band.title])
    for place, words in enumerate(band.columns):
        lines = _wrap(words, layout.font, layout.side[0])
        layout.write(pen, (layout.column(place), below - round((len(lines) + 0.2) * layout.line)), lines)
    lines = _wrap(band.row, layout.font, layout.left - layout.font.size / 2)
    layout.write(pen, (2 * layout.gap, below + (layout.side[1] - len(lines) * layout.line) // 2), lines)


def _place(sheet: Image.Image, tile: Image.Image | None, at: tuple[int, int], side: tuple[int, int]) -> None:
    """A tile as large as fits into its cell, in the middle; an empty field for a missing one."""
    if tile is None:
        tile = Image.new("RGB", side, BLANK)
    scale = min(side[0] / tile.width, side[1] / tile.height)
    size = max(1, round(tile.width * scale)), max(1, round(tile.height * scale))
    fitting = tile if size == tile.size else tile.resize(size, Image.Resampling.LANCZOS)
    sheet.paste(fitting, (at[0] + (side[0] - size[0]) // 2, at[1] + (side[1] - size[1]) // 2))


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines of at most `width` pixels, at most MAX_LINES; broken at spaces, else between characters."""
    lines: list[str] = []
    rest = " ".join(text[:MAX_CHARACTERS].split())
    while rest and len(lines) < MAX_LINES:
        fits = len(rest)
        while fits > 1 and font.getlength(rest[:fits]) > width:
            fits -= 1
        if fits < len(rest) and " " in rest[:fits].strip():
            fits = rest.rindex(" ", 0, fits + 1) or fits
        lines.append(rest[:fits].strip())
        rest = rest[fits:].strip()
    if rest:
        lines[-1] = lines[-1][:-1] + "…"
    return lines


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Noto Sans SC, which has Chinese and Latin letters, from its package: not every machine has such a font."""
    path = files("justmytype_intl_cjk") / "fonts" / "ofl" / "notosanssc" / "NotoSansSC[wght].ttf"
    font = ImageFont.truetype(str(path), size)
    font.set_variation_by_name("Medium")
    return font


def _chunks(grid: StoredGrid, plan: Grid, first: Variant) -> PngImagePlugin.PngInfo:
    """The settings of the first picture, and what is varied."""
    assert first.origin is not None  # it has a picture
    varied = ", ".join(f"{axis.name}: {' | '.join(axis.values)}" for axis in plan.axes)
    one = first.request.model_copy(update={"seed": first.seed, "variants": 1})
    ours = {"version": VERSION, "request": one.model_dump(mode="json"), "grid": list(grid.axes)}
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(THEIRS, f"{parameters(first.origin)}, Grid: {json.dumps(varied, ensure_ascii=False)}")
    chunks.add_itxt(OURS, json.dumps(ours, ensure_ascii=False))
    return chunks
