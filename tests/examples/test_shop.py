"""The example of a shop: what it writes is what `pretrain build` takes, with nothing to complain of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from examples.shop import PRODUCTS, SIDE, write
from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.export import known_objects
from t2i_studio.pretraining.shop.cutting import cut_out
from t2i_studio.pretraining.shop.table import Reader, read_rows
from t2i_studio.settings import ROOT


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder, made of a green disc on a stand for every product."""
    work = tmp_path_factory.mktemp("work")
    (work / "renders").mkdir()
    for each in PRODUCTS:
        picture = Image.new("RGBA", (96, 96))
        draw = ImageDraw.Draw(picture)
        draw.ellipse((8, 4, 88, 80), fill=(30, 140, 60, 255))
        draw.rectangle((30, 70, 66, 92), fill=(90, 40, 20, 255))
        picture.save(work / "renders" / f"{load_catalogue().objects[each.shows].code}.webp", lossless=True)
    write(work, work / "shop")
    return work / "shop"


def test_every_row_can_be_used_and_names_something_new(shop: Path) -> None:
    known = known_objects(ROOT / "assets/models/podium")
    reader = Reader(load_catalogue(), known)
    assert not {each.shows for each in PRODUCTS} & set(known)
    categories = {product.category for product in load_catalogue().objects.values()}
    for row, cells in read_rows(shop / "shop.csv"):
        entry = reader.entry(row, cells)
        reader.use(entry)
        assert entry.category in categories
        assert not entry.doubts
    assert row == 1 + len(PRODUCTS)


def test_half_of_the_products_are_photographed_and_are_cut_out_again(shop: Path) -> None:
    files = sorted(shop.glob("*.*g"))
    assert [file.suffix for file in files].count(".jpg") == len(files) // 2 == len(PRODUCTS) // 2
    areas = [np.asarray(cut_out(file).picture.getchannel("A")).mean() for file in files]
    assert np.ptp(areas) < 0.03 * np.mean(areas)  # all show the same
    with Image.open(files[0]) as picture:
        assert picture.size == (SIDE, SIDE)


def test_missing_renders_and_a_folder_that_takes_no_files_are_said(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as refused:
        write(tmp_path, tmp_path / "shop")
    assert refused.value.key == "recipe.render_missing"
    (tmp_path / "file").touch()
    with pytest.raises(StudioError) as refused:
        write(shop.parent, tmp_path / "file")
    assert refused.value.key == "file.unwritable"
