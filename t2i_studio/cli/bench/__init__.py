"""`bench`: measures what the studio promises, on the machine it runs on, and prints figures beside bars.

Each measurement is a module with `measure() -> list[Figure]`; all work on homes of their own and delete them.
"""

import importlib
from typing import Annotated, Any

import typer

from t2i_studio.brief.values import shown
from t2i_studio.cli.bench.figures import Figure
from t2i_studio.cli.console import Json, answer, report
from t2i_studio.errors import StudioError

NAMES = (
    "brief",
    "words",
    "reading",
    "page",
    "variants",
    "plain",
    "compilers",
    "kill",
    "ratings",
    "gallery",
    "sessions",
    "memory",
    "fuzz",
    "attention",
    "languages",
    "rerank",
    "learning_kill",
)


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help=f"{', '.join(NAMES)}; none: all.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure the studio on this machine. Exit code 1 when a bar is missed."""
    for name in names or ():
        if name not in NAMES:
            raise StudioError("bench.unknown", name=shown(name), names=", ".join(NAMES))
    figures: list[Figure] = []
    for name in names or NAMES:
        report(f"{name} …")
        found = _module(name).measure()
        for figure in found:
            report(f"  {figure}")
        figures += found
    answer([figure.data() for figure in figures], "\n".join(map(str, figures)), json)
    if not all(figure.met for figure in figures):
        raise typer.Exit(1)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(f"t2i_studio.cli.bench.{name}")
    except ModuleNotFoundError as error:
        raise StudioError("bench.needs", package=error.name) from error
