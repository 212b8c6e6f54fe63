"""The preset picker and the market's hints: what their scripts are told, and what anyone may post."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from t2i_studio.brief.markets import markets
from t2i_studio.brief.presets import presets
from t2i_studio.engine.engine import Engine
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.ui import looks
from t2i_studio.ui.desk import server_function
from t2i_studio.ui.files import static_routes
from t2i_studio.ui.parts import version
from t2i_studio.ui.studio import Studio, Visitor

VISITOR = SimpleNamespace(cookies={"rater": "", "lang": "zh"}, headers={})
SCALARS = st.none() | st.integers() | st.text(max_size=80) | st.dictionaries(st.text(max_size=8), st.integers())
FIELDS = st.sampled_from(["name", "style", "based_on", "id"])


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    settings_ = Settings(home=tmp_path)
    db = open_database(tmp_path)
    return Studio(settings_, db, Engine(db, settings_))


def ask(studio: Studio, action: Any, **payload: Any) -> dict[str, Any]:
    return server_function(studio, action)(payload, VISITOR)  # type: ignore[arg-type]


def test_a_saved_look_comes_back_with_its_levels(studio: Studio) -> None:
    saved = ask(studio, looks.save_preset, name="夏", style={"warmth": 2, "position": "auto"}, based_on="fresh_summer")
    assert ask(studio, looks.own_presets) == {"presets": [saved["preset"]]}
    assert (saved["preset"]["style"]["warmth"], saved["preset"]["based_on"]) == (2, "fresh_summer")
    assert "position" not in saved["preset"]["style"]


def test_a_deleted_look_can_be_brought_back(studio: Studio) -> None:
    saved = ask(studio, looks.save_preset, name="夏", style={})["preset"]
    assert ask(studio, looks.delete_preset, id=saved["id"]) == {"id": saved["id"]}
    assert ask(studio, looks.own_presets) == {"presets": []}
    assert ask(studio, looks.restore_preset, id=saved["id"]) == {"preset": saved}


@pytest.mark.parametrize(
    "payload",
    [
        {"name": "", "style": {}},
        {"name": "x", "style": {"warmth": 9}},
        {"name": "x", "style": {"glow": 1}},
        {"name": "x", "style": {}, "based_on": "nothing_like_it"},
    ],
)
def test_what_cannot_be_saved_is_refused_in_a_sentence(studio: Studio, payload: dict[str, Any]) -> None:
    assert ask(studio, looks.save_preset, **payload)["error"]
    assert ask(studio, looks.own_presets) == {"presets": []}


def test_no_payload_breaks_an_action(studio: Studio) -> None:
    @settings(max_examples=60, deadline=None)
    @given(action=st.sampled_from(looks.PRESET_ACTIONS), payload=st.dictionaries(FIELDS, SCALARS))
    def post(action: Any, payload: dict[str, Any]) -> None:
        assert isinstance(ask(studio, action, **payload), dict)

    post()


def hints(studio: Studio, language: Any, text: str, market: str | None) -> list[dict[str, Any]]:
    (update,) = looks.advise(studio, Visitor("", "local", language), {}, text, market)
    return update.props["hints"]


def test_hints_come_in_the_visitors_language_and_only_with_a_market(studio: Studio) -> None:
    assert any("送终" in hint["text"] for hint in hints(studio, "zh", "闹钟 送礼", "cn"))
    assert any("funeral" in hint["text"] for hint in hints(studio, "en", "闹钟 送礼", "cn"))
    assert hints(studio, "en", "闹钟 送礼", "") == hints(studio, "en", "闹钟 送礼", None) == []


def test_the_browser_gets_the_tables_and_every_picture() -> None:
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(static_routes())
    client = TestClient(app)
    for language in ("en", "zh"):
        script = client.get(f"/studio/{version()}/words.{language}.js").text
        assert all(f'"{row.id}"' in script for row in (*presets(), *markets()))
    for preset in presets():
        assert client.get(f"/studio/{version()}/presets/{preset.id}.webp").headers["content-type"] == "image/webp"
    assert client.get(f"/studio/{version()}/presets/none_such.webp").status_code == 404
