"""What the scripts may ask for: anything can be posted, and a refusal is an answer."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.engine.engine import Engine
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.store.raters import new_rater
from t2i_studio.ui import desk, ranking
from t2i_studio.ui.desk import server_function
from t2i_studio.ui.explaining import explain, explanation, stop_explaining
from t2i_studio.ui.sheets import SHEET_ACTIONS
from t2i_studio.ui.studio import Studio

ACTIONS = (desk.poll, desk.cancel, desk.resume, desk.rate, desk.favourite, desk.vary, desk.again, desk.remove,
           desk.restore, desk.find, desk.detail, explain, explanation, stop_explaining, desk.recent, desk.interrupted,
           desk.style_effects, ranking.best_first, ranking.find, *SHEET_ACTIONS)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["job", "id", "ids", "stars", "faults", "note", "nonce", "on", "how", "words", "sort", "after", "ticket"]
)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    home: Path = tmp_path_factory.mktemp("home")
    settings_ = Settings(home=home)
    db = open_database(home)
    return Studio(settings_, db, Engine(db, settings_))


def asking(studio: Studio, language: str = "en") -> Any:
    return SimpleNamespace(cookies={"rater": new_rater(studio.db), "lang": language}, headers={})


@settings(max_examples=150, deadline=None)
@given(action=st.sampled_from(ACTIONS), payload=JSON | st.dictionaries(FIELDS, JSON, max_size=4))
def test_no_payload_breaks_an_action(studio: Studio, action: Any, payload: Any) -> None:
    answer = server_function(studio, action)(payload, asking(studio))
    assert isinstance(answer, dict)


def test_a_refusal_is_in_the_visitors_language(studio: Studio) -> None:
    rate = server_function(studio, desk.rate)
    english = rate({"id": 999, "stars": 3}, asking(studio, "en"))["error"]
    chinese = rate({"id": 999, "stars": 3}, asking(studio, "zh"))["error"]
    assert english != chinese
    assert "999" in english


@pytest.mark.parametrize("payload", [{"id": 1, "stars": 6}, {"id": 1, "stars": 0}, {"id": "x"}, {"stars": 3}])
def test_only_one_to_five_stars_reach_the_store(studio: Studio, payload: dict[str, Any]) -> None:
    assert "error" in server_function(studio, desk.rate)(payload, asking(studio))
