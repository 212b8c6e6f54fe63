"""`add-user`: who may log in."""

import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from t2i_studio.cli.console import Json, answer, load_settings, words
from t2i_studio.errors import StudioError


def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Log-in name.")],
    users: Annotated[str | None, typer.Option(metavar="FILE", help="Users file [env: T2I_AUTH].")] = None,
    json: Json = False,
) -> None:
    """Add a user or change a password; it is asked for, or read from a pipe."""
    file = Path(users).expanduser() if users else load_settings().auth
    if file is None:
        raise StudioError("auth.no_file")
    from t2i_studio.ui.users import add_user as add  # argon2 and its helpers; only here

    add(file, name, _password())
    answer({"user": name, "users": str(file)}, words(f"{name} may log in now.", f"{name} 现在可以登录。"), json)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass(words("Password: ", "密码："))
    if getpass(words("Once more: ", "再次输入：")) != first:
        raise StudioError("auth.mismatch")
    return first
