"""`generate`: from words, a picture or a picture's metadata to files, and every refusal in one sentence."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from t2i_studio.brief.presets import find_preset
from t2i_studio.domain import Mark
from t2i_studio.engine.infotext import write_png
from t2i_studio.store.database import open_database
from t2i_studio.store.jobs import get_job
from t2i_studio.store.sample import origin, request

from .conftest import Ran

Run = Callable[..., Ran]


def pixels(path: str) -> bytes:
    with Image.open(path) as picture:
        return picture.tobytes()


def test_prints_what_it_made_and_nothing_else(run_tiny: Run, tmp_path: Path) -> None:
    made = run_tiny("generate", "a red handbag", "--variants", 2, "--seed", 5, "--out", tmp_path / "o", "--json")
    assert made.code == 0
    assert made.json.keys() == {"batch", "variants"}
    assert [variant["seed"] for variant in made.json["variants"]] == [5, 6]
    for variant in made.json["variants"]:
        assert variant.keys() == {"id", "path", "seed", "sha256", "width", "height", "seconds"}
        assert hashlib.sha256(Path(variant["path"]).read_bytes()).hexdigest() == variant["sha256"]
        assert Path(variant["path"]).parent == tmp_path / "o"
    assert "2 of 2" in made.err


def test_from_makes_the_same_pixels_again_and_takes_other_options(run_tiny: Run, tmp_path: Path) -> None:
    options = (
        "--style",
        "brightness=5",
        "--guidance",
        3,
        "--steps",
        2,
        "--size",
        "48x32",
        "--negative",
        "blue",
    )
    first = run_tiny("generate", "red handbag", "--variants", 1, *options, "--json").json["variants"][0]
    again = run_tiny("generate", "--from", first["path"], "--json").json["variants"][0]
    assert again["id"] != first["id"]
    assert pixels(again["path"]) == pixels(first["path"])
    other = run_tiny("generate", "--from", first["path"], "--seed", 1, "--json").json["variants"][0]
    assert (other["seed"], other["width"]) == (1, 48)
    assert pixels(other["path"]) != pixels(first["path"])
    shown = run_tiny("show", again["id"], "--json").json
    assert shown["request"]["style"]["brightness"] == 5


def test_from_keeps_the_rest_when_the_words_change(run_tiny: Run) -> None:
    first = run_tiny("generate", "red handbag", "--variants", 1, "--negative", "blue", "--steps", 2, "--json")
    path = first.json["variants"][0]["path"]
    other = run_tiny("generate", "white mug", "--from", path, "--json").json["variants"][0]
    request = run_tiny("show", other["id"], "--json").json["request"]
    assert request["prompt"]["text"] == "white mug"
    assert (request["prompt"]["negative"], request["steps"]) == ("blue", 2)


def test_starts_from_a_file_or_a_variant_and_repaints_under_a_mask(run_tiny: Run, tmp_path: Path) -> None:
    photo, mask = tmp_path / "photo.jpg", tmp_path / "mask.png"
    Image.new("RGB", (32, 32), "orange").save(photo)
    Image.new("L", (32, 32), 255).save(mask)
    by_file = run_tiny("generate", "mug", "--variants", 1, "--init", photo, "--strength", 0.5, "--json")
    parent = by_file.json["variants"][0]["id"]
    assert run_tiny("show", parent, "--json").json["request"]["derivation"] == "image"
    child = run_tiny("generate", "mug", "--variants", 1, "--init", parent, "--mask", mask, "--json")
    shown = run_tiny("show", child.json["variants"][0]["id"], "--json").json
    assert shown["request"]["derivation"] == "inpaint"
    assert shown["ancestors"] == [parent]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "empty"),
        (("",), "empty"),
        (("包" * 30_000,), "30000 characters"),
        (("a\x07b",), "control"),
        (("bag", "--steps", "0"), "steps is 0"),
        (("bag", "--variants", "500"), "variants is 500"),
        (("bag", "--variants", "many"), '"many"'),
        (("bag", "--size", "33x32"), "33"),
        (("bag", "--size", "9999x32"), "width is 9999"),
        (("bag", "--size", "big"), '"big"'),
        (("bag", "--guidance", "nan"), '"nan"'),
        (("bag", "--seed", "-1"), "seed is -1"),
        (("bag", "--sampler", "magic"), "magic"),
        (("bag", "--style", "glow=3"), "glow"),
        (("bag", "--preset", "glow"), "glow"),
        (("bag", "--preset", "glow", "--prompt", "bag"), "glow"),
        (("bag", "--mark", "back=bag"), "back"),
        (("bag", "--mark", "backdrop=red"), "red"),
        (("", "--mark", "backdrop=red"), "empty"),
        (("bag", "--model", "no/such/model"), "no/such/model"),
        (("bag", "--adapter", "nowhere:0.8"), "nowhere"),
        (("bag", "--strength", "0.5"), "starting picture"),
        (("bag", "--mask", "m.png"), "m.png"),
        (("bag", "--init", "nowhere.png"), "nowhere.png"),
        (("bag", "--init", "77"), "77"),
        (("--from", "nowhere.png"), "nowhere.png"),
        (("bag", "--from", __file__), "picture"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_code_2(run_tiny: Run, arguments: tuple, said: str) -> None:
    refused = run_tiny("generate", *arguments, "--json")
    assert refused.code == 2
    assert refused.out == ""
    assert said in refused.err
    assert refused.err.count("\n") == 1


def test_a_picture_without_settings_is_not_guessed_from(run_tiny: Run, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert run_tiny("generate", "--from", tmp_path / "plain.png").code == 2


def test_a_folder_that_takes_no_files_is_said_before_any_work(run_tiny: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = run_tiny("generate", "bag", "--out", tmp_path / "file" / "under", "--json")
    assert refused.code == 2
    assert "cannot be written" in refused.err
    assert run_tiny("jobs", "--json").json == []


def test_the_same_seed_alone_equals_it_in_a_batch(run_tiny: Run) -> None:
    batch = run_tiny("generate", "white mug", "--variants", 3, "--seed", 20, "--json").json["variants"]
    alone = run_tiny("generate", "white mug", "--variants", 1, "--seed", 22, "--json").json["variants"]
    assert pixels(batch[2]["path"]) == pixels(alone[0]["path"])


def test_the_job_is_stored_with_everything_filled_in(run_tiny: Run, home: Path) -> None:
    made = run_tiny("generate", "white mug", "--variants", 1, "--json").json
    db = open_database(home)
    request = get_job(db, made["batch"]).request
    db.close()
    assert None not in (request.width, request.height, request.steps, request.guidance)
    assert json.loads(request.model_dump_json())["text"] == "white mug"


def test_a_preset_and_corrections_make_the_prompt_and_are_kept(run: Run) -> None:
    asked = ("generate", "红色手提包，粉色背景", "--preset", "premium_black", "--style", "warmth=5", "--dry-run")
    before, after = run(*asked).json, run(*asked, "--mark", "backdrop=红色", "--mark", "none=粉色").json
    assert "红色背景" not in before["prompt"]["text"]
    assert "红色背景" in after["prompt"]["text"]
    assert after["marks"] == [{"field": "backdrop", "start": 0, "end": 2}, {"field": None, "start": 6, "end": 8}]
    look = find_preset("premium_black").style.model_dump()
    assert (after["preset"], after["style"]) == ("premium_black", look | {"warmth": 5})


def test_the_market_is_kept_also_with_a_picture_made_again(run: Run, tmp_path: Path) -> None:
    assert run("generate", "bag", "--market", "jp", "--dry-run").json["market"] == "jp"
    made = request(text="bag", market="mena", model="podium")
    (tmp_path / "made.png").write_bytes(write_png(Image.new("RGB", (8, 8)), made, origin()))
    assert run("generate", "--from", tmp_path / "made.png", "--dry-run").json["market"] == "mena"
    refused = run("generate", "bag", "--market", "mars")
    assert refused.code == 2
    assert "mars" in refused.err


def test_corrections_of_a_picture_stay_on_words_that_a_new_text_still_says(run: Run, tmp_path: Path) -> None:
    text = "红色手提包，粉色背景"
    made = request(text=text, marks=Mark.parse(["none=粉色"], text), model="podium")
    (tmp_path / "made.png").write_bytes(write_png(Image.new("RGB", (8, 8)), made, origin()))
    again = run("generate", "新款红色手提包，粉色背景", "--from", tmp_path / "made.png", "--dry-run").json
    assert again["marks"] == [{"field": None, "start": 8, "end": 10}]
    other = run("generate", "--mark", "backdrop=红色", "--from", tmp_path / "made.png", "--dry-run").json
    assert "红色背景" in other["prompt"]["text"]
