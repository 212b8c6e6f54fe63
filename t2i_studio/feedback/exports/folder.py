"""A folder that is there whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2i_studio.errors import StudioError
from t2i_studio.store.database import storage_faults

PARTIAL = ".partial-"
"""Beginning of the name of a folder still being written, beside the one it becomes."""
READABLE = 0o755


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out` when the block is left, and is gone when it raises.

    Raises StudioError export.occupied (`out` holds something or is a file; also when it came to be meanwhile),
    store.disk_full, store.readonly.
    """
    out = out.resolve()
    with storage_faults(out):
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise StudioError("export.occupied", path=out)
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=out.parent))
        try:
            yield partial
            partial.chmod(READABLE)
            _take_name(partial, out)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _take_name(partial: Path, out: Path) -> None:
    try:
        if out.exists():
            out.rmdir()
        os.rename(partial, out)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise StudioError("export.occupied", path=out) from error
        raise
