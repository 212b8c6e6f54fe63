"""Log-in: who is not in the users file sees nothing, who is stays logged in, and guessing is slow."""

import asyncio
import base64
import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from t2i_studio.errors import StudioError
from t2i_studio.ui.auth import COOKIE, MAX_FAILURES, LogIn
from t2i_studio.ui.studio import visitor_of
from t2i_studio.ui.users import Users, add_user

NAME, PASSWORD = "李雷", "correct horse"
PAGE = {"Accept": "text/html", "Accept-Language": "zh-CN"}


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    add_user(tmp_path / "users", NAME, PASSWORD)
    return tmp_path / "users"


@pytest.fixture
def visitor(users_file: Path) -> TestClient:
    def who(request: Request) -> PlainTextResponse:
        return PlainTextResponse(visitor_of(request).user)

    app = Starlette(routes=[Route("/{path:path}", who, methods=["GET", "POST"])])
    return TestClient(LogIn(app, Users(users_file)), follow_redirects=False)


def log_in(visitor: TestClient, password: str = PASSWORD, **options: object) -> int:
    return visitor.post("/login", data={"username": NAME, "password": password}, **options).status_code


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize("path", ["/", "/images/0.png", "/gradio_api/mcp/", "/loginx", "/login/../x", "//login"])
def test_without_log_in_there_is_nothing_to_see(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 401
    page = visitor.get(path, headers=PAGE)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/login?next=")


def test_after_log_in_the_name_goes_with_every_request_and_cannot_be_claimed(visitor: TestClient) -> None:
    assert log_in(visitor) == 200
    assert visitor.get("/", headers={"X-T2I-User": "boss"}).text == NAME


def test_the_page_returns_to_where_the_visitor_wanted_to_go_but_never_elsewhere(visitor: TestClient) -> None:
    page = visitor.get("/login?next=/gallery?a=1", headers=PAGE)
    assert "用户名" in page.text
    for wanted, gone_to in (
        ("/gallery", "/gallery"),
        ("//evil", "/"),
        ("https://evil", "/"),
        ("/\\evil", "/"),
    ):
        form = {"username": NAME, "password": PASSWORD}
        back = visitor.post("/login", params={"next": wanted}, data=form, headers=PAGE)
        assert (back.status_code, back.headers["location"]) == (303, gone_to)


def test_the_log_in_page_holds_no_text_of_the_caller_as_html(visitor: TestClient) -> None:
    form = {"username": "<script>", "password": "x"}
    page = visitor.post("/login", params={"next": '/"><script>'}, data=form, headers=PAGE)
    assert "<script>" not in page.text


def test_the_session_outlives_a_restart_and_ends_with_the_password(visitor: TestClient, users_file: Path) -> None:
    log_in(visitor)
    restarted = TestClient(LogIn(visitor.app.app, Users(users_file)), cookies=visitor.cookies)
    assert restarted.get("/").status_code == 200
    add_user(users_file, NAME, "another password")
    assert restarted.get("/").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "李雷", "a.1.b", "%E6%9D%8E%E9%9B%B7.9999999999." + "0" * 64])
def test_a_made_up_session_is_none(visitor: TestClient, token: str) -> None:
    assert visitor.get("/", headers={"Cookie": f"{COOKIE}={token}".encode()}).status_code == 401


def test_programs_may_send_basic(visitor: TestClient) -> None:
    assert visitor.get("/", headers=basic(NAME, PASSWORD)).text == NAME
    assert visitor.get("/", headers=basic(NAME, "wrong")).status_code == 401
    assert visitor.get("/", headers={"Authorization": "Basic ?"}).status_code == 401


def test_logging_out_ends_the_session(visitor: TestClient) -> None:
    log_in(visitor)
    assert visitor.post("/logout").status_code == 303
    assert visitor.get("/").status_code == 401


def test_guessing_is_slow_even_with_the_right_password_at_last(visitor: TestClient) -> None:
    for _ in range(MAX_FAILURES["user"]):
        assert log_in(visitor, "wrong password") == 401
    assert log_in(visitor) == 429
    assert visitor.get("/", headers=basic(NAME, PASSWORD)).status_code == 429
    assert visitor.post("/login", data={"username": "other", "password": "x"}).status_code == 401


def test_the_users_file_is_its_owners_and_holds_no_password(users_file: Path) -> None:
    assert os.stat(users_file).st_mode & 0o077 == 0
    assert PASSWORD not in users_file.read_text(encoding="utf-8")


def test_a_password_is_checked_off_the_event_loop(users_file: Path) -> None:
    async def check() -> int:
        ticks = 0
        task = asyncio.create_task(Users(users_file).verify(NAME, PASSWORD))
        while not task.done():
            await asyncio.sleep(0.001)
            ticks += 1
        assert await task
        return ticks

    assert asyncio.run(check()) > 3


@pytest.mark.parametrize(
    ("name", "password", "key"),
    [("", PASSWORD, "auth.name"), ("a:b", PASSWORD, "auth.name"), ("a", "short", "auth.password")],
)
def test_a_user_that_is_none_is_refused(tmp_path: Path, name: str, password: str, key: str) -> None:
    with pytest.raises(StudioError) as refusal:
        add_user(tmp_path / "users", name, password)
    assert refusal.value.key == key


@pytest.mark.parametrize("content", [b"li:plain", b"\xff", b"li"])
def test_a_users_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "users").write_bytes(content)
    with pytest.raises(StudioError) as refusal:
        Users(tmp_path / "users")
    assert refusal.value.key == "auth.file"
