"""Odd input to every command and endpoint: an answer honours it, or is one clear sentence.

Commands are called as `python -m t2i_studio` calls them, endpoints over HTTP; only the model does not run
(`generate` checks with --dry-run, the served engine is not started): it sees nothing but checked requests.
"""

import contextlib
import inspect
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from typer.main import get_command

from t2i_studio import cli
from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.console import load_settings
from t2i_studio.domain import State
from t2i_studio.engine.infotext import write_png
from t2i_studio.store import jobs
from t2i_studio.store.database import open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request

COMMAND_CASES, ENDPOINT_CASES = 7_000, 3_000
NOT_FUZZED = ("serve", "bench", "style-check", "pretrain")
"""They run until stopped, measure for minutes, or train."""

FILES = ("text.png", "cut.png", "nowhere.png", "folder", "folder/new", "text.png/x", "n" * 300, "")
PATHS = ("out", "target", "users", "home", "init", "mask", "from_")
GOOD: dict[str, tuple[Any, ...]] = {
    "text": ("红色手提包", "a red handbag", "mug 杯子"),
    "description": ("红色手提包", "a red handbag"),
    "stars": (1, 5),
    "variants": (1, 4),
    "variant": (1, 2),
    "job": (1,),
    "batch": (1,),
    "seed": (0, 2**32 - 1),
    "steps": (1, 30),
    "size": ("64x64", "256x256"),
    "guidance": (0, 7.5),
    "strength": (0.5, 1),
    "style": ("brightness=4", "position=left"),
    "fault": ("clutter",),
    "faults": ("clutter",),
    "sort": ("newest", "stars"),
    "state": ("done", "failed"),
    "limit": (1, 500),
    "since": ("2026-01-31", "2026-01-31T08:30+08:00"),
    "until": ("2026-12-31",),
    "rater": ("Li", "local"),
    "name": ("Li",),
    "out": ("folder", "folder/new"),
    "target": ("folder/copy", "folder/copy.zip"),
    "users": ("users",),
    "init": ("photo.png", "1"),
    "mask": ("plain.png",),
    "from_": ("made.png",),
}
ODD = (
    "", " ", "0", "-1", "-0", "1.5", "1e400", "nan", "inf", "٣", "１", "９９", "0x10", "1_000", "9" * 400,
    "true", "null", "a" * 300, "包" * 12_000, "a\x07b", "\u202e", "\ud800", "👜", "é", "{}", "{value}", "%s",
    "-", "--", "'; DROP TABLE rating;--", "<script>alert(1)</script>", "${7*7}", "../../etc/passwd", "--json",
    "=", "1=1", "brightness=9", "64x64x64", "0x0", "99999x99999", "2026-13-45", "0001-01-01",
    "9999-12-31T23:59:59+14:00", "data:image/png;base64,AA",
)  # fmt: skip


def measure() -> list[Figure]:
    """COMMAND_CASES command lines and ENDPOINT_CASES calls."""
    figures = []
    for name, fuzz, cases in (
        ("command lines", fuzz_commands, COMMAND_CASES),
        ("endpoint calls", fuzz_endpoints, ENDPOINT_CASES),
    ):
        run, problems = fuzz(cases)
        for problem in problems[:5]:
            print(problem, file=sys.stderr)
        figures += [
            Figure(f"fuzzed {name}", run, "cases"),
            Figure(f"{name} with a traceback, a silent default or no clear sentence", len(problems), "cases", 0),
        ]
    return figures


def fuzz_commands(cases: int, *, repeatable: bool = False) -> tuple[int, list[str]]:
    """(cases run, what went wrong in some). The working folder is a temporary one meanwhile."""
    commands = {
        name: command.params
        for name, command in get_command(cli.app).commands.items()  # type: ignore[attr-defined]
        if name not in NOT_FUZZED
    }
    with _workplace():
        return _try(
            cases,
            st.sampled_from(sorted(commands)).flatmap(lambda n: _line(n, commands[n])),
            _run,
            repeatable,
        )


def fuzz_endpoints(cases: int, *, repeatable: bool = False) -> tuple[int, list[str]]:
    """As `fuzz_commands`, for the endpoints of the API."""
    from t2i_studio.ui.api import Endpoints
    from t2i_studio.ui.server import create_app

    names = [name for name, value in vars(Endpoints).items() if callable(value) and not name.startswith("_")]
    with _workplace() as home:
        client = TestClient(
            create_app(load_settings(home=home)), base_url="http://localhost", raise_server_exceptions=False
        )
        calls = st.sampled_from(sorted(names)).flatmap(
            lambda name: st.tuples(st.just(name), _parameters(getattr(Endpoints, name)))
        )
        return _try(cases, calls, lambda call: _call(client, *call), repeatable)


def _try(
    cases: int, inputs: st.SearchStrategy[Any], attempt: Callable[[Any], str | None], repeatable: bool
) -> tuple[int, list[str]]:
    problems: list[str] = []
    run = 0

    @settings(
        max_examples=cases,
        derandomize=repeatable,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def one(case: Any) -> None:
        nonlocal run
        run += 1
        if problem := attempt(case):
            problems.append(f"{problem}: {case!r}"[:600])

    one()
    return run, problems


@contextlib.contextmanager
def _workplace() -> Iterator[Path]:
    """A home with two finished variants; the working folder is meanwhile one of good and bad files."""
    before, variables = Path.cwd(), dict(os.environ)
    with temporary_home() as home:
        place = home.parent / "work"
        (place / "folder").mkdir(parents=True)
        Image.new("RGB", (64, 64), "orange").save(place / "photo.png")
        (place / "cut.png").write_bytes((place / "photo.png").read_bytes()[:60])
        (place / "made.png").write_bytes(write_png(Image.new("RGB", (64, 64)), request(), origin()))
        (place / "text.png").write_text("not a picture")
        Image.new("L", (64, 64)).save(place / "plain.png")
        db = open_database(home)
        job = jobs.enqueue(db, request(variants=2))
        for variant in job.variants:
            jobs.finish_variant(db, variant, put_image(db, (place / "photo.png").read_bytes()), origin(variant))
        jobs.finish_job(db, job.id, State.DONE)
        db.close()
        os.chdir(place)
        os.environ |= {"T2I_HOME": str(home), "T2I_OFFLINE": "1"}
        try:
            yield home
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(variables)


ODD_WORD = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_characters="\0"), max_size=30),
    st.integers(-10, 2**70).map(str),
    st.floats().map(str),
)


@st.composite
def _line(draw: st.DrawFn, name: str, parameters: list[Any]) -> list[str]:
    """A command line with some of its options; in some lines every word is good, in others a few are odd."""
    line, odd = [name], draw(st.sampled_from((0, 0, 1, 4)))
    for parameter in parameters:
        optional = not parameter.required
        if parameter.name == "help" or (optional and draw(st.integers(0, 2)) > 0):
            continue
        is_option = parameter.param_type_name == "option"
        if is_option and parameter.is_flag:
            line.append(parameter.opts[0])
        elif draw(st.integers(0, 9)) < odd:
            word = st.sampled_from(FILES) if parameter.name in PATHS else ODD_WORD
            line += [parameter.opts[0]] * is_option + [draw(word)]
        elif words := GOOD.get(parameter.name):
            line += [parameter.opts[0]] * is_option + [str(draw(st.sampled_from(words)))]
    if odd and draw(st.integers(0, 9)) == 0:
        line.insert(draw(st.integers(0, len(line))), draw(st.sampled_from(ODD)))
    return [*line, "--dry-run"] if line[0] == "generate" and "--dry-run" not in line else line


def _run(line: list[str]) -> str | None:
    """What is wrong with how a command line ended, if anything."""
    out, err = io.StringIO(), io.StringIO()
    kept = sys.stdin
    sys.stdin = io.StringIO("a good password\n")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run(line)
    except BaseException as error:
        return f"traceback {error!r}"
    finally:
        sys.stdin = kept
    said = err.getvalue()
    if code == 2:
        return None if not out.getvalue() and _is_sentence(said) else f"no clear sentence {said[:200]!r}"
    if code != 0:
        return f"code {code}"
    if line[0] == "generate" and out.getvalue().startswith("{"):
        return _unheard(line, json.loads(out.getvalue()))
    if "--json" in line[1:] and out.getvalue()[:1] in "[{":
        json.loads(out.getvalue())
    return None


def _is_sentence(text: str) -> bool:
    return text.count("\n") == 1 and len(text) > 20 and "Traceback" not in text


def _unheard(line: list[str], made: dict[str, Any]) -> str | None:
    """Which number given to generate is not in the request that came of it."""
    for option in ("seed", "variants", "steps", "guidance", "strength"):
        places = [place for place, word in enumerate(line[:-1]) if word == f"--{option}"]
        if places and float(line[places[-1] + 1]) != made[option]:
            return f"silent default of {option}: {made[option]}"
    return None


def _parameters(action: Callable[..., Any]) -> st.SearchStrategy[list[Any]]:
    """JSON values for an endpoint's parameters, of any type; left out ones are their defaults."""
    named = list(inspect.signature(action).parameters.values())[2:]  # without self and request
    return st.sampled_from((0, 0, 1, 4)).flatmap(
        lambda odd: st.tuples(*(_parameter(each, odd) for each in named)).map(list)
    )


ODD_JSON = st.one_of(
    st.sampled_from([word for word in ODD if word != "\ud800"]),
    st.none() | st.booleans() | st.integers(-10, 2**70) | st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.text(max_size=9) | st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def _parameter(parameter: inspect.Parameter, odd: int) -> st.SearchStrategy[Any]:
    """Its default, a good value, or, in `odd` of ten cases, anything."""
    if parameter.name == "wait":  # nobody would ever answer: the engine is not started
        return st.just(False)
    good = [st.sampled_from(GOOD[parameter.name])] if parameter.name in GOOD else []
    if parameter.annotation == list[str]:
        good = [strategy.map(lambda word: [word]) for strategy in good]
    usual = [st.just(parameter.default)] if parameter.default is not parameter.empty else []
    choices = st.one_of(*usual, *good)
    return st.integers(0, 9).flatmap(lambda lot: ODD_JSON if lot < odd else choices)


def _call(client: TestClient, endpoint: str, values: list[Any]) -> str | None:
    """What is wrong with how an endpoint answered, if anything."""
    body = json.dumps({"data": values}, ensure_ascii=True)
    answer = client.post(f"/gradio_api/run/{endpoint}", content=body, headers={"content-type": "application/json"})
    told = answer.json()
    if answer.status_code == 200:
        made = told["data"][0]
        if endpoint == "generate" and "variants" in made and len(made["variants"]) != values[1]:
            return "silent default of variants"
        return None
    return None if told.get("error") and len(str(told["error"])) > 20 else f"no clear sentence {answer.text[:200]}"
