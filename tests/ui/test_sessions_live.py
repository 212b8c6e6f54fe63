"""A session as its organiser watches, steers and reports it."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from t2i_studio.domain import STYLE_CONTROLS, Answer, Entry, FeedbackSession, SessionKind, SessionPlan, SessionState
from t2i_studio.engine.engine import Engine
from t2i_studio.errors import Language, StudioError
from t2i_studio.feedback.exports import FORMATS
from t2i_studio.feedback.planted import Truth, simulate
from t2i_studio.feedback.raters import Flag
from t2i_studio.feedback.report import report
from t2i_studio.feedback.stars import NoSlope
from t2i_studio.settings import ROOT, Settings
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import open_database
from t2i_studio.store.entrance import consent, enter, make_link
from t2i_studio.store.sessions import set_state
from t2i_studio.ui import session_live
from t2i_studio.ui.auth import LogIn
from t2i_studio.ui.i18n import words
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.quick_import import import_normally
from t2i_studio.ui.session_figures import figures
from t2i_studio.ui.session_preview import preview_routes
from t2i_studio.ui.session_reports import report_routes
from t2i_studio.ui.session_showing import Showing
from t2i_studio.ui.studio import Studio, Visitor
from t2i_studio.ui.users import Users, add_user
from tests.ui.judging import MODELS, session_of

VISITOR = Visitor(rater="r", user="lin", language="en")
NAME = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    import_normally()  # as the server does, once Gradio is imported
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    db = open_database(home)
    return Studio(settings, db, Engine(db, settings))


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(preview_routes(studio))
    app.include_router(report_routes(studio))
    with TestClient(app) as opened:
        yield opened


def rated(studio: Studio, raters: int = 2, kind: SessionKind = SessionKind.PAIRS, **plan: Any) -> FeedbackSession:
    """A session of 4 items whose raters prefer what is shown first, or give four stars and a fault."""
    session = session_of(studio.db, 4, kind, text="=red <b>bag</b>", overlap=raters, **plan)
    label = "Ann" if session.plan.entry is Entry.NAMED else None
    for number in range(raters):
        seat = enter(studio.db, make_link(studio.db, session.id, label))
        consent(studio.db, session.id, seat.rater)
        while (given := next_assignment(studio.db, session.id, seat.rater).assignment) is not None:
            said: dict[str, Any] = {"verdict": "chosen", "place": 0}
            if kind is SessionKind.STARS:
                said = {"verdict": "stars", "stars": 4, "faults": ("warped_shape",)}
            mark = f"{session.id}-{number}-{given.id}"
            answer(studio.db, seat.rater, Answer(assignment=given.id, nonce=mark, active_ms=3000, comment="hi", **said))
    return session


def now(studio: Studio, session: FeedbackSession) -> dict[str, Any]:
    return session_live.session_now(studio, VISITOR, id=session.id)


def test_the_list_says_how_far_each_session_is_and_who_made_it(studio: Studio) -> None:
    session = rated(studio, user="lin")
    other = session_of(studio.db, 4, user="mei")
    found = {one["id"]: one for one in session_live.feedback_sessions(studio, VISITOR)["sessions"]}
    assert (found[session.id]["by"], found[other.id]["by"]) == ("", "mei")
    assert (found[session.id]["progress"]["answers"], found[session.id]["progress"]["wanted"]) == (8, 8)


def test_a_rater_taken_out_stays_visible_with_the_reason_and_counts_in_no_figure(studio: Studio) -> None:
    session = rated(studio)
    first = now(studio, session)
    rater = first["raters"][0]["rater"]
    assert session_live.session_figures(studio, VISITOR, id=session.id)["answers"] > 0
    session_live.exclude_rater(studio, VISITOR, id=session.id, rater=rater, reason="always left")
    after = now(studio, session)
    assert after["mark"] != first["mark"]
    assert after["raters"][0]["reason"] == "always left"
    assert (after["log"][0]["action"], after["log"][0]["rater"], after["log"][0]["details"]["reason"]) == (
        "exclude", rater, "always left",
    )  # fmt: skip
    html = session_live.session_figures(studio, VISITOR, id=session.id)["html"]
    assert words("en")["fs_left_out_note"] in html
    session_live.readmit_rater(studio, VISITOR, id=session.id, rater=rater)
    assert [entry["action"] for entry in now(studio, session)["log"][:2]] == ["readmit", "exclude"]


def test_nobody_is_taken_out_without_a_reason_and_the_attempt_is_in_the_record(studio: Studio) -> None:
    session = rated(studio)
    rater = now(studio, session)["raters"][0]["rater"]
    with pytest.raises(StudioError, match="Say why"):
        session_live.exclude_rater(studio, VISITOR, id=session.id, rater=rater, reason="  ")
    assert now(studio, session)["log"][0]["refused"].startswith("Say why")


def test_pausing_going_on_extending_and_closing_are_in_the_record(studio: Studio) -> None:
    session = rated(studio)
    session_live.set_session_state(studio, VISITOR, id=session.id, state=SessionState.PAUSED)
    session_live.set_session_state(studio, VISITOR, id=session.id, state=SessionState.OPEN)
    session_live.extend_session(studio, VISITOR, id=session.id, overlap=5)
    assert now(studio, session)["session"]["progress"]["wanted"] == 20
    Copies(studio.db).make(session.id)
    session_live.set_session_state(studio, VISITOR, id=session.id, state=SessionState.CLOSED)
    assert not (studio.db.home / "blind" / str(session.id)).exists()
    with pytest.raises(StudioError):
        session_live.set_session_state(studio, VISITOR, id=session.id, state=SessionState.OPEN)
    actions = [entry["action"] for entry in now(studio, session)["log"] if not entry["refused"]]
    assert actions[:4] == ["set closed", "extend", "set open", "set paused"]


def test_a_link_is_told_once_and_can_be_revoked(studio: Studio) -> None:
    session = session_of(studio.db, 4)
    made = session_live.new_link(studio, VISITOR, id=session.id, label="the shop")
    assert made["token"] not in json.dumps(now(studio, session))
    session_live.revoke_link(studio, VISITOR, link=made["link"])
    assert now(studio, session)["links"][0]["revoked"]
    with pytest.raises(StudioError) as caught:
        enter(studio.db, made["token"])
    assert caught.value.key == "session.link_revoked"


@pytest.mark.parametrize("kind", list(SessionKind))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_is_a_page_in_either_language_that_runs_nothing(
    studio: Studio, client: TestClient, kind: SessionKind, language: str
) -> None:
    session = rated(studio, kind=kind, name=NAME)
    headers = {"accept-language": language}
    page = client.get(f"/sessions/{session.id}/report", headers=headers).text
    file = client.get(f"/sessions/{session.id}/report.html", headers=headers)
    assert NAME not in page
    assert "<b>bag" not in page
    assert "&lt;img src=x" in page
    assert words(language)["fs_trust"] in page  # type: ignore[arg-type]
    assert "fs_" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "attachment" in file.headers["content-disposition"]
    assert not re.findall(r'(?:src|href)="(?!data:)', file.text)


@pytest.mark.parametrize(("strengths", "said"), [((1.5, -1.5), "fs_verdict_best"), ((0.0, 0.0), "fs_verdict_open")])
def test_the_first_sentence_claims_no_more_than_the_intervals_allow(strengths: tuple[float, ...], said: str) -> None:
    made = simulate(Truth(strengths=strengths), seed=3).votes[:600]
    found = report(made, SessionPlan(name="x", kind=SessionKind.PAIRS))
    told = figures(found, SessionPlan(name="x", kind=SessionKind.PAIRS), Showing("en", {}))
    beginning = words("en")[said].split("{best}")[1].split("{")[0].split(":")[0]
    assert beginning in told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_counts_those_who_answered_and_says_how_to_replace_who_was_taken_out(
    studio: Studio, client: TestClient, language: Language
) -> None:
    session = rated(studio, entry=Entry.NAMED)
    make_link(studio.db, session.id, "never came")
    come = enter(studio.db, make_link(studio.db, session.id, "only looked"))
    consent(studio.db, session.id, come.rater)
    raters = now(studio, session)["raters"]
    assert (len(raters), now(studio, session)["session"]["progress"]["raters"]) == (4, 2)
    address, headers = f"/sessions/{session.id}/report", {"accept-language": language}
    say = words(language)
    page = client.get(address, headers=headers).text
    assert f"<dt>{say['fs_raters']}</dt><dd>2</dd>" in page
    assert say["fs_left_out_ask"] not in page
    session_live.exclude_rater(studio, VISITOR, id=session.id, rater=raters[0]["rater"], reason="a test")
    assert say["fs_left_out_ask"] in client.get(address, headers=headers).text
    session_live.extend_session(studio, VISITOR, id=session.id, overlap=3)
    assert say["fs_left_out_ask"] not in client.get(address, headers=headers).text  # they are being asked for


def test_without_a_log_in_nothing_of_a_session_is_seen(studio: Studio, tmp_path: Path) -> None:
    session = rated(studio)
    add_user(tmp_path / "users", "lin", "correct horse")
    app = FastAPI()
    app.include_router(preview_routes(studio))
    app.include_router(report_routes(studio))
    app.add_middleware(LogIn, users=Users(tmp_path / "users"))
    with TestClient(app, follow_redirects=False) as client:
        for path in ("report", "report.json", "answers.csv", "export/csv.zip"):
            assert client.get(f"/sessions/{session.id}/{path}").status_code == 401
            known = client.get(f"/sessions/{session.id}/{path}", auth=("lin", "correct horse"))
            assert known.status_code == 200
        assert client.get("/sessions/preview").status_code == 401


def test_whatever_the_figures_may_say_has_words() -> None:
    keys = {f"fs_flag_{flag}" for flag in Flag} | {f"fs_kind_{kind}" for kind in SessionKind}
    keys |= {f"fs_state_{state}" for state in SessionState} | {f"style_{control}" for control in STYLE_CONTROLS}
    keys |= {f"fs_{why}" for why in NoSlope if why is not NoSlope.CONSTANT} | {f"fs_format_{name}" for name in FORMATS}
    assert {key.replace("-", "_") for key in keys} <= set(words("en"))


def test_every_line_of_a_record_has_words(studio: Studio) -> None:
    done = {path.read_text(encoding="utf-8") for path in (ROOT / "t2i_studio" / "store").glob("*.py")}
    actions = {name for text in done for name in re.findall(r'Attempt\("([a-z ]+)"', text)}
    done_by_raters = {"look", "next", "answer", "renew", "send", "key"}  # only in the record when refused
    assert {f"fs_did_{name}".replace(" ", "_") for name in actions - done_by_raters} <= set(words("en"))
    assert {f"fs_did_set_{state}" for state in SessionState} <= set(words("en"))


def test_the_rows_lead_to_every_figure_and_to_nobody(studio: Studio, client: TestClient) -> None:
    session = rated(studio, entry=Entry.NAMED)
    raters = [seat["rater"] for seat in now(studio, session)["raters"]]
    session_live.exclude_rater(studio, VISITOR, id=session.id, rater=raters[0], reason="a test")
    told = client.get(f"/sessions/{session.id}/report.json").json()
    text = client.get(f"/sessions/{session.id}/answers.csv").text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    judged = [row for row in rows if row["purpose"] == "judged" and row["taken_out"] == "0"]
    assert len(judged) == told["report"]["judged"] == 4
    assert len(rows) == told["report"]["answers"]
    wins = sum(row[f"source_{row['chosen']}"] == MODELS[0] for row in judged)
    record = next(each for each in told["report"]["records"] if each["first"] == MODELS[0])
    assert record["wins"] == wins
    assert told["taken_out"][0] | {"at": ""} == {"rater": 1, "at": "", "reason": "a test"}
    assert {row["rater"] for row in rows if row["taken_out"] == "1"} == {"1"}
    assert all(row["description"] == "'=red <b>bag</b>" for row in rows)
    for secret in (*raters, "Ann", '"hi"'):
        assert secret not in json.dumps(told) + text


def test_an_export_is_a_zip_that_says_what_it_holds(studio: Studio, client: TestClient) -> None:
    session = rated(studio)
    reply = client.get(f"/sessions/{session.id}/export/pick-a-pic.zip")
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        about = json.loads(archive.read("export.json"))
        assert {*about["files"], "export.json"} <= set(archive.namelist())
    assert about["format"] == "pick-a-pic"
    empty = session_of(studio.db, 4)
    refused = client.get(f"/sessions/{empty.id}/export/csv.zip", headers={"accept-language": "zh"})
    assert (refused.status_code, refused.json()["error"]) == (422, StudioError("export.empty").sentence("zh"))


def test_what_is_not_there_is_said_and_not_shown(studio: Studio, client: TestClient) -> None:
    assert client.get("/sessions/9999/report").status_code == 404
    assert client.get("/sessions/9999/report.json").status_code == 404
    assert client.get("/sessions/preview/..%2F..%2Fetc.webp").status_code == 404
    assert client.get("/sessions/preview/99999999999999999999.webp").status_code == 404
    with pytest.raises(StudioError):
        session_live.session_now(studio, VISITOR, id=9999)
    closed = rated(studio)
    set_state(studio.db, closed.id, SessionState.CLOSED)
    assert now(studio, closed)["session"]["state"] == "closed"


def test_the_preview_is_the_raters_page_with_nothing_else_allowed_than_there(client: TestClient) -> None:
    page = client.get("/sessions/preview", headers={"accept-language": "zh"})
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert page.text.index("session_preview.js") < page.text.index("/main.js")
    assert client.get("/sessions/preview/0.webp").headers["content-type"] == "image/webp"
