"""Feedback sessions from the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from t2i_studio.domain import Answer, State
from t2i_studio.store import jobs
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import open_database
from t2i_studio.store.entrance import consent, enter
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from t2i_studio.store.session_raters import exclude_rater
from tests.cli.conftest import Ran
from tests.store.studio import png

Run = Callable[..., Ran]


@pytest.fixture
def pictures(home: Path) -> None:
    """Variants 1 to 4 of one description, 5 and 6 of another."""
    db = open_database(home)
    for text, count in (("红色手提包", 4), ("blue mug", 2)):
        job = jobs.enqueue(db, request(text, variants=count))
        for variant in job.variants:
            jobs.finish_variant(db, variant, put_image(db, png(variant)), origin(variant))
        jobs.finish_job(db, job.id, State.DONE)
    db.close()


def test_a_session_of_pictures_is_made_with_its_link(run: Run, pictures: None) -> None:
    made = run("session", "create", "--variants", "1-4,6,5", "--overlap", "2", "--json").json
    assert made["url"].endswith(f"/judge/{made['token']}")
    (listed,) = run("session", "list", "--json").json
    assert (listed["session"], listed["kind"], listed["state"]) == (made["session"], "pairs", "open")
    assert listed["progress"]["wanted"] == 2 * (6 + 1)  # the pairs of four pictures, and of two
    assert "code" not in listed


def test_named_links_are_made_one_by_one_and_can_be_revoked(run: Run, pictures: None) -> None:
    made = run("session", "create", "--variants", "1-4", "--entry", "named", "--json").json
    assert made["token"] is None
    first = run("session", "link", made["session"], "--label", "Li", "--json").json
    assert first["token"]
    (link,) = run("session", "link", made["session"], "--list", "--json").json
    assert (link["label"], link["revoked"]) == ("Li", False)
    assert "token" not in link
    (link,) = run("session", "link", made["session"], "--revoke", link["id"], "--json").json
    assert link["revoked"]


def test_a_session_rests_goes_on_and_ends_for_good(run: Run, pictures: None, home: Path) -> None:
    run("session", "create", "--variants", "1-4")
    (home / "blind" / "1").mkdir(parents=True)  # where a studio that runs meanwhile keeps what raters see
    assert [run("session", to, 1, "--json").json["state"] for to in ("pause", "open", "close")] == [
        "paused",
        "open",
        "closed",
    ]
    assert not (home / "blind" / "1").exists()
    refused = run("session", "open", 1)
    assert (refused.code, refused.out) == (2, "")
    assert "closed" in refused.err


def test_a_report_without_answers_says_so(run: Run, pictures: None) -> None:
    run("session", "create", "--variants", "1-4")
    assert run("session", "report", 1, "--json").json["judged"] == 0
    assert run("session", "report", 1).out.startswith("0 judgements")
    assert run("session", "export", 1, "--format", "csv", "--out", "answers").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--variants"),
        (("--variants", "1", "--prompts", "texts.txt"), "--variants"),
        (("--variants", "1,5"), "nothing to judge"),
        (("--variants", "1-"), "number"),
        (("--variants", "99"), "99"),
        (("--variants", "1-4", "--kind", "best"), "best"),
        (("--variants", "1-4", "--compare", "seed"), "seed"),
        (("--variants", "1-4", "--overlap", "0"), "overlap"),
        (("--variants", "1-4", "--known", "0.9"), "known"),
        (("--variants", "1-4", "--entry", "code"), "code"),
        (("--variants", "1-4", "--guideline-zh", "huge.txt"), "10000"),
        (("--variants", "1-4", "--guideline-en", "nowhere.txt"), "nowhere.txt"),
        (("--prompts", "empty.txt"), "description"),
        (("--prompts", "texts.txt", "--compare", "preset", "--source", "glow", "--source", "none"), "glow"),
    ],
)
def test_what_makes_no_session_is_said_in_one_sentence(
    run: Run, pictures: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {"texts.txt": "mug\nbag", "empty.txt": " \n", "huge.txt": "a" * 50_000}.items():
        Path(name).write_text(text)
    refused = run("session", "create", *words)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err.replace(",", "")
    assert refused.err.count("\n") == 1
    assert run("session", "list", "--json").json == []


def test_a_session_of_descriptions_has_its_pictures_made_first(run_tiny: Run, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("red bag\n蓝色杯子\n")
    made = run_tiny("session", "create", "--prompts", tmp_path / "texts.txt", "--each", "2", "--json").json
    (listed,) = run_tiny("session", "list", "--json").json
    assert (listed["session"], listed["progress"]["items"]) == (made["session"], 2)


def test_made_up_raters_over_http_lose_nothing(run: Run) -> None:
    found = run(
        "session", "simulate", "--raters", 2, "--answers", 30, "--overlap", 1, "--studied", 1, "--seed", 3, "--json"
    ).json
    assert (found["lost"], found["doubled"], found["overlap_exact"]) == (0, 0, True)
    assert found["answers"] >= found["confirmed"] > 10
    assert {"ranking_spearman", "coverage", "left_flagged", "careful_flagged"} <= found.keys()


def test_a_report_tells_raters_by_number_and_not_by_their_ids(run: Run, pictures: None, home: Path) -> None:
    made = run("session", "create", "--variants", "1-4", "--overlap", "2", "--known", "0", "--json").json
    db = open_database(home)
    raters = []
    for _ in range(2):
        raters.append(rater := enter(db, made["token"]).rater)
        consent(db, made["session"], rater)
        while shown := next_assignment(db, made["session"], rater).assignment:
            answer(db, rater, Answer(assignment=shown.id, nonce=f"{rater}{shown.id}", verdict="chosen", place=0))
    db.close()
    told = run("session", "report", made["session"], "--json")
    assert {each["rater"] for each in told.json["raters"]} == {1, 2}
    assert not [rater for rater in raters if rater in told.out]
    assert "in their place" not in run("session", "report", made["session"]).out
    db = open_database(home)
    exclude_rater(db, made["session"], raters[0], "always left")
    db.close()
    assert "in their place" in run("session", "report", made["session"]).out
    run("session", "close", made["session"])
    assert "in their place" not in run("session", "report", made["session"]).out
