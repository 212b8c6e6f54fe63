"""What every command shares: settings, the language of its sentences, and the two streams.

stdout carries the answer and nothing else (JSON with --json); progress and faults go to stderr.
"""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from t2i_studio.brief.values import shown, whole
from t2i_studio.errors import Language, StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database, open_database, storage_faults

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="Folder of studio.db and images [env: T2I_HOME]."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def load_settings(**overrides: object) -> Settings:
    """The settings, options that were given over them; StudioError naming the first that is wrong."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise StudioError("settings.invalid", name=name, value=shown(first["input"])) from error


def language() -> Language:
    """Of sentences on this terminal: the setting, else the locale, else English."""
    try:
        return load_settings().spoken
    except StudioError:
        return "en"


@contextmanager
def studio(home: Path | None) -> Iterator[tuple[Settings, Database]]:
    """Settings and the open database of `home` (None: the setting's); closed again afterwards."""
    settings = load_settings(home=home)
    db = open_database(settings.home, settings.database_url)
    try:
        with storage_faults(settings.home):
            yield settings, db
    finally:
        db.close()


@contextmanager
def ctrl_c() -> Iterator[list[int]]:
    """A list that is empty until Ctrl-C was pressed; a second Ctrl-C raises KeyboardInterrupt again.

    Raising at once would hit whatever runs then, a query of the store half-way included, which leaves a broken
    cursor and its complaint behind. Where Ctrl-C is ignored (a job in the background) it stays ignored.
    """
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def notice(number: int, _: FrameType | None) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    if before is not signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, notice)
    try:
        yield pressed
    finally:
        if signal.getsignal(signal.SIGINT) is notice:
            signal.signal(signal.SIGINT, before)


def complain(error: StudioError) -> int:
    """Say it on stderr and return the exit code of bad input."""
    report(error.sentence(language()))
    return 2


def answer(data: Any, lines: str, as_json: bool) -> None:
    """The command's result on stdout: `data` as JSON, or `lines` for people."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str) if as_json else lines)


def report(line: str) -> None:
    """Progress and remarks, on stderr."""
    print(line, file=sys.stderr, flush=True)


def words(en: str, zh: str) -> str:
    """Whichever of the two the user reads."""
    return zh if language() == "zh" else en


def identifier(kind: str, value: str) -> int:
    """The number of a variant or batch as typed. Raises StudioError id.invalid."""
    try:
        return whole(kind, value, 1, 2**63 - 1)
    except StudioError as error:
        raise StudioError("id.invalid", kind=kind, value=shown(value)) from error
