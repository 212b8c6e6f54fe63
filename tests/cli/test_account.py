"""`add-user`: the password comes from a pipe or a prompt, never from the command line."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ran


def test_a_user_is_added_from_a_pipe(run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    added = run("add-user", "Li", "--users", tmp_path / "users", "--json")
    assert added.json["user"] == "Li"
    assert (tmp_path / "users").read_text().startswith("Li:$argon2")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run("add-user", "Li", "--users", tmp_path / "users").code == 2
