"""The Learn page's answers: what is found, what is begun and what is not, what is put in use, and what is served."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from t2i_studio.domain import Answer, Length, Scope, Stage, State
from t2i_studio.engine.engine import Engine
from t2i_studio.errors import StudioError
from t2i_studio.feedback.drafts import settle
from t2i_studio.learning import asking, curve
from t2i_studio.learning.runs import folder_of
from t2i_studio.settings import Settings
from t2i_studio.store import jobs, learning_runs, learnt_adapters
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import open_database
from t2i_studio.store.entrance import consent, enter
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin
from t2i_studio.store.session_drafts import get_draft
from t2i_studio.store.variants import get_variants
from t2i_studio.ui import learn_actions, learn_process, session_watch
from t2i_studio.ui.auth import LogIn
from t2i_studio.ui.learn_files import learn_routes
from t2i_studio.ui.studio import Studio, Visitor
from t2i_studio.ui.users import Users, add_user
from tests.store.studio import png
from tests.ui.learning import BAD, GOOD, MODEL, compared_pairs, decided, descriptions

VISITOR = Visitor("r", "lin", "en")
NONCE = "n" * 12


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = Settings(home=tmp_path)
    db = open_database(tmp_path)
    yield Studio(settings, db, Engine(db, settings))
    db.close()


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(learn_routes(studio))
    with TestClient(app) as opened:
        yield opened


def page(studio: Studio) -> dict[str, Any]:
    return learn_actions.learning_page(studio, VISITOR)


def whole(studio: Studio, id: int, language: Any = "en") -> dict[str, Any]:
    told: dict[str, Any] = learn_actions.learning_run(studio, Visitor("r", "lin", language), id=id)["run"]
    return told


def refusal(action: Callable[..., Any], *given: Any, **asked: Any) -> str:
    with pytest.raises(StudioError) as refused:
        action(*given, **asked)
    return refused.value.key


def test_what_the_ratings_prefer_is_said_or_that_nobody_can_tell(studio: Studio) -> None:
    assert learn_actions.learning_taste(studio, VISITOR)["told"] is False
    compared_pairs(studio.db, 20, raters=1)
    warm = learn_actions.learning_taste(studio, VISITOR)
    assert warm["told"] is True
    assert "From 20 ratings; right in 100 % of held-out pairs" in warm["sentences"][1]
    chinese = learn_actions.learning_taste(studio, Visitor("r", "lin", "zh"))
    assert chinese["sentences"][1].startswith("来自 20 条评分")


def test_a_fresh_studio_is_told_what_to_do_first(studio: Studio) -> None:
    found = learn_actions.learning_preflight(studio, VISITOR)
    assert found["found"]["usable"] == 0
    assert found["left_out"] == {}
    assert "rate pictures on the Create page" in found["refusals"][0]
    assert page(studio)["runs"] == []


def test_what_is_found_is_told_without_naming_anybody(studio: Studio) -> None:
    compared_pairs(studio.db, 52)
    found = learn_actions.learning_preflight(studio, Visitor("r", "lin", "zh"))
    assert (found["found"]["usable"], found["raters"], found["method"]) == (104, 2, "dpo")
    assert found["refusals"] == []
    assert "偏好对" in found["reason"]
    names = [name for name, _ in found["products"]]
    assert len(names) > 10
    assert not [name for name in names if "object." in name]
    assert any("\u4e00" <= letter <= "\u9fff" for name in names for letter in name)
    assert "person" not in str(found)


def test_the_time_is_told_once_a_step_was_measured(studio: Studio) -> None:
    assert learn_actions.learning_preflight(studio, VISITOR)["lengths"]["usual"]["seconds"] is None
    decided(studio.db)  # its curve takes a quarter of a second a step
    lengths = learn_actions.learning_preflight(studio, VISITOR)["lengths"]
    assert {each: told["seconds"] for each, told in lengths.items()} == {
        each: told["steps"] / 4 for each, told in lengths.items()
    }
    assert lengths["quick"]["steps"] <= lengths["usual"]["steps"] <= lengths["long"]["steps"]


def test_what_the_preflight_refuses_is_not_begun(studio: Studio) -> None:
    assert refusal(learn_actions.begin_learning, studio, VISITOR, nonce=NONCE) == "learning.nothing_rated"
    assert refusal(learn_actions.begin_learning, studio, VISITOR, nonce=NONCE, session=99) == "session.unknown"
    assert refusal(learn_actions.begin_learning, studio, VISITOR, nonce=NONCE, model="none") == "model.unknown"
    compared_pairs(studio.db, 5)
    assert refusal(learn_actions.begin_learning, studio, VISITOR, nonce=NONCE) == "learning.too_few"
    assert page(studio)["runs"] == []


def test_a_press_begins_one_run_and_one_at_a_time(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    monkeypatch.setattr(learn_process, "start", lambda studio, id: begun.append(id))
    compared_pairs(studio.db, 52)
    first = learn_actions.begin_learning(studio, VISITOR, nonce=NONCE)
    assert learn_actions.begin_learning(studio, VISITOR, nonce=NONCE) == first
    assert refusal(learn_actions.begin_learning, studio, VISITOR, nonce="m" * 12) == "learning.busy"
    assert begun == [first["run"]]
    assert page(studio)["busy"] == first["run"]
    learn_actions.cancel_learning(studio, VISITOR, id=first["run"])
    assert whole(studio, first["run"])["state"] == "cancelled"
    learn_actions.resume_learning(studio, VISITOR, id=first["run"])
    assert begun == [first["run"]] * 2


def test_a_process_works_on_the_run_and_leaves_it_when_it_dies(studio: Studio) -> None:
    run = learning_runs.create_run(studio.db, Scope(model=MODEL), Length.QUICK, "lin")
    learn_process.start(studio, run.id)
    process = learn_process._started[str(studio.db.engine.url), run.id]
    assert whole(studio, run.id)["state"] == "starting"
    assert refusal(learn_process.start, studio, run.id) == "learning.claimed"
    if sys.platform == "linux":
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= learn_process.NICER
        given = psutil.Process(process.pid).environ()
        cores = psutil.cpu_count(logical=False) or 1
        assert int(given["OMP_NUM_THREADS"]) == max(1, cores - 1)  # the page stays quick
    process.kill()
    process.wait()
    assert learning_runs.get_run(studio.db, run.id).stage is Stage.PREFLIGHT
    assert whole(studio, run.id)["state"] == "interrupted"
    learn_actions.resume_learning(studio, VISITOR, id=run.id)
    until = time.monotonic() + 240
    while learning_runs.get_run(studio.db, run.id).stage is Stage.PREFLIGHT and time.monotonic() < until:
        time.sleep(0.2)
    told = whole(studio, run.id)  # nothing was rated, which its process says through the row
    assert (told["state"], "Create page" in told["preflight"]["refusals"][0]) == ("refused", True)
    assert refusal(learn_actions.resume_learning, studio, VISITOR, id=run.id) == "learning.not_resumable"
    learn_process.stop(studio)


def test_a_run_cancelled_while_its_process_starts_stays_cancelled(studio: Studio) -> None:
    run = learning_runs.create_run(studio.db, Scope(model=MODEL), Length.QUICK, "lin")
    learn_process.start(studio, run.id)
    learn_actions.cancel_learning(studio, VISITOR, id=run.id)
    assert not learn_process.is_alive(studio, run.id)
    assert whole(studio, run.id)["state"] == "cancelled"


def test_a_process_gets_the_settings_of_its_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2I_MODEL", "another")
    monkeypatch.setenv("T2I_DATABASE_URL", "sqlite:///elsewhere.db")
    settings = Settings(home=tmp_path, model=MODEL, database_url=None, threads=2)
    for name, value in learn_process.environment(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("T2I_DATABASE_URL")  # `environment` leaves it out: the default counts
    assert "T2I_DATABASE_URL" not in learn_process.environment(settings)
    assert Settings() == settings


def test_the_verdict_comes_with_its_reasons_and_decides_what_can_be_used(studio: Studio) -> None:
    good, bad = decided(studio.db, GOOD), decided(studio.db, BAD)
    told = whole(studio, bad.run, "zh")
    assert (told["state"], told["verdict"]["win_rate"], told["verdict"]["adopt"]) == ("decided", 0.55, False)
    assert "盲评场次" in told["reasons"][0]
    assert "没有通过" in told["adapter"]["obstacle"]
    assert refusal(learn_actions.adopt_adapter, studio, VISITOR, id=bad.id) == "learning.not_better"
    assert whole(studio, good.run)["adapter"]["obstacle"] is None
    assert learn_actions.adopt_adapter(studio, VISITOR, id=good.id)["adapter"]["by"] == ""


def test_rolling_back_is_one_press_and_can_be_undone(studio: Studio) -> None:
    first, second = decided(studio.db), decided(studio.db)
    for made in (first, second):
        learn_actions.adopt_adapter(studio, VISITOR, id=made.id)
    assert learn_actions.roll_back_adapter(studio, VISITOR, id=second.id) == {"version": 1}
    assert [one["adopted"] for one in page(studio)["adapters"]] == [False, True]
    assert refusal(learn_actions.roll_back_adapter, studio, VISITOR, id=second.id) == "learning.nothing_adopted"
    learn_actions.adopt_adapter(studio, VISITOR, id=second.id)
    assert [one["adopted"] for one in page(studio)["adapters"]] == [True, False]
    learn_actions.roll_back_adapter(studio, VISITOR, id=second.id)
    assert learn_actions.roll_back_adapter(studio, VISITOR, id=first.id) == {"version": None}


def test_a_discarded_adapter_is_put_aside_and_taken_back(studio: Studio) -> None:
    made = decided(studio.db)
    learn_actions.discard_adapter(studio, VISITOR, id=made.id)
    (told,) = page(studio)["adapters"]
    assert (told["discarded"], "take it back" in told["obstacle"]) == (True, True)
    assert refusal(learn_actions.adopt_adapter, studio, VISITOR, id=made.id) == "learning.adapter_missing"
    learn_actions.take_back_adapter(studio, VISITOR, id=made.id)
    learn_actions.adopt_adapter(studio, VISITOR, id=made.id)
    assert refusal(learn_actions.discard_adapter, studio, VISITOR, id=made.id) == "learning.was_in_use"


def test_an_adapter_for_other_weights_says_so(studio: Studio) -> None:
    made = decided(studio.db, model_hash="f" * 64)
    assert "learn again for the model as it is now" in whole(studio, made.run)["adapter"]["obstacle"]


def test_learning_again_takes_the_ratings_as_they_are_now(studio: Studio) -> None:
    made = decided(studio.db, judgements=compared_pairs(studio.db, 5))
    assert refusal(learn_actions.learn_again, studio, VISITOR, id=made.run) == "learning.too_few"
    assert len(page(studio)["runs"]) == 1


def test_the_whole_curve_is_told_whenever_the_page_comes(studio: Studio) -> None:
    made = decided(studio.db)
    told = whole(studio, made.run)["curve"]
    assert told[0][0] == 0
    assert told[-1][0] == 300
    folder = folder_of(studio.db, made.run)
    (folder / "curve.csv").write_text("1,0.7,1,\n2,0.6,2,\n3,0.5,3,\n2,0.65,9,\n3,0.55,10,\n4,0.")
    assert [(point.step, point.loss) for point in curve.read(folder)] == [(1, 0.7), (2, 0.65), (3, 0.55)]


def test_pictures_are_side_by_side_and_nothing_else_is_served(studio: Studio, client: TestClient) -> None:
    made = decided(studio.db)
    told = whole(studio, made.run)
    assert [pair["text"] for pair in told["pictures"]] == descriptions(3)
    assert len(told["samples"]) == 4
    for pair in (*told["samples"], *told["pictures"]):
        for side in ("before", "after"):
            assert client.get(pair[side]).headers["content-type"] == "image/png"
    second = told["pictures"][1]["after"].split("?")[0]
    assert client.get(second).content == (folder_of(studio.db, made.run) / "evaluation/new/002.png").read_bytes()
    for path in ("1/samples/after-9.png", "9/samples/after-0.png", "1/cache/after-0.png", "1/samples/..%2fcurve.png"):
        assert client.get(f"/learn/runs/{path}").status_code in (404, 422)


def test_an_adapter_is_taken_away_as_it_is(studio: Studio, client: TestClient) -> None:
    made = decided(studio.db, content=b"whatever")
    answer = client.get(f"/learn/adapters/{made.id}.safetensors?layers=diffusers")
    assert answer.content == b"whatever"
    assert f'"t2i-studio-taste-{MODEL}-v1.safetensors"' in answer.headers["content-disposition"]
    assert client.get("/learn/adapters/99.safetensors").status_code == 404
    (Path(made.path) / learnt_adapters.WEIGHTS).unlink()
    assert client.get(f"/learn/adapters/{made.id}.safetensors").status_code == 404


def test_files_are_behind_the_log_in(studio: Studio, tmp_path: Path) -> None:
    made = decided(studio.db)
    add_user(tmp_path / "users", "lin", "correct horse")
    app = FastAPI()
    app.include_router(learn_routes(studio))
    app.add_middleware(LogIn, users=Users(tmp_path / "users"))
    with TestClient(app, follow_redirects=False) as client:
        for path in (f"/learn/runs/{made.run}/samples/after-0.png", f"/learn/adapters/{made.id}.safetensors"):
            assert client.get(path).status_code == 401
            known = client.get(f"{path}?layers=diffusers", auth=("lin", "correct horse"))
            assert known.status_code == 200


def test_people_are_asked_and_their_answers_are_the_verdict(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ITEMS", 14)
    made = decided(studio.db, BAD)
    asked = learn_actions.ask_people(studio, VISITOR, id=made.run)
    draft = get_draft(studio.db, asked["draft"])
    assert learn_actions.ask_people(studio, VISITOR, id=made.run) == asked
    told = whole(studio, made.run)["asked"]
    assert (told["session"], told["making"]["of"]) == (None, 28)
    for number in draft.jobs:
        finish(studio, number)
    assert settle(studio.db, draft.id).session
    now = whole(studio, made.run)
    assert (now["state"], now["asked"]["answers"], now["asked"]["open"]) == ("asking", 0, True)
    rater = enter(studio.db, learn_actions.link_for_raters(studio, VISITOR, id=made.run)["token"]).rater
    prefer_new(studio, now["asked"]["session"], rater, made.path, 14)
    now = whole(studio, made.run)
    assert (now["state"], now["verdict"]["judge"]) == ("decided", "people")
    assert now["verdict"]["win_rate"] == pytest.approx(1)
    assert now["asked"]["answers"] > 0
    session_watch.stop(studio)


def finish(studio: Studio, number: int) -> None:
    """A batch with pictures, as if the engine had made them."""
    job = jobs.claim(studio.db, number)
    for id in job.variants:
        jobs.finish_variant(studio.db, id, put_image(studio.db, png(id)), origin(id))
    jobs.finish_job(studio.db, number, State.DONE)


def prefer_new(studio: Studio, session: int, rater: str, path: str, count: int) -> None:
    """So many answers of a rater who always likes the new picture."""
    consent(studio.db, session, rater)
    judged = 0
    while judged < count and (given := next_assignment(studio.db, session, rater).assignment) is not None:
        shown = get_variants(studio.db, given.order)
        place = next(at for at, one in enumerate(shown) if any(used.path == path for used in one.request.adapters))
        said = Answer(assignment=given.id, nonce=f"{rater}-{given.id}", active_ms=3000, verdict="chosen", place=place)
        answer(studio.db, rater, said)
        judged += 1
