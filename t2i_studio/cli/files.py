"""Files that a command is given, read and written, with their faults in one sentence."""

from pathlib import Path

from t2i_studio.brief.values import shown
from t2i_studio.errors import StudioError


def read(path: str) -> bytes:
    """Bytes of a file. Raises StudioError file.missing, file.unreadable."""
    try:
        return Path(path).expanduser().read_bytes()
    except FileNotFoundError as error:
        raise StudioError("file.missing", path=shown(path)) from error
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # ValueError: a null byte; RuntimeError: unknown ~user
        raise StudioError("file.unreadable", path=shown(path)) from error


def make_folder(path: str) -> Path:
    """`path` as a folder that exists and takes files. Raises StudioError file.unwritable."""
    try:
        folder = Path(path).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".t2i-studio"
        probe.write_bytes(b"")
        probe.unlink()
    except (OSError, ValueError, RuntimeError) as error:
        raise StudioError("file.unwritable", path=shown(path)) from error
    return folder


def write(path: Path, data: bytes) -> None:
    """Raises StudioError file.unwritable."""
    try:
        path.write_bytes(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StudioError("file.unwritable", path=path) from error
