"""From a shop's table and pictures to a work folder's own catalogue."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from t2i_studio import cli
from t2i_studio.pretraining.catalogue import Catalogue, catalogue_of, load_catalogue
from t2i_studio.pretraining.concepts import ROOM
from t2i_studio.pretraining.export import known_objects
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.shop.views import EACH
from t2i_studio.settings import EMBEDDED_MODEL
from tests.pretraining.shop.conftest import write_table
from tests.pretraining.test_trainer import full_disk

HEADER = "id,file,en,zh,colors,category,pieces"
LAMP = ["lamp", "lamp.png", "Ember lamp", "余烬台灯", "red", "lighting", ""]
BASKET = ["willow", "basket.jpg", "Willow basket", "柳编野餐篮", "brown;red;blue", "", ""]


@pytest.fixture
def work(tmp_path: Path, renders: Path) -> Path:
    shutil.copytree(renders, tmp_path / "work" / "renders")
    return tmp_path / "work"


def built(work: Path, pictures: Path, *rows: list[str], header: str = HEADER) -> int:
    table = write_table(work.parent / "shop.csv", header, rows)
    return cli.run(
        ["pretrain", "build", "--from", str(table), "--images", str(pictures), "--work", str(work), "--json"]
    )


def test_the_catalogue_has_what_the_model_knows_and_then_the_shops_products(work: Path, pictures: Path) -> None:
    assert built(work, pictures, LAMP, BASKET) == 0
    made, studio = catalogue_of(work), load_catalogue()
    assert list(made.objects) == [*known_objects(EMBEDDED_MODEL), "lamp", "willow"]
    assert made.tier(1) == list(made.objects)
    assert all(made.objects[name].en == studio.objects[name].en for name in known_objects(EMBEDDED_MODEL))
    assert (made.colors, made.props, made.styles) == (studio.colors, studio.props, studio.styles)
    assert (made.objects["lamp"].natural, made.suitable["lamp"]) == ("red", ())
    assert (made.objects["willow"].natural, made.suitable["willow"]) == ("brown", ("brown", "red", "blue"))
    assert made.objects["lamp"].views == EACH
    assert not (work / "catalogue.part").exists()


def test_scenes_show_every_view_of_a_product_and_its_mask(work: Path, pictures: Path) -> None:
    assert built(work, pictures, [*LAMP[:1], "lamp.png;bottle.jpg", *LAMP[2:]]) == 0
    catalogue = catalogue_of(work)
    assert catalogue.objects["lamp"].views == 2 * EACH
    renderer, rng = Renderer(catalogue, work / "renders", 128), np.random.default_rng(0)
    scenes = [sample_scene(rng, catalogue, ["lamp"]) for _ in range(40)]
    assert {catalogue.objects["lamp"].view(scene.layout) for scene in scenes} == {
        f"shop_lamp-{1 + number}" for number in range(2 * EACH)
    }
    assert all(renderer.render(scene).std() > 5 for scene in scenes[:8])
    assert all(renderer.object_mask(scene).sum() > 1 for scene in scenes[:8])


def test_the_report_says_what_was_taken_and_why_the_rest_was_not(
    work: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        LAMP,
        ["lamp", "bottle.jpg", "Green bottle", "绿瓶", "", "", ""],
        ["copy", "lamp-again.png", "Copied lamp", "复制灯", "", "", ""],
        ["boots", "boots.png", "Storm boots", "风暴靴", "", "", ""],
        ["pair", "boots.png", "Storm boots", "风暴靴", "", "", "2"],
        ["street", "street.png;broken.png;nothing.png;small.png", "Street scene", "街景", "", "", ""],
        ["bag", "bottle.jpg", "handbag", "手提包", "", "", ""],
        ["bottle", "bottle.jpg;street.png", "Elm bottle", "榆木瓶", "champagne", "", ""],
    ]
    assert built(work, pictures, *rows) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert report["taken"] == {"lamp": 1, "pair": 1, "bottle": 1}
    assert [(row["row"], row["key"].removeprefix("shop.")) for row in report["refused"]] == [
        (3, "id_doubled"), (4, "doubled"), (5, "several"), (7, "not_plain"), (7, "picture_broken"),
        (7, "picture_missing"), (7, "too_small"), (8, "word_taken"), (9, "not_plain"),
    ]  # fmt: skip
    assert (9, "bottle", "shop.color") in [(row["row"], row["id"], row["key"]) for row in report["doubtful"]]
    assert all(row["sentence"] for row in report["refused"])
    kept = json.loads((work / "catalogue" / "report.json").read_text(encoding="utf-8"))
    assert kept["taken"] == report["taken"]
    assert Image.open(work / "catalogue" / "cut-outs.png").width == 3 * 160
    assert "8/8 rows" in err


def test_a_catalogue_may_be_built_anew_until_scenes_are_made_of_it(
    work: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert built(work, pictures, LAMP) == 0
    assert built(work, pictures, BASKET) == 0
    assert "lamp" not in catalogue_of(work).objects
    (work / "corpus-1").mkdir()
    capsys.readouterr()
    assert built(work, pictures, LAMP) == 2
    assert "corpus-1" in capsys.readouterr().err
    assert "willow" in catalogue_of(work).objects


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"--from": "nowhere.csv"}, "nowhere.csv"),
        ({"--from": "short.csv"}, "lacks the column zh"),
        ({"--from": "empty.csv"}, "no rows"),
        ({"--from": "bad.csv"}, "No row of"),
        ({"--images": "nowhere"}, "no folder"),
        ({"--images": "shop.csv"}, "no folder"),
        ({"--model": "nowhere"}, "no vocabulary.json"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    work: Path, pictures: Path, capsys: pytest.CaptureFixture[str], arguments: dict[str, str], said: str
) -> None:
    folder = work.parent
    write_table(folder / "shop.csv", HEADER, [LAMP])
    write_table(folder / "bad.csv", HEADER, [[*LAMP[:1], "street.png", *LAMP[2:]]])
    write_table(folder / "short.csv", "id,file,en", [LAMP[:3]])
    write_table(folder / "empty.csv", HEADER, [])
    given = {"--from": "shop.csv"} | arguments
    line = [part for name, value in given.items() for part in (name, str(folder / value))]
    line += [] if "--images" in given else ["--images", str(pictures)]
    assert cli.run(["pretrain", "build", "--work", str(work), *line]) == 2
    told = [sentence for sentence in capsys.readouterr().err.splitlines() if not sentence.endswith(" rows")]
    assert len(told) == 1
    assert said in told[0]
    assert not (work / "catalogue").exists()


def test_more_products_than_the_model_has_room_for_are_refused(
    work: Path, pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROOM, "object", 49)
    assert built(work, pictures, LAMP, BASKET) == 2
    assert "room for 49" in capsys.readouterr().err


def test_a_full_disk_is_said_and_leaves_no_catalogue(
    work: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with full_disk(1_000):
        assert built(work, pictures, LAMP) == 2
    assert "cannot write" in capsys.readouterr().err
    assert not (work / "catalogue").exists()


def test_without_a_catalogue_of_its_own_a_work_folder_has_the_studios(tmp_path: Path, catalogue: Catalogue) -> None:
    assert catalogue_of(tmp_path) == catalogue
