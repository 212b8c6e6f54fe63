"""The page's button that has the prompt reworded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from t2i_studio.engine import writer
from t2i_studio.engine.engine import Engine
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.ui.rewriting import reword
from t2i_studio.ui.studio import Studio

from ..engine.test_writer import ANSWER, TEXT, store
from .test_create import VISITOR, controls, props

MODEL = "somewhere/on-the-hub"


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """With a writer that has learnt one answer."""
    monkeypatch.setattr(writer, "NEW_TOKENS", 48)
    source = store(tmp_path / "writer", learn=ANSWER)
    settings = Settings(home=tmp_path, writer=str(source), offline=True, device="cpu")
    db = open_database(tmp_path)
    yield Studio(settings, db, Engine(db, settings))
    db.close()


def test_the_answer_is_offered_or_a_sentence_says_why_not(studio: Studio) -> None:
    (offered,) = reword(studio, VISITOR, {}, *controls(text=TEXT, model=MODEL, prompt="an older wording"))
    assert props(offered)["written"]["text"] == ANSWER
    for given, why in (({"text": ""}, "empty"), ({"model": "podium"}, "its own words")):
        (refused,) = reword(studio, VISITOR, {}, *controls(**{"text": TEXT, "model": MODEL} | given))
        assert why in props(refused)["written"]["problem"]
