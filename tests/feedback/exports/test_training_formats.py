"""What trainers read, each opened by its own loader."""

import io
import json
import tomllib
from pathlib import Path

import datasets
import pandas
import pyarrow.parquet
import pytest
from PIL import Image

from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports import export
from t2i_studio.feedback.exports.captioned import dataset_toml
from t2i_studio.feedback.exports.material import Choices
from t2i_studio.store.database import Database

from .conftest import HANDBAG, SHOES, Make, picture

CARD_COLUMNS = {
    "are_different": "bool",
    "best_image_uid": "string",
    "caption": "string",
    "created_at": "timestamp[ns]",
    "has_label": "bool",
    "image_0_uid": "string",
    "image_0_url": "string",
    "image_1_uid": "string",
    "image_1_url": "string",
    "jpg_0": "binary",
    "jpg_1": "binary",
    "label_0": "double",
    "label_1": "double",
    "model_0": "string",
    "model_1": "string",
    "ranking_id": "int64",
    "user_id": "int64",
    "num_example_per_prompt": "int64",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def colour(png: bytes) -> int:
    """Number of the variant, which its red says."""
    return Image.open(io.BytesIO(png)).convert("RGB").getpixel((0, 0))[0]  # type: ignore[index, return-value]


def test_pick_a_pic_has_the_columns_of_its_card_and_the_choices_of_the_raters(
    db: Database, vote: Make, tmp_path: Path
) -> None:
    votes = [vote((2, 1), chosen=0), vote((1, 2), chosen=0, rater=1), vote((5, 6), chosen=1), vote((5, 6), bad=True)]
    made = export(db, votes, "pick-a-pic", tmp_path / "out")
    assert (made.rows, made.ties_dropped, made.left_out) == (3, 0, {"both_bad": 1})
    assert made.files == ("README.md", "data/train-00000-of-00001.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "out" / made.files[1])
    assert {field.name: str(field.type) for field in table.schema} == CARD_COLUMNS
    rows = table.to_pylist()
    handbag = {colour(row["jpg_0"]): row for row in rows if row["caption"] == HANDBAG}
    assert {left: (row["label_0"], row["label_1"]) for left, row in handbag.items()} == {2: (1, 0), 1: (1, 0)}
    assert all(row["best_image_uid"] == row["image_0_uid"] for row in handbag.values())
    assert handbag[1]["user_id"] != handbag[2]["user_id"]
    assert {row["num_example_per_prompt"] for row in handbag.values()} == {2}
    [shoes] = [row for row in rows if row["caption"] == SHOES]
    assert (shoes["label_0"], shoes["best_image_uid"]) == (0, shoes["image_1_uid"])
    assert Image.open(io.BytesIO(shoes["jpg_1"])).tobytes() == Image.open(io.BytesIO(picture(6))).tobytes()
    assert shoes["created_at"].isoformat() == "2026-11-28T00:00:00"
    assert shoes["model_0"] == "ours + gloss:0.5"


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_folder_of_pick_a_pic_is_a_dataset_with_the_split_a_trainer_asks_for(
    db: Database, vote: Make, tmp_path: Path, split: str
) -> None:
    export(db, [vote((1, 2), chosen=0), vote((3, 4), chosen=1)], "pick-a-pic", tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), split=split)
    assert sorted((row["label_0"], colour(row["jpg_0"])) for row in loaded) == [(0.0, 3), (1.0, 1)]
    parquet = datasets.load_dataset("parquet", data_dir=str(tmp_path / "out" / "data"), split="train")
    assert parquet.features["jpg_0"] == datasets.Value("binary")
    assert len(parquet) == 2


def test_ties_are_dropped_and_said_or_kept_as_halves(db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [vote((1, 2)), vote((1, 2), chosen=0, rater=1)]
    dropped = export(db, votes, "pick-a-pic", tmp_path / "dropped")
    assert (dropped.rows, dropped.ties_dropped, dropped.ties_kept) == (1, 1, False)
    kept = export(db, votes, "pick-a-pic", tmp_path / "kept", Choices(keep_ties=True))
    assert (kept.rows, kept.ties_dropped, kept.ties_kept) == (2, 0, True)
    rows = pyarrow.parquet.read_table(tmp_path / "kept" / "data").to_pylist()
    assert sorted((row["label_0"], row["label_1"], row["best_image_uid"] == "tie") for row in rows) == [
        (0.5, 0.5, True),
        (1.0, 0.0, False),
    ]


def test_the_best_of_four_was_preferred_to_the_other_three_only(db: Database, vote: Make, tmp_path: Path) -> None:
    export(db, [vote((4, 2, 1, 3), chosen=2)], "pick-a-pic", tmp_path / "out")
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "data").to_pylist()
    won = {(colour(row["jpg_0" if row["label_0"] else "jpg_1"]), row["ranking_id"]) for row in rows}
    lost = {colour(row["jpg_1" if row["label_0"] else "jpg_0"]) for row in rows}
    assert (won, lost, len(rows)) == ({(1, rows[0]["ranking_id"])}, {2, 3, 4}, 3)


def test_stars_of_one_rater_make_a_pair_from_two_apart_on(db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [
        vote((1,), stars=5),
        vote((2,), stars=3),
        vote((3,), stars=4),
        vote((5,), stars=1),
        vote((4,), stars=1, rater=1),
    ]
    made = export(db, votes, "pick-a-pic", tmp_path / "out")
    [row] = pyarrow.parquet.read_table(tmp_path / "out" / "data").to_pylist()
    better, worse = ("jpg_0", "jpg_1") if row["label_0"] else ("jpg_1", "jpg_0")
    assert (colour(row[better]), colour(row[worse])) == (1, 2)
    assert made.left_out == {"no_pair": 3}


def test_diffusion_kto_reads_file_name_caption_and_split(db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [
        vote((1, 2), chosen=0),
        vote((2, 3), chosen=0),
        vote((3, 4), bad=True),
        vote((5,), stars=5),
        vote((6,), stars=5, faults=("floating",)),
        vote((7,), stars=3),
    ]
    made = export(db, votes, "diffusion-kto", tmp_path / "out")
    table = pandas.read_csv(tmp_path / "out" / "train_processed_v3.csv")
    assert list(table.columns) == ["file_name", "caption", "split"]
    got = {colour((tmp_path / "out" / row.file_name).read_bytes()): row.split for row in table.itertuples()}
    assert got == {
        1: "exclusive_win",
        2: "intersections",
        3: "exclusive_lose",
        4: "exclusive_lose",
        5: "exclusive_win",
        6: "exclusive_lose",
    }
    assert set(table.caption) == {HANDBAG, SHOES}
    assert made.left_out == {"pictures_undecided": 1}


def test_an_imagefolder_is_loaded_with_text_and_stars(db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [
        vote((1,), stars=5),
        vote((1,), stars=2, faults=("clutter",), rater=1),
        vote((5, 6), chosen=1),
    ]
    made = export(db, votes, "imagefolder", tmp_path / "out")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out"), split="train")
    rows = {row["image"].getpixel((0, 0))[0]: row for row in loaded}
    assert made.rows == len(rows) == 3
    assert (rows[1]["text"], rows[1]["stars"], rows[1]["ratings"], rows[1]["faults"]) == (HANDBAG, 3.5, 2, "clutter")
    assert (rows[6]["text"], rows[6]["stars"], rows[6]["wins"], rows[6]["comparisons"]) == (SHOES, None, 1, 1)


def test_kohya_finds_pictures_captions_and_repeats_by_its_table(db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [vote((1, 2), chosen=0), vote((5,), stars=4), vote((6,), stars=2)]
    made = export(db, votes, "kohya", tmp_path / "out")
    config = tomllib.loads((tmp_path / "out" / "dataset.toml").read_text(encoding="utf-8"))
    [dataset] = config["datasets"]
    [subset] = dataset["subsets"]
    assert (dataset["resolution"], subset["num_repeats"]) == ([64, 64], 1)
    assert config["general"]["caption_extension"] == ".txt"
    pictures = sorted((tmp_path / "out" / subset["image_dir"]).glob("*.png"))
    captions = [path.with_suffix(".txt").read_text(encoding="utf-8") for path in pictures]
    assert [colour(path.read_bytes()) for path in pictures] == [1, 5]
    assert captions == [HANDBAG, SHOES]
    assert (made.rows, made.pictures, made.left_out) == (2, 2, {"pictures_not_liked": 2})


@pytest.mark.parametrize(
    ("size", "resolution", "limits"),
    [
        ((16, 12), (64, 64), (64, 1024)),
        ((128, 96), (128, 128), (64, 1024)),
        ((512, 512), (512, 512), (256, 1024)),
        ((1280, 720), (1280, 768), (256, 1280)),
    ],
)
def test_sides_of_kohya_lie_in_its_steps_and_between_its_limits(
    size: tuple[int, int], resolution: tuple[int, int], limits: tuple[int, int]
) -> None:
    config = tomllib.loads(dataset_toml(*size))
    assert tuple(config["datasets"][0]["resolution"]) == resolution
    assert (config["general"]["min_bucket_reso"], config["general"]["max_bucket_reso"]) == limits


def test_captioned_pictures_lie_beside_their_captions_and_nothing_else(
    db: Database, vote: Make, tmp_path: Path
) -> None:
    export(db, [vote((1, 2), chosen=0)], "captioned", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00000001.png", "00000001.txt"]


def test_simpletuner_gets_each_pair_once_with_equal_names_and_sizes(db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [
        vote((1, 2), chosen=1),
        vote((2, 1), chosen=0, rater=1),
        vote((1, 2), chosen=0, rater=2),
        vote((3, 4), chosen=0),
        vote((3, 4), chosen=1, rater=1),
        vote((7, 8), chosen=0),
    ]
    made = export(db, votes, "simpletuner", tmp_path / "out")
    out = tmp_path / "out"
    assert (made.rows, made.left_out) == (1, {"pairs_undecided": 1, "pairs_of_unequal_sizes": 1})
    backends = {one["id"]: one for one in json.loads((out / "multidatabackend.json").read_text(encoding="utf-8"))}
    winners, losers = backends["winners"], backends["losers"]
    assert (winners["dataset_type"], winners["conditioning_data"]) == ("image", losers["id"])
    assert (losers["dataset_type"], losers["conditioning_type"]) == ("conditioning", "reference_strict")
    assert backends["texts"]["dataset_type"] == "text_embeds"
    [winner] = (out / winners["instance_data_dir"]).glob("*.png")
    loser = out / losers["instance_data_dir"] / winner.name
    assert (colour(winner.read_bytes()), colour(loser.read_bytes())) == (2, 1)
    assert winner.with_suffix(".txt").read_text(encoding="utf-8") == HANDBAG


def test_pictures_of_unlike_prompts_share_the_description_as_caption(db: Database, vote: Make, tmp_path: Path) -> None:
    export(db, [vote((1, 5), chosen=0, prompt="a thing\nto look at")], "pick-a-pic", tmp_path / "out")
    [row] = pyarrow.parquet.read_table(tmp_path / "out" / "data").to_pylist()
    assert row["caption"] == "a thing to look at"


def test_answers_that_make_no_row_are_refused(db: Database, vote: Make, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as refused:
        export(db, [vote((1, 2), bad=True)], "pick-a-pic", tmp_path / "out")
    assert refused.value.key == "export.unsuited"
    assert not (tmp_path / "out").exists()
