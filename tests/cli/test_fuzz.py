"""Odd input to every command and endpoint ends in a result that honours it or in one clear sentence."""

from pathlib import Path

import pytest

from t2i_studio.cli.bench.fuzz import fuzz_commands, fuzz_endpoints
from t2i_studio.cli.bench.reading import fuzz_reader


@pytest.fixture(autouse=True)
def _tiny(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2I_MODEL", str(tiny_model))


def test_commands() -> None:
    assert fuzz_commands(300, repeatable=True)[1] == []


def test_endpoints() -> None:
    assert fuzz_endpoints(200, repeatable=True)[1] == []


def test_odd_descriptions_are_read_or_refused_in_a_sentence() -> None:
    assert fuzz_reader(300, repeatable=True)[1] == []
