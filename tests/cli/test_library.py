"""Rating, finding and looking after what was made."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from t2i_studio.domain import Mark
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.jobs import enqueue
from t2i_studio.store.sample import request
from tests.store.studio import finished

from .conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    database = open_database(home)
    yield database
    database.close()


def test_a_rating_is_there_when_the_command_returns(run: Run, db: Database) -> None:
    variant = finished(db).variants[0]
    rated = run("rate", variant, "--stars", 4, "--fault", "clutter", "--note", "杂乱", "--rater", "Li", "--json")
    assert (rated.json["stars"], rated.json["faults"], rated.json["note"]) == (4, ["clutter"], "杂乱")
    shown = run("show", variant, "--json").json
    assert (shown["stars"], len(shown["ratings"])) == (4, 1)
    again = run("rate", variant, "--stars", 2, "--rater", "Li", "--json").json
    assert again["rater"] == rated.json["rater"]
    assert run("show", variant, "--json").json["stars"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("1",),
        ("1", "--stars", "0"),
        ("1", "--stars", "6"),
        ("1", "--stars", "five"),
        ("1", "--stars", "4.5"),
        ("99", "--stars", "3"),
        ("-1", "--stars", "3"),
        ("x", "--stars", "3"),
        ("9" * 30, "--stars", "3"),
        ("1", "--fault", "ugly"),
        ("1", "--stars", "3", "--rater", ""),
        ("1", "--stars", "3", "--rater", "n" * 300),
        ("1", "--stars", "3", "--note", "n" * 30_000),
        ("1", "--stars"),
        (),
    ],
)
def test_a_rating_that_is_none_is_refused_and_not_stored(run: Run, db: Database, arguments: tuple) -> None:
    finished(db)
    refused = run("rate", *arguments)
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert run("show", 1, "--json").json["ratings"] == []


def test_variants_are_found_by_words_and_filters_page_by_page(run: Run, db: Database) -> None:
    finished(db, "红色手提包")
    shoes = finished(db, "白色运动鞋").variants
    run("rate", shoes[0], "--stars", 5)
    found = run("variants", "运动鞋", "--stars", 4, "--json").json
    assert [variant["id"] for variant in found["variants"]] == [shoes[0]]
    assert Path(found["variants"][0]["path"]).is_file()
    first = run("variants", "--limit", 3, "--json").json
    rest = run("variants", "--limit", 3, "--after", first["next"], "--json").json
    assert (first["total"], len(first["variants"]), len(rest["variants"]), rest["next"]) == (4, 3, 1, None)
    assert "运动鞋" in run("variants").out


@pytest.mark.parametrize(
    "option",
    [
        ("--stars", "9"),
        ("--sort", "best"),
        ("--since", "soon"),
        ("--fault", "ugly"),
        ("--limit", "0"),
        ("--after", "x"),
    ],
)
def test_a_filter_that_is_none_is_refused(run: Run, option: tuple[str, str]) -> None:
    refused = run("variants", *option, "--json")
    assert (refused.code, refused.out) == (2, "")


def test_a_backup_is_a_home_of_its_own(run: Run, db: Database, tmp_path: Path) -> None:
    variant = finished(db).variants[0]
    assert run("backup", tmp_path / "copy", "--json").code == 0
    assert run("show", variant, "--home", tmp_path / "copy", "--json").json["id"] == variant
    assert run("backup", tmp_path / "copy").code == 2


def test_the_store_is_checked_against_its_files(run: Run, db: Database) -> None:
    variant = finished(db).variants[0]
    assert run("check-store", "--json").json == {"problems": []}
    Path(run("show", variant, "--json").json["path"]).unlink()
    broken = run("check-store", "--json")
    assert (broken.code, len(broken.json["problems"])) == (1, 1)


def test_forgetting_a_rater_keeps_the_nameless_ratings(run: Run, db: Database) -> None:
    variant = finished(db).variants[0]
    run("rate", variant, "--stars", 3, "--rater", "Li")
    forgotten = run("forget-rater", "Li", "--json").json
    assert (forgotten["names"], forgotten["ratings"]) == (1, 1)
    assert run("show", variant, "--json").json["stars"] == 3
    assert run("forget-rater", "Li").code == 2


def test_models_are_listed_with_licence_and_source(run: Run) -> None:
    for model in run("models", "--json").json:
        assert {"name", "licence", "languages", "source", "available"} <= model.keys()


def test_the_preset_and_the_corrections_of_a_variant_are_shown(run: Run, db: Database) -> None:
    text = " 红色手提包，粉色背景"
    marks = Mark.parse(["backdrop=红色", "none=粉色"], text.strip())
    job = enqueue(db, request(text=text, marks=marks, preset="premium_black"))
    shown = run("show", job.variants[0], "--json").json
    assert (shown["preset"], shown["corrections"]) == ("premium_black", ["backdrop=红色", "none=粉色"])
    assert "backdrop=红色, none=粉色" in run("show", job.variants[0]).out
