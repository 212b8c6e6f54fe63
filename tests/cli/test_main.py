"""What holds for every command line: sentences instead of tracebacks, the user's language, quick start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from t2i_studio.cli import app

from .conftest import Ran

Run = Callable[..., Ran]
ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "t2i_studio"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",),
        ("--nope",),
        ("rate",),
        ("rate", "1", "--nope"),
        ("rate", "1", "2"),
        ("variants", "--limit"),
        ("variants", "--json=3"),
        ("show", "1", "--home", "/proc/nowhere"),
        ("jobs", "--state", "lost"),
        ("resume", "1"),
        ("backup",),
        ("serve", "--port", "70000"),
        ("add-user", "x"),
    ],
)
def test_a_command_line_that_is_none_gets_one_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    refused = run(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert "Traceback" not in refused.err


def test_sentences_come_in_the_language_of_the_setting_or_the_locale(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2I_LANGUAGE", "zh")
    assert "没有命令" in run("nope").err
    monkeypatch.setenv("T2I_LANGUAGE", "auto")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "没有命令" in run("nope").err
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert "no command" in run("nope").err


def test_a_setting_that_is_none_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2I_PORT", "door")
    refused = run("variants")
    assert refused.code == 2
    assert 'port cannot be "door"' in refused.err


def test_help_names_every_command_and_no_argument_is_help(run: Run) -> None:
    listed = run().out
    assert listed == run("--help").out
    for command in app.registered_commands:
        assert command.name
        assert command.name in listed
        assert run(command.name, "--help").code == 0


def test_looking_and_rating_start_without_the_deep_learning_libraries(home: Path) -> None:
    script = (
        "import sys; from t2i_studio import cli; codes = [cli.run(a.split()) for a in "
        "('--help', 'variants', 'show 1', 'rate 1 --stars 3', 'models', 'generate bag --steps 0')]; "
        "heavy = {'torch', 'diffusers', 'transformers', 'gradio'} & set(sys.modules); "
        "assert codes == [0, 0, 2, 2, 0, 2], codes; assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)


def test_a_closed_pipe_ends_quietly(home: Path) -> None:
    ended = subprocess.run(
        f"{sys.executable} -m t2i_studio models | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 141)
    assert ended.stderr == ""


def test_ctrl_c_keeps_what_is_finished_and_the_rest_resumes(run_tiny: Run, tiny_model: Path, home: Path) -> None:
    arguments = ["generate", "red mug", "--variants", "64", "--steps", "200", "--json"]
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        listed = run_tiny("variants", "--json").json["total"]
        if listed:
            break
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    total = run_tiny("variants", "--json").json["total"]
    assert 0 < total < 64
    assert out.count('"sha256"') == total
    assert run_tiny("check-store").code == 0
    assert run_tiny("jobs", "--state", "cancelled", "--json").json[0]["id"] == 1


def test_a_full_disk_and_a_read_only_home_are_sentences(run: Run, home: Path) -> None:
    home.parent.joinpath("file").write_text("")
    refused = run("variants", "--home", home.parent / "file")
    assert refused.code == 2
    assert refused.err.count("\n") == 1
