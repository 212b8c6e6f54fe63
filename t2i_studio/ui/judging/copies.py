"""The blind copies of a session's pictures: made ahead in the home folder, so that no request waits for one."""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from t2i_studio.domain import Item, SessionState, Shown
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, storage_faults
from t2i_studio.store.images import image_path
from t2i_studio.store.session_items import items_of
from t2i_studio.store.sessions import get_session
from t2i_studio.store.variants import get_variants
from t2i_studio.ui.judging.blind import blind_copy, canvas, longer_side, pad, padded_length
from t2i_studio.ui.judging.spoiling import spoil

log = logging.getLogger(__name__)
EXAMPLES = 0
"""In place of an item's number: the pictures of the guideline."""
COMPLETE = "length"
"""File that is there once all copies of a session are: the bytes that each is padded to."""


class Copies:
    """Blind copies in `home/blind/<session>/<item>-<place>.webp`; place: in the item as kept, from 0.

    They are there as long as the session may be judged.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lengths: dict[int, int] = {}
        self._making: set[int] = set()
        self._guard = threading.Lock()
        self._turn = threading.Lock()

    def ready(self, session_id: int) -> bool:
        """Whether all copies of a session are there."""
        if session_id not in self._lengths:
            try:
                self._lengths[session_id] = int((self._folder(session_id) / COMPLETE).read_text())
            except (OSError, ValueError):
                return False
        return True

    def prepare(self, session_id: int) -> None:
        """Make what is missing in the background; returns at once."""
        with self._guard:
            if session_id in self._making or self.ready(session_id):
                return
            self._making.add(session_id)
        threading.Thread(target=self._make_quietly, args=(session_id,), name="blind copies", daemon=True).start()

    def read(self, session_id: int, item_id: int, place: int) -> bytes | None:
        """A copy, padded; None where there is none."""
        if not self.ready(session_id):
            return None
        try:
            webp = (self._folder(session_id) / f"{item_id}-{place}.webp").read_bytes()
        except OSError:
            return None
        return pad(webp, self._lengths[session_id])

    def drop_closed(self) -> None:
        """Delete the copies of all sessions that are closed. Raises StudioError store.* for faults of the disk."""
        with storage_faults(self._db.home):
            for folder in (self._db.home / "blind").glob("*"):
                if folder.name.isdecimal() and self._closed(int(folder.name)):
                    shutil.rmtree(folder, ignore_errors=True)  # what somebody else deletes, or still writes

    def _closed(self, session_id: int) -> bool:
        """Whether there is such a session, and it is closed."""
        try:
            return get_session(self._db, session_id).state is SessionState.CLOSED
        except StudioError:
            return False

    def make(self, session_id: int) -> None:
        """Make what is missing now; nothing stays of a session that is closed, or was closed meanwhile.

        Raises StudioError session.unknown, and store.* for faults of the disk.
        """
        if self._closed(session_id):
            return
        try:
            self._make(session_id)
        finally:
            if self._closed(session_id):
                self.drop_closed()

    def _make(self, session_id: int) -> None:
        with self._turn, storage_faults(self._db.home):
            folder = self._folder(session_id)
            folder.mkdir(parents=True, exist_ok=True)
            groups = self._groups(session_id)
            originals = self._originals([shown for _, pictures in groups for shown in pictures])
            sizes = {variant: _size(path) for variant, path in originals.items()}
            side = longer_side(list(sizes.values()))
            lengths = []
            for item, pictures in groups:
                size = canvas([sizes[shown.variant] for shown in pictures], side)
                for place, shown in enumerate(pictures):
                    path = folder / f"{item}-{place}.webp"
                    if not path.exists():
                        _write(path, _copy(originals[shown.variant], shown, size, seed=item * 8 + place))
                    lengths.append(path.stat().st_size)
            _write(folder / COMPLETE, str(padded_length(lengths)).encode())

    def _folder(self, session_id: int) -> Path:
        return self._db.home / "blind" / str(session_id)

    def _make_quietly(self, session_id: int) -> None:
        try:
            self.make(session_id)
        except StudioError as error:
            log.warning("blind copies of session %s: %s", session_id, error)
        except Exception:
            log.exception("blind copies of session %s", session_id)
        finally:
            self._making.discard(session_id)

    def _groups(self, session_id: int) -> list[tuple[int, tuple[Shown, ...]]]:
        """(item, its pictures), the guideline's examples first, each for itself."""
        examples = get_session(self._db, session_id).plan.guideline.examples
        items: list[Item] = items_of(self._db, session_id)
        shown = tuple(Shown(variant=example.variant) for example in examples)
        return [(EXAMPLES, shown)] * bool(shown) + [(item.id, item.pictures) for item in items]

    def _originals(self, shown: Sequence[Shown]) -> dict[int, Path | None]:
        """File of each variant, None where it is gone."""
        found: dict[int, Path | None] = {}
        for variant in get_variants(self._db, sorted({each.variant for each in shown})):
            try:
                found[variant.id] = image_path(self._db, variant.image or "")
            except StudioError as error:
                log.warning("variant %s: %s", variant.id, error)
                found[variant.id] = None
        return found


def _size(path: Path | None) -> tuple[int, int]:
    if path is None:
        return 1, 1
    with Image.open(path) as picture:
        return picture.size


def _copy(path: Path | None, shown: Shown, size: tuple[int, int], seed: int) -> bytes:
    """A picture that is gone is grey: its rater skips it."""
    if path is None:
        return blind_copy(Image.new("RGB", size, (128, 128, 128)), size)
    with Image.open(path) as picture:
        return blind_copy(spoil(picture, seed) if shown.damaged else picture, size)


def _write(path: Path, data: bytes) -> None:
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(partial, path)
