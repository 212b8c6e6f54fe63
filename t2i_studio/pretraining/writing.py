"""Writing to disk: faults as one sentence, whichever library met them, and folders that appear whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from t2i_studio.errors import StudioError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full or unwritable disk, met while writing to `path`, into StudioError recipe.cannot_write."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise StudioError("recipe.cannot_write", path=path, reason=reason) from error


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A folder to write in, which takes the place of `folder` once all is written; an older one is then gone.

    StudioError recipe.cannot_write.
    """
    partial, old = (folder.with_name(f".{folder.name}.{state}") for state in ("part", "old"))
    with writing(folder):
        for path in (partial, old):
            shutil.rmtree(path, ignore_errors=True)
        yield partial
        if folder.exists():
            os.rename(folder, old)
        os.rename(partial, folder)
        shutil.rmtree(old, ignore_errors=True)


def _reason(error: BaseException | None) -> str | None:
    """What the system said. torch.save hides it behind a RuntimeError that came of it, safetensors in its text."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, SafetensorError):
        _, found, reason = str(error).partition("I/O error: ")
        return reason if found else None
    return _reason(error.__context__) if isinstance(error, RuntimeError) else None
