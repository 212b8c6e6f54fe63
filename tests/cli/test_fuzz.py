"""Odd input to every command and endpoint ends in a result that honours it or in one clear sentence."""

from pathlib import Path

import pytest
from typer.main import get_command

from t2i_studio import cli
from t2i_studio.cli.bench.fuzz import NOT_FUZZED, _commands, _unheard, fuzz_commands, fuzz_endpoints
from t2i_studio.cli.bench.reading import fuzz_reader
from t2i_studio.store.sample import request


@pytest.fixture(autouse=True)
def _tiny(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2I_MODEL", str(tiny_model))


def test_commands() -> None:
    assert fuzz_commands(300, repeatable=True)[1] == []


def test_endpoints() -> None:
    assert fuzz_endpoints(200, repeatable=True)[1] == []


def test_odd_descriptions_are_read_or_refused_in_a_sentence() -> None:
    assert fuzz_reader(300, repeatable=True)[1] == []


def test_every_command_is_tried_but_those_that_serve_measure_or_train() -> None:
    groups = get_command(cli.app).commands  # type: ignore[attr-defined]
    assert set(NOT_FUZZED) == {"serve", "bench", "pretrain", "session simulate", "finetune simulate"}
    assert {"serve", "bench", "pretrain"} < set(groups)
    tried = {name for name, _ in _commands(get_command(cli.app))}
    grouped = {"session create", "session report", "finetune preflight", "finetune run", "finetune adopt"}
    assert tried >= (set(groups) - {"serve", "bench", "pretrain", "session", "finetune"}) | grouped


@pytest.mark.parametrize(
    "line",
    [
        ["generate", "--seed", "8"],
        ["generate", "--variants", "3", "--dry-run"],
        ["generate", "--preset", "studio_white"],
        ["generate", "--mark", "backdrop=红色"],
        ["generate", "a {red|blue} handbag"],
        ["grid", "--axis", "warmth=1..5"],
    ],
)
def test_what_was_asked_for_and_not_done_is_noticed(line: list[str]) -> None:
    assert _unheard([line[0]], [request().model_dump()]) is None
    assert _unheard(line, [request().model_dump()])
