"""Answers from Label Studio: what it exports of our projects comes back as the same votes, once."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.domain import Vote
from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports import export
from t2i_studio.feedback.exports.label_studio import labelling
from t2i_studio.feedback.exports.material import Choices
from t2i_studio.feedback.exports.tasks import write_list
from t2i_studio.feedback.imports import keep_imported, read_label_studio
from t2i_studio.store.database import Database
from t2i_studio.store.ratings import ratings_of

from .conftest import HANDBAG, Make

Tasks = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def votes(vote: Make) -> list[Vote]:
    return [
        vote((2, 1), chosen=0, comment="sharper\nedges"),
        vote((1, 2), chosen=0, rater=1),
        vote((1, 2), rater=2),
        vote((3, 4), bad=True),
        vote((5,), stars=4, faults=("clutter", "floating")),
        vote((8, 6, 7, 5), chosen=2),
    ]


@pytest.fixture
def tasks(db: Database, votes: list[Vote], tmp_path: Path) -> Tasks:
    """Tasks of a kind as Label Studio gives them back after strangers did there what our raters did here."""
    export(db, votes, "label-studio", tmp_path / "out", Choices(comments=True))

    def given_back(kind: str) -> list[dict[str, Any]]:
        tasks = json.loads((tmp_path / "out" / kind / "tasks.json").read_text(encoding="utf-8"))
        for task in tasks:
            for number, annotation in enumerate(task["annotations"], 1):
                who = {"id": number, "email": "wang@example.com", "first_name": "Wang"}
                annotation |= {"id": number, "completed_by": who, "created_at": "2026-11-28T09:00:00.5Z"}
                for result in annotation["result"]:
                    del result["meta"]
        return tasks

    return given_back


def read(tasks: object) -> Any:
    return read_label_studio(json.dumps(tasks).encode())


def choice(vote: Vote) -> int | str:
    """The variant chosen, or what else was said."""
    return "bad" if vote.bad else "tie" if vote.chosen is None else vote.variants[vote.chosen]


def test_comparisons_come_back_as_they_went(tasks: Tasks) -> None:
    pairs = read(tasks("pairs")).votes
    assert sorted(str(choice(vote)) for vote in pairs) == ["1", "2", "bad", "tie"]
    assert {vote.prompt for vote in pairs} == {HANDBAG}
    assert [vote.comment for vote in pairs if vote.comment] == ["sharper edges"]
    assert {vote.active_ms for vote in pairs} == {4000}
    [four] = read(tasks("best-of-four")).votes
    assert (choice(four), sorted(four.variants)) == (7, [5, 6, 7, 8])


def test_stars_and_faults_come_back_as_they_went(tasks: Tasks) -> None:
    [rating] = read(tasks("stars")).votes
    assert (rating.variants, rating.stars, rating.faults) == ((5,), 4, ("clutter", "floating"))


def test_nobody_comes_in_but_as_a_number(tasks: Tasks) -> None:
    found = read(tasks("pairs"))
    assert "ang" not in found.model_dump_json().replace("Label Studio", "")
    assert {vote.rater for vote in found.votes} == {"Label Studio 1", "Label Studio 2", "Label Studio 3"}


def test_the_answers_sent_along_are_not_taken_for_new_ones(
    db: Database,
    votes: list[Vote],
    tmp_path: Path,
) -> None:
    export(db, votes, "label-studio", tmp_path / "out")
    found = read_label_studio((tmp_path / "out" / "pairs" / "tasks.json").read_bytes())
    assert (found.votes, found.own) == ((), 4)


def sent(db: Database, votes: list[Vote], folder: Path, kind: str) -> list[dict[str, Any]]:
    """Tasks as they come back from an account with the number 7 that touched nothing."""
    export(db, votes, "label-studio", folder / "out", Choices(comments=True))
    tasks = json.loads((folder / "out" / kind / "tasks.json").read_text(encoding="utf-8"))
    for annotation in (each for task in tasks for each in task["annotations"]):
        annotation |= {"completed_by": 7, "updated_by": 7, "created_at": "2026-11-28T09:00:00Z"}
    return tasks


CHANGES = {
    "another choice": lambda result: result[0] | {"value": {"choices": ["bad"]}},
    "a comment more": lambda result: {"type": "textarea", "from_name": "comment", "value": {"text": ["no"]}},
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_an_answer_that_was_changed_there_is_a_new_one_of_whoever_changed_it(
    db: Database, votes: list[Vote], tmp_path: Path, change: str
) -> None:
    [first, *_] = tasks = sent(db, votes, tmp_path, "pairs")
    assert read(tasks).own == 4
    edited = next(each for each in first["annotations"] if each["result"][0]["value"] == {"choices": ["tie"]})
    edited["updated_by"] = 9
    changed = CHANGES[change](edited["result"])
    edited["result"] = [changed | {"meta": edited["result"][0]["meta"]}] if change == "another choice" else [
        *edited["result"], changed,
    ]  # fmt: skip
    found = read(tasks)
    [vote] = found.votes
    assert (found.own, vote.rater, choice(vote)) == (
        3,
        "Label Studio 9",
        "bad" if len(edited["result"]) == 1 else "tie",
    )


def test_stars_that_were_changed_or_taken_away_there_count_as_they_are_now(
    db: Database, votes: list[Vote], tmp_path: Path
) -> None:
    tasks = sent(db, votes, tmp_path, "stars")
    [annotation] = tasks[0]["annotations"]
    stars, faults = annotation["result"]
    annotation["result"] = [faults | {"value": {"choices": faults["value"]["choices"][::-1]}}, stars]
    assert read(tasks).own == 1  # the order of tags says nothing
    annotation["result"] = [faults]
    [vote] = read(tasks).votes
    assert (vote.stars, vote.faults) == (None, ("clutter", "floating"))
    annotation["result"] = []
    assert read(tasks).skipped == {"no_answer": 1}


def test_answers_sent_by_a_version_without_marks_are_still_known(
    db: Database, votes: list[Vote], tmp_path: Path
) -> None:
    tasks = sent(db, votes, tmp_path, "pairs")
    for annotation in (each for task in tasks for each in task["annotations"]):
        for result in annotation["result"]:
            result["meta"].pop("said", None)
    assert read(tasks).own == 4


def test_sides_of_the_pairwise_tag_are_understood(tasks: Tasks) -> None:
    [first, *_] = tasks("pairs")
    results = [{"type": "pairwise", "from_name": "pw", "value": {"selected": side}} for side in ("left", "right")]
    first["annotations"] = [{"result": [result], "completed_by": 1} for result in results]
    assert [vote.chosen for vote in read([first]).votes] == [0, 1]


def test_what_answers_nothing_is_skipped_and_counted(tasks: Tasks) -> None:
    [first, *_] = tasks("pairs")
    third = [{"type": "choices", "from_name": "choice", "value": {"choices": ["3"]}}]
    first["annotations"] = [{"result": []}, {"result": third}, {"result": third, "was_cancelled": True}]
    found = read([first])
    assert (found.votes, found.skipped) == ((), {"no_answer": 2, "cancelled": 1})


def test_imported_answers_are_kept_once(own_db: Database, tasks: Tasks) -> None:
    for _ in range(2):
        for kind in ("pairs", "stars", "best-of-four"):
            keep_imported(own_db, read(tasks(kind)).votes)
    [rating] = ratings_of(own_db, 5)
    assert (rating.stars, rating.faults) == (4, ("clutter", "floating"))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"{}", b"[1]", b'[{"data": {}}]', b'[{"data":{"prompt":"a","variants":[]}}]', b"[" * 9999],
)
def test_another_file_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(StudioError) as refused:
        read_label_studio(data, "x.json")
    assert refused.value.key == "import.unreadable"
    assert "x.json" in refused.value.sentence("zh")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
RESULT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["choices", "rating", "pairwise", "textarea", "x"]),
        "from_name": st.sampled_from(["choice", "stars", "faults", "x"]),
        "value": st.dictionaries(st.sampled_from(["choices", "rating", "selected", "text"]), JSON),
    }
)
TASK = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries({"prompt": st.text(), "variants": st.lists(st.integers(), max_size=5)}),
        "annotations": st.lists(
            st.fixed_dictionaries(
                {"result": st.lists(RESULT, max_size=3), "completed_by": JSON, "lead_time": st.none() | st.floats()}
            ),
            max_size=3,
        ),
    }
)


@given(st.lists(TASK, max_size=3) | JSON)
def test_whatever_a_file_holds_it_is_read_or_refused(content: object) -> None:
    with suppress(StudioError):
        for one in read_label_studio(json.dumps(content).encode()).votes:
            assert one.chosen is None or 0 <= one.chosen < len(one.variants)
            assert one.stars is None or 1 <= one.stars <= 5


@pytest.mark.parametrize("pictures", [1, 2, 4])
def test_the_labelling_set_up_shows_every_picture_and_asks_one_thing(pictures: int) -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(labelling(pictures))
    images = [image.get("value") for image in root.iter("Image")]
    assert images == [f"$picture_{n}" for n in range(1, pictures + 1)]
    asked = {tag.tag: tag.get("name") for tag in root.iter() if tag.get("toName")}
    names = {image.get("name") for image in root.iter("Image")}
    assert {tag.get("toName") for tag in root.iter() if tag.get("toName")} <= names
    assert ("Rating" in asked) == (pictures == 1)
    assert ("choice" in asked.values()) == (pictures > 1)


@given(st.lists(st.text(max_size=20), min_size=1), st.integers(1, 60))
def test_a_list_in_parts_is_the_whole_list_and_no_part_is_too_large(texts: list[str], limit: int) -> None:
    with TemporaryDirectory() as folder:
        assert write_list(Path(folder) / "tasks.json", texts, limit) == len(texts)
        count = len(list(Path(folder).iterdir()))
        names = ["tasks.json", *(f"tasks-{part}.json" for part in range(2, count + 1))]
        parts = [json.loads((Path(folder) / name).read_bytes()) for name in names]
        assert [text for part in parts for text in part] == texts
        for part in parts:
            assert len(part) == 1 or sum(len(json.dumps(text, ensure_ascii=False).encode()) for text in part) <= limit
