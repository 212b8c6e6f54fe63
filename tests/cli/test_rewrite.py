"""`brief --rewrite`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from t2i_studio.engine.writer import load_writer

from ..engine.test_writer import ANSWER, TEXT, store
from .conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    load_writer.cache_clear()
    monkeypatch.setattr("t2i_studio.engine.writer.NEW_TOKENS", 48)


def test_the_prompt_is_the_writers(run_tiny: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2I_WRITER", str(store(tmp_path / "writer", learn=ANSWER)))
    told = run_tiny("brief", TEXT, "--rewrite", "--json").json
    assert (told["prompt"], told["rewritten"], told["problem"]) == (ANSWER, True, None)
    assert run_tiny("brief", TEXT, "--json").json["prompt"] == "A red handbag"


def test_a_refused_answer_leaves_the_composed_prompt_and_is_said(
    run_tiny: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2I_WRITER", str(store(tmp_path / "writer")))
    told = run_tiny("brief", TEXT, "--rewrite", "--json").json
    assert (told["prompt"], told["rewritten"]) == ("A red handbag", False)
    assert "stays as composed" in told["problem"]


def test_a_writer_that_is_not_configured_or_not_there_is_bad_input(
    run_tiny: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run_tiny("brief", TEXT, "--rewrite")
    assert (ran.code, "T2I_WRITER" in ran.err) == (2, True)
    monkeypatch.setenv("T2I_WRITER", "/nowhere")
    ran = run_tiny("brief", TEXT, "--rewrite")
    assert (ran.code, "/nowhere" in ran.err) == (2, True)
