"""What was learnt joins requests that name no adapter, wherever they come from, and pictures say so."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from t2i_studio.brief.requests import make_request, options_of
from t2i_studio.domain import Adapter, GenerationRequest, LearntAdapter, State
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.learning.joining import join
from t2i_studio.settings import Settings
from t2i_studio.store import jobs, learnt_adapters
from t2i_studio.store.database import open_database
from t2i_studio.store.images import image_path, put_image
from t2i_studio.store.sample import origin
from t2i_studio.ui import create, desk, form, learnt, session_form
from t2i_studio.ui.studio import Studio, Visitor
from tests.store.studio import png
from tests.ui.learning import GOOD, MODEL, decided
from tests.ui.test_create import controls, props

VISITOR = Visitor("", "lin", "en")
TEXT = "a red handbag"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = Settings(home=tmp_path)
    db = open_database(tmp_path)
    yield Studio(settings, db, Engine(db, settings))
    db.close()


def in_use(studio: Studio, **asked: Any) -> LearntAdapter:
    made = decided(studio.db, **asked)
    return learnt_adapters.adopt(studio.db, made.id, "lin")


def request(studio: Studio, **asked: Any) -> GenerationRequest:
    return make_request(TEXT, find_model(studio.settings, MODEL), seed=1, **asked)


def joined(studio: Studio, *requests: GenerationRequest, team: str = "") -> list[list[str]]:
    return [[one.path for one in each.adapters] for each in join(studio.db, studio.settings, requests, team)]


def pressed(studio: Studio, **given: Any) -> list[str]:
    """Paths of the adapters of the batch that the Create page's button begins."""
    (update, _) = create.generate(studio, VISITOR, {}, [], "together", "", *controls(**given))
    return [one.path for one in jobs.get_job(studio.db, props(update)["job"]).request.adapters]


def test_only_requests_that_name_no_adapter_get_what_is_in_use(studio: Studio) -> None:
    assert joined(studio, request(studio)) == [[]]
    made = in_use(studio)
    assert joined(studio, request(studio)) == [[made.path]]
    own = request(studio, adapters=[Adapter(path="brand", scale=0.0)])
    assert joined(studio, own) == [["brand"]]
    assert joined(studio, own, request(studio)) == [["brand"], []]  # a grid that compares adapters


def test_a_team_gets_its_own_and_without_one_everybodys(studio: Studio) -> None:
    everybody, shop = in_use(studio), in_use(studio, team="shop")
    assert joined(studio, request(studio), team="shop") == [[shop.path]]
    assert joined(studio, request(studio), team="bakery") == [[everybody.path]]


def test_an_adapter_that_would_spoil_pictures_is_left_out(studio: Studio) -> None:
    made = in_use(studio, model_hash="f" * 64)
    assert joined(studio, request(studio)) == [[]]
    assert learnt.learnt_tastes(studio, VISITOR, model=MODEL)["tastes"][0]["works"] is False
    made = in_use(studio)
    (Path(made.path) / learnt_adapters.WEIGHTS).unlink()
    assert joined(studio, request(studio)) == [[]]


def test_the_switch_of_the_page_decides(studio: Studio) -> None:
    made = in_use(studio)
    assert pressed(studio) == [made.path]
    assert pressed(studio, learnt={"on": True, "team": ""}) == [made.path]
    assert pressed(studio, learnt={"on": False, "team": ""}) == []
    assert learnt.learnt_tastes(studio, VISITOR, model=MODEL) == {
        "tastes": [{"team": "", "version": 1, "run": made.run, "works": True}]
    }


def test_settings_shown_again_are_exactly_those(studio: Studio) -> None:
    made = in_use(studio)

    def shown(asked: GenerationRequest, *, keep_seed: bool) -> tuple[Any, str]:
        updates = dict(zip(form.NAMES, form.show(studio, asked, keep_seed=keep_seed), strict=False))
        return props(updates["learnt"]).get("value"), updates["adapter"]

    (with_it,) = join(studio.db, studio.settings, [request(studio)])
    for keep_seed in (True, False):
        assert shown(with_it, keep_seed=keep_seed) == ({"on": True, "team": ""}, "")
    assert shown(request(studio), keep_seed=True) == ({"on": False, "team": ""}, "")
    assert shown(request(studio), keep_seed=False) == (None, "")  # the switch stays as it is
    own = request(studio, adapters=[Adapter(path=made.path, scale=0.5)])
    assert shown(own, keep_seed=True) == (None, made.path)
    learnt_adapters.roll_back(studio.db, MODEL, "", "lin")
    assert shown(with_it, keep_seed=True) == (None, made.path)  # of an earlier version: as one's own


def test_the_switch_knows_one_in_use_at_less_than_full_strength(studio: Studio) -> None:
    in_use(studio, verdict=GOOD.model_copy(update={"scale": 0.7}))
    (with_it,) = join(studio.db, studio.settings, [request(studio)])
    assert with_it.adapters[0].scale == 0.7
    assert learnt.in_use(studio, with_it) == ""
    fuller = with_it.model_copy(update={"adapters": (with_it.adapters[0].model_copy(update={"scale": 1.0}),)})
    assert learnt.in_use(studio, fuller) is None


def test_pictures_for_a_session_are_made_with_it_unless_models_or_adapters_are_compared(studio: Studio) -> None:
    made = in_use(studio)

    def adapters(**asked: Any) -> list[list[str]]:
        requests = session_form.to_requests(studio, session_form.Form(prompts=TEXT, **asked), "lin")
        return [[one.path for one in each.adapters] for each in requests]

    assert adapters(each=2) == [[made.path]]
    assert adapters(axis="preset", sources=["–", "diwali"]) == [[made.path], [made.path]]
    assert adapters(axis="adapter", sources=["–", f"{made.path}:1"]) == [[], [made.path]]


def test_what_a_picture_was_made_with_is_not_added_twice(studio: Studio) -> None:
    made = in_use(studio)
    (with_it,) = join(studio.db, studio.settings, [request(studio)])
    kept = options_of(with_it)
    again = make_request(**{**kept, "model": find_model(studio.settings, MODEL)})
    assert joined(studio, again) == [[made.path]]


def test_a_variant_says_which_version_made_it(studio: Studio) -> None:
    made = in_use(studio)
    job = jobs.enqueue(studio.db, request(studio, variants=2))
    jobs.claim(studio.db, job.id)
    used = (Adapter(path="moved/elsewhere", hash=made.hash), Adapter(path="brand", hash="1" * 64))
    for id, adapters in zip(job.variants, (used, ()), strict=True):
        how = origin(id).model_copy(update={"adapters": adapters})
        jobs.finish_variant(studio.db, id, put_image(studio.db, png(id)), how)
    told = [desk.detail(studio, VISITOR, id=id)["variant"]["learnt"] for id in job.variants]
    assert told == [{"version": 1, "run": made.run, "model": MODEL, "team": ""}, None]


def test_adopting_and_rolling_back_need_no_restart(tmp_path: Path, tiny_model: Path) -> None:
    settings = Settings(home=tmp_path, model=str(tiny_model), offline=True, device="cpu")
    db = open_database(tmp_path)
    studio = Studio(settings, db, Engine(db, settings))
    studio.engine.start()
    try:
        before = picture(studio, tiny_model)
        made = adapter(studio, tiny_model)
        assert picture(studio, tiny_model) == before  # there, and not in use
        learnt_adapters.adopt(db, made.id, "lin")
        after = picture(studio, tiny_model)
        assert after != before
        assert picture(studio, tiny_model, on=False) == before
        learnt_adapters.roll_back(db, made.model, "", "lin")
        assert picture(studio, tiny_model) == before
        learnt_adapters.adopt(db, made.id, "lin")
        assert picture(studio, tiny_model) == after
    finally:
        studio.engine.close()
        db.close()


def picture(studio: Studio, model: Path, *, on: bool = True) -> bytes:
    """Pixels that a request gets now."""
    asked = make_request(TEXT, find_model(studio.settings, str(model)), seed=1, variants=1)
    (ready,) = learnt.with_taste(studio, [asked], learnt.Taste(on=on))
    job = studio.engine.submit(ready)
    until = time.monotonic() + 240
    while jobs.get_job(studio.db, job.id).state in (State.WAITING, State.RUNNING) and time.monotonic() < until:
        time.sleep(0.05)
    assert jobs.get_job(studio.db, job.id).state is State.DONE, jobs.get_job(studio.db, job.id).error
    card = desk.poll(studio, VISITOR, job=job.id)["cards"][0]
    with Image.open(image_path(studio.db, card["image"])) as made:
        return made.tobytes()


def adapter(studio: Studio, model: Path) -> LearntAdapter:
    """A trained one, as far as a picture shows: of random weights."""
    import torch

    from t2i_studio.engine.loading import load_model
    from t2i_studio.learning import lora

    card = find_model(studio.settings, str(model))
    loaded = load_model(card, torch.device("cpu"), studio.settings, studio.db.home / "cache")
    chance = torch.Generator().manual_seed(1)
    for weight in lora.attach(loaded.pipe.unet, 4, 0):
        weight.data = torch.randn(weight.shape, generator=chance)
    home = studio.db.home / "made"
    file = lora.write_adapter(loaded.pipe, loaded.pipe.unet, home / "adapter")
    return decided(studio.db, content=file.read_bytes(), model=card.name, model_hash=loaded.hash)
