"""The command line, run in this process on a home of its own and a tiny random-weight model."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from t2i_studio import cli


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """T2I_HOME of the test; sentences are English."""
    monkeypatch.setenv("T2I_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("T2I_LANGUAGE", "en")
    monkeypatch.setenv("T2I_OFFLINE", "1")
    monkeypatch.setenv("T2I_THREADS", "1")  # the tiny model is slower on two
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`run("rate", "1", "--stars", "5")`."""

    def command(*arguments: object) -> Ran:
        capfd.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        return Ran(code, *capfd.readouterr())

    return command


@pytest.fixture
def run_tiny(run: Callable[..., Ran], tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`run` with the tiny model as the default one."""
    monkeypatch.setenv("T2I_MODEL", str(tiny_model))
    return run
