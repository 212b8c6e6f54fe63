"""The Create page's handlers: what is shown while a description is typed is what a batch gets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t2i_studio.brief.requests import make_request
from t2i_studio.domain import Mark
from t2i_studio.engine.engine import Engine
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.store.grids import get_grid
from t2i_studio.store.jobs import get_job
from t2i_studio.ui import create, form
from t2i_studio.ui.studio import Studio, Visitor

VISITOR = Visitor("", "local", "en")
TEXT = "a red handbag, pink backdrop"
RED_BACKDROP = {"text": TEXT, "marks": [{"field": "backdrop", "start": 2, "end": 5}]}
SCENES = "Scene 1: a red handbag.\nScene 2: a blue backpack."


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = Settings(home=tmp_path)
    db = open_database(tmp_path)
    yield Studio(settings, db, Engine(db, settings))
    db.close()


def controls(**given: Any) -> list[Any]:
    values = dict.fromkeys(form.NAMES) | {"text": TEXT, "count": 1, "model": "podium"} | given
    return [values[name] for name in form.NAMES]


def props(update: Any) -> dict[str, Any]:
    told = update if isinstance(update, dict) else update.constructor_args
    return told | told.get("props", {})


def shown(studio: Studio, way: str = "together", **given: Any) -> dict[str, Any]:
    """What the three parts below the description are told."""
    answer: dict[str, Any] = {}
    for update in create.reading(studio, VISITOR, {}, way, *controls(**given)):
        answer |= {name: value for name, value in props(update).items() if name in ("brief", "scenes", "reading")}
    return answer


def test_the_page_shows_the_prompt_a_batch_gets(studio: Studio) -> None:
    given = {"marks": RED_BACKDROP, "styles": {"warmth": 5}, "preset": "fresh_summer"}
    (update, _) = create.generate(studio, VISITOR, {}, [], "together", "", *controls(**given))
    request = get_job(studio.db, props(update)["job"]).request
    assert shown(studio, **given)["reading"][0]["text"] == request.prompt.text
    assert request.marks == (Mark(field="backdrop", start=2, end=5),)
    assert request.text == TEXT


def test_a_correction_changes_the_prompt_and_not_the_text(studio: Studio) -> None:
    before, after = shown(studio), shown(studio, marks=RED_BACKDROP)
    assert "red background" in after["reading"][0]["text"]
    assert "red background" not in before["reading"][0]["text"]
    assert after["brief"]["text"] == before["brief"]["text"] == TEXT


def test_a_prompt_of_ones_own_is_shown_as_it_is(studio: Studio) -> None:
    (told,) = shown(studio, prompt="a teapot")["reading"]
    assert (told["text"], told["edited"]) == ("a teapot", True)


def test_a_product_the_model_cannot_draw_comes_with_some_it_can(studio: Studio) -> None:
    (told,) = shown(studio, text="a red drone")["reading"]
    assert "drone" in told["problem"]
    assert len(told["choices"]) == 5
    product = told["product"]
    assert product["text"][product["start"] : product["end"]] == "drone"
    for name in told["choices"]:
        assert "problem" not in shown(studio, text=f"a red {name}")["reading"][0], name


def test_half_typed_words_are_no_mistake(studio: Studio) -> None:
    assert shown(studio, text="a {red|")["reading"][0]["problem"]
    assert shown(studio, text=" ") == {"brief": None, "scenes": [], "reading": []}


def test_each_scene_has_its_prompt_and_gets_its_batch(studio: Studio) -> None:
    told = shown(studio, "apart", text=SCENES)
    assert len(told["scenes"]) == 2
    (update, _) = create.generate(studio, VISITOR, {}, [], "apart", "", *controls(text=SCENES))
    requests = [job.request for job in get_grid(studio.db, props(update)["sheet"]).jobs]
    assert [request.text for request in requests] == told["scenes"]
    assert [request.prompt.text for request in requests] == [prompt["text"] for prompt in told["reading"]]
    assert len({request.seed for request in requests}) == 1


def test_what_is_varied_is_varied_in_each_scene(studio: Studio) -> None:
    (update, _) = create.generate(studio, VISITOR, {}, [["warmth", "1,5"]], "apart", "", *controls(text=SCENES))
    requests = [job.request for job in get_grid(studio.db, props(update)["sheet"]).jobs]
    assert [("red" in request.text, request.style.warmth) for request in requests] == [
        (True, 1), (True, 5), (False, 1), (False, 5),
    ]  # fmt: skip


def test_marks_come_back_with_the_settings_of_a_batch(studio: Studio) -> None:
    request = make_request(**form.options(studio, VISITOR, *controls(marks=RED_BACKDROP)))
    restored = dict(zip(form.NAMES, form.show(studio, request), strict=False))
    value = props(restored["marks"])["value"]
    again = form.options(studio, VISITOR, *controls(text=restored["text"], marks=value))
    assert again["marks"] == request.marks


def test_a_prompt_of_ones_own_cannot_be_every_scenes(studio: Studio) -> None:
    with pytest.raises(StudioError) as refusal:
        create.generate(studio, VISITOR, {}, [], "apart", "", *controls(text=SCENES, prompt="a teapot"))
    assert refusal.value.key == "grid.prompt_fixed"


def test_the_market_is_kept_with_every_batch_and_comes_back_with_it(studio: Studio) -> None:
    (alone, _) = create.generate(studio, VISITOR, {}, [], "together", "cn", *controls())
    (scenes, _) = create.generate(studio, VISITOR, {}, [], "apart", "cn", *controls(text=SCENES))
    (styles, _) = create.surprise_me(studio, VISITOR, {}, "cn", *controls(count=2))
    request = get_job(studio.db, props(alone)["job"]).request
    jobs = [job for grid in (scenes, styles) for job in get_grid(studio.db, props(grid)["sheet"]).jobs]
    assert {request.market, *(job.request.market for job in jobs)} == {"cn"}
    assert props(form.show(studio, request)[-1])["value"] == "cn"
    (other, _) = create.generate(studio, VISITOR, {}, [], "together", "", *controls())
    assert get_job(studio.db, props(other)["job"]).request.market is None
    with pytest.raises(StudioError, match="no market"):
        create.generate(studio, VISITOR, {}, [], "together", "moon", *controls())
