"""The users file: one `name:argon2 hash` a line, readable by its owner only."""

import os
import re
import tempfile
from functools import cache
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from t2i_studio.errors import StudioError

MIN_PASSWORD, MAX_PASSWORD = 8, 1024
VERIFICATIONS_AT_ONCE = 2
"""Each takes 64 MB and a core for some 50 ms; more at once would let a stranger exhaust the machine."""
_NAME = re.compile(r"[^\s:#]{1,64}")


class Users:
    """Who may log in, as the file says now (it is read again when it changes).

    Raises StudioError auth.missing, auth.file when made, and from `hashes` when the file goes bad later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_at = 0
        self._hashes: dict[str, str] = {}
        self._limiter = CapacityLimiter(VERIFICATIONS_AT_ONCE)
        self.hashes()

    def hashes(self) -> dict[str, str]:
        """Name → argon2 hash."""
        try:
            changed = self.path.stat().st_mtime_ns
            if changed != self._read_at:
                self._hashes, self._read_at = _parse(self.path), changed
        except OSError as error:
            raise StudioError("auth.missing", path=self.path) from error
        return self._hashes

    async def verify(self, name: str, password: str) -> bool:
        """Is it that user's password? Off the event loop; an unknown name takes as long as a known one."""
        stored = self.hashes().get(name)
        matches = await to_thread.run_sync(_matches, stored or _nobody(), password, limiter=self._limiter)
        return matches and stored is not None


def add_user(path: Path, name: str, password: str) -> None:
    """Add a user, or give an existing one a new password; the file is replaced as a whole.

    Raises StudioError auth.name, auth.password, auth.file, file.unwritable.
    """
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise StudioError("auth.name")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise StudioError("auth.password", low=MIN_PASSWORD, high=MAX_PASSWORD)
    users = _parse(path) if path.exists() else {}
    users[name] = PasswordHasher().hash(password)
    try:
        handle, partial = tempfile.mkstemp(dir=path.absolute().parent)  # made with mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{user}:{stored}\n" for user, stored in users.items())
        os.replace(partial, path)
    except OSError as error:
        raise StudioError("file.unwritable", path=path) from error


def _parse(path: Path) -> dict[str, str]:
    users = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise StudioError("auth.file", path=path, line=1) from error
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            name, _, stored = line.strip().partition(":")
            try:
                extract_parameters(stored)
            except InvalidHashError as error:
                raise StudioError("auth.file", path=path, line=number) from error
            users[name] = stored
    return users


def _matches(stored: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(stored, password[:MAX_PASSWORD])
    except Argon2Error:
        return False


@cache
def _nobody() -> str:
    """A hash that no password is known for."""
    return PasswordHasher().hash(os.urandom(32).hex())
