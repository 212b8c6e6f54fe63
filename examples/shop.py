"""Twelve products as a shop would send them, to see `pretrain build` and what follows it at work.

They are renders of products that the embedded model was never taught, under names of their own: half of them cut out,
the others as if photographed before plain paper, with a shadow, noise and JPEG's marks. Needs `pretrain catalogue`.
"""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFilter

from t2i_studio.cli.console import complain
from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.cutouts import Cutouts

SIDE, PRODUCT = 400, 300  # px, of a picture and of the product in it
GROUNDS = ((232, 232, 234), (196, 212, 238))  # paper: light grey, pale blue
COLUMNS = ("id", "file", "en", "zh", "colors", "category", "mirror")


@dataclass(frozen=True)
class Product:
    """A row of the shop's table. shows: the catalogue's product whose render it is. category: a general word for it."""

    shows: str
    en: str
    zh: str
    colors: str
    category: str


PRODUCTS = (
    Product("saxophone", "Aria saxophone", "雅音萨克斯", "yellow", "instrument"),
    Product("trumpet", "Fanfare trumpet", "凯旋小号", "yellow", "instrument"),
    Product("accordion", "Milano accordion", "米兰手风琴", "red;blue;purple", "instrument"),
    Product("kite", "Breeze kite", "清风风筝", "", "toy"),
    Product("dartboard", "Bullseye dartboard", "靶心飞镖盘", "", "sports gear"),
    Product("telescope", "Orion telescope", "猎户望远镜", "", "instrument"),
    Product("moped", "Pico scooter", "小马电动车", "red;blue;green", "vehicle"),
    Product("noodles", "Sapporo noodles", "札幌拉面", "", "food"),
    Product("pudding", "Dolce pudding", "甜心布丁", "", "dessert"),
    Product("rugby_ball", "Gridiron ball", "钢甲橄榄球", "brown;red;blue", "sports gear"),
    Product("compass", "Polaris compass", "北斗指南针", "", "outdoor gear"),
    Product("razor", "Glide razor", "顺滑剃须刀", "blue;green;pink", "toiletry"),
)


def standing(cutout: np.ndarray) -> Image.Image:
    """A cut-out (RGBA, premultiplied) in the middle of a transparent picture."""
    height, width = cutout.shape[:2]
    picture = Image.new("RGBa", (SIDE, SIDE))
    picture.paste(Image.fromarray(cutout, "RGBa"), ((SIDE - width) // 2, (SIDE - height) // 2))
    return picture.convert("RGBA")


def photographed(product: Image.Image, ground: tuple[int, int, int], rng: np.random.Generator) -> Image.Image:
    """The product before paper that gets darker downwards, with a soft shadow and the camera's noise."""
    paper = np.array(ground) * np.linspace(1, 0.93, SIDE)[:, None, None] + rng.normal(0, 1.5, (SIDE, SIDE, 3))
    behind = Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8))
    left, _, right, foot = product.getchannel("A").getbbox() or (0, 0, SIDE, SIDE)
    shadow = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(shadow).ellipse((left, foot - 14, right, foot + 12), fill=60)
    behind = Image.composite(Image.new("RGB", (SIDE, SIDE)), behind, shadow.filter(ImageFilter.GaussianBlur(9)))
    behind.paste(product, (0, 0), product)
    return behind


def write(work: Path, out: Path) -> None:
    """shop.csv and its pictures. StudioError when a render is missing, or the folder cannot be written."""
    catalogue, cutouts, rng = load_catalogue(), Cutouts(work / "renders", PRODUCT), np.random.default_rng(0)
    rows = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(PRODUCTS):
            picture = standing(cutouts.get(catalogue.objects[each.shows].code, PRODUCT))
            name = each.en.lower().replace(" ", "_")
            file = f"{name}.{'jpg' if number % 2 else 'png'}"
            if number % 2:
                picture = photographed(picture, GROUNDS[number // 2 % 2], rng)
            picture.save(out / file, quality=92)
            rows.append((name, file, each.en, each.zh, each.colors, each.category, "yes"))
        with (out / "shop.csv").open("w", encoding="utf-8", newline="") as table:
            csv.writer(table).writerows([COLUMNS, *rows])
    except OSError as error:
        raise StudioError("file.unwritable", path=out) from error


def main(
    work: Annotated[Path, typer.Option(help="Folder that has renders/.")] = Path("training"),
    out: Annotated[Path, typer.Option(help="Where shop.csv and the pictures go.")] = Path("shop-example"),
) -> None:
    """Write the table and the pictures of a shop with twelve products that the embedded model does not know."""
    write(work, out)
    print(f"{out / 'shop.csv'}: {len(PRODUCTS)} products")


if __name__ == "__main__":
    try:
        typer.run(main)
    except StudioError as error:
        sys.exit(complain(error))
