"""Answers leave and come back by the command line."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import pytest

from t2i_studio.domain import Answer, NewItem, SessionPlan, Shown
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.entrance import consent, enter, make_link
from t2i_studio.store.raters import rater_named
from t2i_studio.store.ratings import prefer, rate
from t2i_studio.store.session_raters import exclude_rater
from t2i_studio.store.sessions import create_session
from t2i_studio.store.variants import get_variant
from tests.store.studio import finished

from .conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    """Two handbags, the second preferred by Li, who commented on the first."""
    database = open_database(home)
    one, other = finished(database, "红色手提包").variants
    li = rater_named(database, "Li")
    prefer(database, other, one, li)
    rate(database, one, li, stars=2, note="too dark for Li")
    yield database
    database.close()


def test_what_was_judged_outside_sessions_becomes_a_data_set(run: Run, db: Database, tmp_path: Path) -> None:
    made = run("export", "--format", "pick-a-pic", "--out", tmp_path / "out", "--json")
    assert (made.code, made.json["rows"], made.json["left_out"]) == (0, 1, {"no_pair": 1})
    [row] = datasets.load_dataset(str(tmp_path / "out"), split="validation", cache_dir=str(tmp_path / "cache"))
    assert (row["caption"], row["label_0"]) == ("红色手提包", 0)


def test_the_line_for_people_says_what_was_left_out(
    run: Run, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "left out: 1 star ratings" in run("export", "--format", "pick-a-pic", "--out", tmp_path / "en").out
    monkeypatch.setenv("T2I_LANGUAGE", "zh")
    assert "未计入：1 无法成对的星级评分" in run("export", "--format", "pick-a-pic", "--out", tmp_path / "zh").out


def test_comments_go_along_only_when_asked_and_then_it_is_said(run: Run, db: Database, tmp_path: Path) -> None:
    silent = run("export", "--format", "csv", "--out", tmp_path / "silent", "--json")
    asked = run("export", "--format", "csv", "--out", tmp_path / "asked", "--comments", "--json")
    assert (silent.err, asked.err.count("\n"), asked.json["comments"]) == ("", 1, True)
    assert "Li" not in (tmp_path / "silent" / "answers.csv").read_text(encoding="utf-8")
    with (tmp_path / "asked" / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["comment"] for row in csv.DictReader(file)} == {"", "too dark for Li"}


def judge(db: Database, session: int, link: str, chosen: int) -> str:
    """A rater who always prefers the picture `chosen`, until there is nothing left; their id."""
    rater = enter(db, link).rater
    consent(db, session, rater)
    while shown := next_assignment(db, session, rater).assignment:
        place = shown.order.index(chosen) if chosen in shown.order else 0
        sent = Answer(assignment=shown.id, nonce=f"{rater}-{shown.id}", verdict="chosen", place=place, active_ms=2000)
        answer(db, rater, sent)
    return rater


def test_a_session_leaves_without_its_checks_and_its_excluded_raters(run: Run, db: Database, tmp_path: Path) -> None:
    one, other, third, fourth = (*finished(db, "茶壶").variants, *finished(db, "台灯").variants)
    items = [
        NewItem(text="茶壶", pictures=(Shown(variant=one), Shown(variant=other))),
        NewItem(text="台灯", pictures=(Shown(variant=third), Shown(variant=fourth)), purpose="practice", expected=0),
    ]
    plan = SessionPlan(name="s", kind="pairs", overlap=2, practice=1, known_share=0, repeat_share=0)
    session = create_session(db, plan, items).id
    link = make_link(db, session)
    careful, careless = judge(db, session, link, other), judge(db, session, link, one)
    exclude_rater(db, session, careless, "always the first")
    made = run("export", "--session", session, "--format", "pick-a-pic", "--out", tmp_path / "out", "--json").json
    assert (made["answers"], made["rows"], made["left_out"]) == (4, 1, {"excluded": 2, "practice": 1})
    [row] = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert row["caption"] == "茶壶"
    assert row["best_image_uid"] == get_variant(db, other).image
    table = run("export", "--session", session, "--format", "csv", "--out", tmp_path / "csv", "--json")
    assert table.json["rows"] == 2
    told = (tmp_path / "csv" / "answers.csv").read_text(encoding="utf-8")
    assert not [secret for secret in (careful, careless, link) if secret in told]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "pickle"),
        ("--format", "csv", "--ties", "half"),
        ("--format", "csv", "--session", "7"),
        ("--format", "csv", "--session", "x"),
        (),
    ],
)
def test_an_export_that_cannot_be_is_refused(run: Run, db: Database, tmp_path: Path, arguments: tuple) -> None:
    refused = run("export", *arguments, "--out", tmp_path / "out")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["a\0b", "~nobody-of-this-name/x", "", "/dev/null/x"])
def test_a_folder_that_cannot_be_is_refused(run: Run, db: Database, out: str) -> None:
    refused = run("export", "--format", "csv", "--out", out)
    assert (refused.code, refused.err.count("\n"), refused.out) == (2, 1, "")


def test_answers_of_label_studio_are_taken_in_once(run: Run, db: Database, tmp_path: Path) -> None:
    run("export", "--format", "label-studio", "--out", tmp_path / "out")
    tasks = json.loads((tmp_path / "out" / "pairs" / "tasks.json").read_text(encoding="utf-8"))
    tie = {"type": "choices", "from_name": "choice", "to_name": "picture_1", "value": {"choices": ["tie"]}}
    new = {"id": 5, "completed_by": 3, "created_at": "2026-11-28T09:00:00Z", "result": [tie]}
    tasks[0]["annotations"].append(new)
    (tmp_path / "back.json").write_text(json.dumps(tasks), encoding="utf-8")
    for _ in range(2):
        assert run("import-answers", tmp_path / "back.json", "--json").json == {"answers": 1, "own": 1, "skipped": {}}
    made = run("export", "--format", "csv", "--out", tmp_path / "all", "--json").json
    assert made["rows"] == 3
    assert run("import-answers", tmp_path / "nothing.json").code == 2
