"""Odd input to every command and endpoint: an answer honours it, or is one clear sentence.

Commands are called as `python -m t2i_studio` calls them, endpoints over HTTP; only the model does not run
(`generate` and `grid` check with --dry-run, the served engine is not started): it sees nothing but checked requests.
"""

import contextlib
import inspect
import io
import json
import sys
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from typer.main import get_command

from t2i_studio import cli
from t2i_studio.cli.bench.figures import Figure
from t2i_studio.cli.bench.workplace import ALTERNATIVES, AXES, FILES, GOOD, ODD, PATHS, workplace
from t2i_studio.cli.console import load_settings
from t2i_studio.domain import GenerationRequest

COMMAND_CASES, ENDPOINT_CASES = 7_000, 3_000
NOT_FUZZED = ("serve", "bench", "pretrain", "session simulate", "finetune simulate")
"""They run until stopped, measure for minutes, or train."""
DRY = ("generate", "grid")
NEEDED = ("text", "axis")
"""Optional, but little comes of a line without them."""


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
    commands = dict(_commands(get_command(cli.app)))
    with workplace():
        return _try(
            cases,
            st.sampled_from(sorted(commands)).flatmap(lambda n: _line(n, commands[n])),
            _run,
            repeatable,
        )


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Each command with its parameters; those of a group as "session create"."""
    for name, command in group.commands.items():
        if before + name in NOT_FUZZED:
            continue
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command.params


def fuzz_endpoints(cases: int, *, repeatable: bool = False) -> tuple[int, list[str]]:
    """As `fuzz_commands`, for the endpoints of the API."""
    from t2i_studio.ui.api import Endpoints
    from t2i_studio.ui.server import create_app

    names = [name for name, value in vars(Endpoints).items() if callable(value) and not name.startswith("_")]
    with workplace() as home:
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


ODD_WORD = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_characters="\0"), max_size=30),
    st.integers(-10, 2**70).map(str),
    st.floats().map(str),
)


@st.composite
def _line(draw: st.DrawFn, name: str, parameters: list[Any]) -> list[str]:
    """A command line with some of its options; in some lines every word is good, in others a few are odd."""
    line, odd = name.split(" "), draw(st.sampled_from((0, 0, 1, 4)))
    for parameter in parameters:
        optional = not parameter.required
        if parameter.name == "help" or (optional and draw(st.integers(0, 5)) >= (5 if parameter.name in NEEDED else 2)):
            continue
        is_option = parameter.param_type_name == "option"
        if is_option and parameter.is_flag:
            line.append(parameter.opts[0])
        elif draw(st.integers(0, 9)) < odd:
            word = st.sampled_from(FILES) if parameter.name in PATHS else ODD_WORD
            line += [parameter.opts[0]] * is_option + [draw(word)]
        elif words := GOOD.get(parameter.name):
            for _ in range(draw(st.integers(1, 2 if is_option and parameter.multiple else 1))):
                line += [parameter.opts[0]] * is_option + [str(draw(st.sampled_from(words)))]
    if odd and draw(st.integers(0, 9)) == 0:
        line.insert(draw(st.integers(0, len(line))), draw(st.sampled_from(ODD)))
    return [*line, "--dry-run"] if line[0] in DRY and "--dry-run" not in line else line


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
    if "--json" in line[1:] or line[0] == "generate":
        told = json.loads(out.getvalue())
        return _unheard(line, told if isinstance(told, list) else [told]) if line[0] in DRY else None
    return None


def _is_sentence(text: str) -> bool:
    return text.count("\n") == 1 and len(text) > 20 and "Traceback" not in text


def _unheard(line: list[str], made: list[dict[str, Any]]) -> str | None:
    """Which option given to `generate` or `grid` is not in the requests that came of it."""

    def given(option: str) -> list[str]:
        return [line[place + 1] for place, word in enumerate(line[:-1]) if word == f"--{option}"]

    varied = {words.partition("=")[0] for words in given("axis")}
    single = "--surprise" not in line
    for option in ("seed", "variants", "steps", "guidance", "strength"):
        if (option == "variants" and not single) or option in varied or not (words := given(option)):
            continue
        if any(float(words[-1]) != request[option] for request in made):
            return f"silent default of {option}: {made[0][option]}"
    if "preset" not in varied and (words := given("preset")) and any(r["preset"] != words[-1] for r in made):
        return f"silent default of preset: {made[0]['preset']}"
    if (words := given("market")) and any(request["market"] != words[-1] for request in made):
        return f"silent default of market: {made[0]['market']}"
    if len(words := given("mark")) == 1 and set(GenerationRequest.model_validate(made[0]).corrections) != set(words):
        return f"silent loss of a correction: {made[0]['marks']}"
    if all(words in AXES for words in given("axis")) and single:
        expected = prod(AXES[words] for words in given("axis")) * (2 if ALTERNATIVES in line else 1)
        return None if len(made) == expected else f"{len(made)} cells instead of {expected}"
    return None


def _parameters(action: Callable[..., Any]) -> st.SearchStrategy[list[Any]]:
    """JSON values for an endpoint's parameters, of any type; left out ones are their defaults."""
    named = list(inspect.signature(action).parameters.values())[2:]
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
        asked = dict(zip(_names(endpoint), values, strict=False))
        return _unheard_call(client, asked, told["data"][0]) if endpoint == "generate" else None
    return None if told.get("error") and len(str(told["error"])) > 20 else f"no clear sentence {answer.text[:200]}"


def _names(endpoint: str) -> list[str]:
    from t2i_studio.ui.api import Endpoints

    return list(inspect.signature(getattr(Endpoints, endpoint)).parameters)[2:]  # without self and request


def _unheard_call(client: TestClient, asked: dict[str, Any], made: dict[str, Any]) -> str | None:
    """Which parameter of `generate` is not in what came of it."""
    variants = [variant for batch in made.get("batches", [made]) for variant in batch["variants"]]
    if all(words in AXES for words in asked["axes"]) and "{" not in asked["description"].replace(ALTERNATIVES, ""):
        cells = prod(AXES[words] for words in asked["axes"]) * (2 if asked["description"] == ALTERNATIVES else 1)
        if len(variants) != asked["variants"] * cells:
            return f"silent default of variants: {len(variants)}"
    kept = client.post("/gradio_api/run/variant", json={"data": [variants[0]["id"]]}).json()["data"][0]
    varied = any(words.startswith("preset=") for words in asked["axes"])
    if asked["preset"] and not varied and kept["preset"] != asked["preset"]:
        return f"silent default of preset: {kept['preset']}"
    if asked["market"] and kept["market"] != asked["market"]:
        return f"silent default of market: {kept['market']}"
    if len(asked["marks"]) == 1 and set(kept["corrections"]) != set(asked["marks"]):
        return f"silent loss of a correction: {kept['corrections']}"
    return None
