"""The pages as a browser gets them: our words, our files, and nothing for strangers."""

import csv
import io
import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from t2i_studio.domain import Derivation, GenerationRequest, Origin, Prompt, SessionState, State
from t2i_studio.engine.infotext import write_png
from t2i_studio.errors import StudioError
from t2i_studio.settings import ROOT, Settings
from t2i_studio.store import images, jobs, sessions
from t2i_studio.store.database import Database, open_database
from t2i_studio.ui import server
from t2i_studio.ui.i18n import TABLE, choose_language
from t2i_studio.ui.parts import STATIC, version
from tests.ui.judging import session_of

TEXT = "=红色手提包 <b>"
ORIGIN = Origin(
    pipeline="P", model="m", model_hash="0" * 64, seed=7, sampler="default", steps=3, guidance=1,
    width=64, height=64, prompt=TEXT, negative="", device="cpu", dtype="float32", seconds=1, versions={},
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def client(home: Path, tiny_model: Path) -> Iterator[TestClient]:
    app = server.create_app(Settings(home=home, model=str(tiny_model), offline=True))
    with TestClient(app, base_url="http://127.0.0.1:7860") as opened:
        yield opened


@pytest.fixture(scope="module")
def made(client: TestClient, home: Path) -> tuple[int, str]:
    """A finished variant: its id and its picture's hash."""
    db: Database = open_database(home)
    request = GenerationRequest(text=TEXT, prompt=Prompt(text=TEXT), seed=7, variants=1)
    job = jobs.enqueue(db, request)
    jobs.claim(db, job.id)
    sha = images.put_image(db, write_png(Image.new("RGB", (64, 64), "red"), request, ORIGIN))
    jobs.finish_variant(db, job.variants[0], sha, ORIGIN)
    jobs.finish_job(db, job.id, State.DONE)
    db.close()
    return job.variants[0], sha


@pytest.mark.parametrize(
    ("cookies", "accepted", "language"),
    [
        ({}, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ({}, "fr,en;q=0.3,zh;q=0.7", "zh"),
        ({}, "en-GB", "en"),
        ({}, "", "en"),
        ({}, "zh;q=nonsense", "en"),
        ({"lang": "en"}, "zh-CN", "en"),
        ({"lang": "klingon"}, "zh-HK", "zh"),
    ],
)
def test_the_visitors_choice_comes_before_the_browsers(cookies: dict[str, str], accepted: str, language: str) -> None:
    assert choose_language(cookies, accepted) == language


def test_every_word_the_pages_use_exists_in_both_languages() -> None:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert all(row["en"].strip() and row["zh"].strip() for row in table.values())
    used = set()
    for path in [*STATIC.glob("*.js"), *STATIC.parent.glob("*.py")]:
        used |= set(re.findall(r'\b(?:word|tr)\("(\w+)"', path.read_text(encoding="utf-8")))
    assert used - set(table) == set()
    for key, row in table.items():
        assert set(re.findall(r"\{\w+\}", row["en"])) == set(re.findall(r"\{\w+\}", row["zh"])), key


@pytest.mark.parametrize("path", ["/", "/gallery", "/variant", "/sessions", "/session"])
def test_a_page_is_in_the_visitors_language_and_names_no_other_host(client: TestClient, path: str) -> None:
    page = client.get(path, headers={"accept-language": "zh-CN"})
    assert page.status_code == 200
    assert '<html lang="zh-CN"' in page.text
    assert "· T2I Studio</title>" in page.text
    assert "preconnect" not in page.text
    assert "githubusercontent" not in page.text
    cookie = client.get(path, cookies={}).headers["set-cookie"]
    assert "rater=" in cookie
    assert "HttpOnly" in cookie


def test_a_visitor_keeps_the_same_random_id_and_an_unknown_one_is_replaced(client: TestClient) -> None:
    first = client.get("/").cookies["rater"]
    assert client.get("/").cookies["rater"] == first
    other = TestClient(client.app, base_url="http://127.0.0.1:7860", cookies={"rater": "f" * 16})
    assert other.get("/").cookies["rater"] not in (first, "f" * 16)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"host": "evil.example"}),
        ("/", {"origin": "https://evil.example"}),
        ("/", {"origin": "null"}),
        ("/gradio_api/proxy=https://evil.example/x", {}),
        ("/gradio_api/file=https://evil.example/x", {}),
        ("//gradio_api/file=http://evil.example/x", {}),
    ],
)
def test_strangers_are_refused(client: TestClient, path: str, headers: dict[str, str]) -> None:
    assert client.get(f"http://127.0.0.1:7860{path}", headers=headers).status_code == 403


def test_the_policy_lets_pages_load_only_from_the_studio(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"


def test_pictures_are_served_by_hash_and_kept_by_browsers(client: TestClient, made: tuple[int, str]) -> None:
    picture = client.get(f"/images/{made[1]}.png")
    assert picture.headers["content-type"] == "image/png"
    assert "immutable" in picture.headers["cache-control"]
    small = client.get(f"/thumbs/{made[1]}.webp")
    assert Image.open(io.BytesIO(small.content)).format == "WEBP"


@pytest.mark.parametrize(
    "path",
    [
        "/images/../../studio.db.png",
        "/images/%2e%2e%2fstudio.db.png",
        f"/images/{'0' * 64}.png",
        "/thumbs/studio.webp",
        "/studio/x/../server.py",
        "/studio/x/%2e%2e%2fserver.py",
        "/gradio_api/file=studio.db",
        f"/gradio_api/file={ROOT}/README.md",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (403, 404)


def test_scripts_are_kept_only_under_their_own_version(client: TestClient) -> None:
    assert "immutable" in client.get(f"/studio/{version()}/card.js").headers["cache-control"]
    assert client.get("/studio/old/card.js").headers["cache-control"] == "no-store"
    table = client.get(f"/studio/{version()}/words.zh.js").text
    assert "生成" in table


@pytest.mark.parametrize(("data", "part"), [(b"just text", "PNG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"", "PNG")])
def test_an_upload_that_is_no_picture_is_refused_in_a_sentence(client: TestClient, data: bytes, part: str) -> None:
    answer = client.post("/pictures", content=data, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert part in answer.json()["error"]


def test_an_upload_is_stored_and_its_settings_can_be_read(client: TestClient, made: tuple[int, str]) -> None:
    picture = client.get(f"/images/{made[1]}.png").content
    stored = client.post("/pictures", content=picture).json()
    assert client.get(f"/images/{stored['image']}.png").status_code == 200
    assert (stored["width"], stored["height"]) == (64, 64)
    assert client.post("/parameters", content=picture).json()["request"]["text"] == TEXT
    assert client.post("/parameters", content=b"x").status_code == 422


def test_settings_this_studio_cannot_use_are_left_out_and_named(client: TestClient, tiny_model: Path) -> None:
    request = GenerationRequest(
        text="bag", prompt=Prompt(text="bag", negative="rain"), seed=1, model="no-such-model", width=48, height=33,
        derivation=Derivation.IMAGE, init_image="0" * 64, parent=99, sampler="Unheard of",
    )  # fmt: skip
    origin = ORIGIN.model_copy(update={"prompt": "bag"})
    answer = client.post(
        "/parameters",
        content=write_png(Image.new("RGB", (48, 33)), request, origin),
        headers={"accept-language": "en"},
    ).json()
    left_out = [["Model", "no-such-model"], ["Starting picture", ""], ["Size", "48 × 33"], ["Sampler", "Unheard of"]]
    assert sorted(answer["left_out"]) == sorted(left_out)
    assert answer["request"]["model"] == str(tiny_model)
    assert (answer["request"]["derivation"], answer["request"]["parent"]) == ("text", None)
    assert answer["request"]["prompt"]["negative"] == "rain"


def test_a_download_holds_pictures_and_tables_without_formulas(client: TestClient, made: tuple[int, str]) -> None:
    answer = client.post("/download", data={"ids": f"{made[0]}"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        row = next(csv.DictReader(io.StringIO(archive.read("metadata.csv").decode("utf-8-sig"))))
        assert archive.read(row["file"]) == client.get(f"/images/{made[1]}.png").content
        assert json.loads(archive.read("metadata.json"))[0]["request"]["text"] == TEXT
    assert row["description"] == f"'{TEXT}"
    assert client.post("/download", data={"ids": "999999"}).status_code == 404


def test_a_port_in_use_is_told_in_a_sentence() -> None:
    taken = server._listen("127.0.0.1", 0)
    with pytest.raises(StudioError) as refusal:
        server._listen("127.0.0.1", taken.getsockname()[1])
    taken.close()
    assert refusal.value.key == "server.port_taken"


def test_the_pages_come_up_without_torch() -> None:
    code = """
import pathlib, sys, tempfile
from t2i_studio.settings import Settings
from t2i_studio.ui import server
server.create_app(Settings(home=pathlib.Path(tempfile.mkdtemp())))
assert not {"torch", "diffusers", "transformers"} & set(sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-300:]


def test_the_dictionaries_come_with_the_first_description_field_and_once(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr(server, "load_dictionaries", loaded.append)
    monkeypatch.setattr(server, "_later", lambda action: action())
    app = server.create_app(Settings(home=tmp_path, model=str(tiny_model), offline=True))
    client = TestClient(app, base_url="http://127.0.0.1:7860")
    client.get("/gallery")
    assert not loaded
    client.get("/")
    client.get("/")
    assert len(loaded) == 1


def test_blind_copies_of_sessions_that_ended_without_the_studio_go_at_its_start(
    tmp_path: Path, tiny_model: Path
) -> None:
    db = open_database(tmp_path)
    ended, other = (session_of(db, 1) for _ in range(2))
    sessions.set_state(db, ended.id, SessionState.CLOSED)
    db.close()
    ended_copies, copies = (tmp_path / "blind" / str(session.id) for session in (ended, other))
    for folder in (ended_copies, copies):
        folder.mkdir(parents=True)
    app = server.create_app(Settings(home=tmp_path, model=str(tiny_model), offline=True))
    with TestClient(app, base_url="http://127.0.0.1:7860"):
        until = time.monotonic() + 60
        while ended_copies.exists() and time.monotonic() < until:
            time.sleep(0.1)
    assert (ended_copies.exists(), copies.exists()) == (False, True)
