"""Looking after what was made: a backup while the studio runs, and the check of rows against files."""

import hashlib
import os
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from sqlalchemy import case, func, or_, select, text, union

from t2i_studio.domain import Noun, Outcome, Purpose
from t2i_studio.errors import StudioError
from t2i_studio.store.database import BUSY_SECONDS, Database, open_database, storage_faults
from t2i_studio.store.images import PARTIAL, picture_file
from t2i_studio.store.learnt_adapters import WEIGHTS
from t2i_studio.store.models import AssignmentRow, JobRow, LearntAdapterRow, SessionItemRow, VariantRow

FRESH_SECONDS = 3600
"""A picture without a row may be on its way to one for this long: uploaded, not yet used."""


class Kind(StrEnum):
    """What can be wrong. Only an unused file is harmless: the studio was stopped, or an upload never used."""

    LOST_PICTURE = "lost picture"
    LOST_ADAPTER = "lost adapter"
    DAMAGED_ADAPTER = "damaged adapter"
    DAMAGED_PICTURE = "damaged picture"
    BROKEN_LINK = "broken link"
    BROKEN_DATABASE = "broken database"
    WRONG_COUNT = "wrong count"
    UNUSED_FILE = "unused file"


class Problem(Noun):
    """One finding. subject: the hash, file or table concerned; detail: a sentence."""

    kind: Kind
    subject: str
    detail: str

    @property
    def harmless(self) -> bool:
        return self.kind is Kind.UNUSED_FILE

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}: {self.detail}"


def backup(db: Database, target: Path) -> Path:
    """Copy database, pictures and learnt adapters to `target`, a new folder or a new .zip, while the studio runs.

    The copy is of one moment and a home of its own: T2I_HOME=target opens it. It appears under its name once
    it is whole. Pictures and adapters never change, so those in a folder on the same disk are hard links. What a
    learning run needs to go on is not copied.
    Raises StudioError backup.exists, backup.not_sqlite, store.disk_full, store.readonly.
    """
    if db.engine.dialect.name != "sqlite":
        raise StudioError("backup.not_sqlite", path=db.images)
    if target.exists():
        raise StudioError("backup.exists", path=target)
    partial = target.with_name(f"{PARTIAL}{target.name}")
    with storage_faults(target):
        _remove(partial)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.suffix == ".zip":
                _write_zip(db, partial)
            else:
                _write_folder(db, partial)
            partial.rename(target)
        except BaseException:
            _remove(partial)
            raise
    return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_folder(db: Database, folder: Path) -> None:
    folder.mkdir()
    _copy_database(db, folder / "studio.db")
    for name in _files_of(folder):
        source, copy = db.home / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, copy)
        except FileNotFoundError:
            continue  # already lost; check_store says so
        except OSError:  # another disk, or a file system without links
            shutil.copy2(source, copy)


def _write_zip(db: Database, path: Path) -> None:
    scratch = path.with_name(f"{path.name}.d")
    scratch.mkdir()
    try:
        _copy_database(db, scratch / "studio.db")
        with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
            for name in _files_of(scratch):
                if (source := db.home / name).exists():
                    archive.write(source, name.as_posix(), zipfile.ZIP_STORED)  # neither PNG nor weights get smaller
            archive.write(scratch / "studio.db", "studio.db")
    finally:
        shutil.rmtree(scratch)


def _copy_database(db: Database, path: Path) -> None:
    """SQLite's online backup. In one step: stepwise it would start over whenever another process writes."""
    original = f"{Path(str(db.engine.url.database)).resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(original, uri=True, timeout=BUSY_SECONDS)) as source,
        closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy, pages=-1)


def _files_of(home: Path) -> list[Path]:
    """Pictures and adapters that a copied database names, as they lie in a home; adapters elsewhere stay there."""
    copy = open_database(home)
    try:
        pictures = [picture_file(Path("images"), sha) for sha in _named_pictures(copy)]
        adapters = [path for path, _ in _named_adapters(copy) if not path.is_absolute()]
        return sorted(pictures + adapters)
    finally:
        copy.close()


def _named_adapters(db: Database) -> list[tuple[Path, str]]:
    """Files of learnt adapters, of those within the home from there, and their hashes."""
    with db.read() as session:
        rows = session.execute(select(LearntAdapterRow.path, LearntAdapterRow.hash)).all()
        return [(Path(row.path) / WEIGHTS, row.hash) for row in rows]


def _named_pictures(db: Database) -> set[str]:
    columns = (VariantRow.image, JobRow.init_image, JobRow.mask)
    with db.read() as session:
        return set(session.scalars(union(*(select(column).where(column.is_not(None)) for column in columns))))


def check_store(db: Database) -> list[Problem]:
    """Hold the database against itself and rows against files; every one is read. Empty: all is well."""
    problems = list(_check_database(db))
    if any(problem.kind is Kind.BROKEN_DATABASE for problem in problems):
        return problems  # what its rows say cannot be trusted
    problems += _check_places(db)
    named = _named_pictures(db)
    for sha in sorted(named):
        path = picture_file(db.images, sha)
        if not path.is_file():
            problems.append(Problem(kind=Kind.LOST_PICTURE, subject=sha, detail=f"{path} is missing"))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha:
            problems.append(Problem(kind=Kind.DAMAGED_PICTURE, subject=sha, detail=f"{path} has changed"))
    problems += _check_adapters(db)
    return problems + [
        Problem(kind=Kind.UNUSED_FILE, subject=path.name, detail=f"{path} belongs to no variant or job")
        for path in _unused_files(db, named)
    ]


def _check_database(db: Database) -> Iterator[Problem]:
    if db.engine.dialect.name != "sqlite":
        return  # a server checks itself
    with db.read() as session:
        for (finding,) in session.execute(text("PRAGMA integrity_check")):
            if finding != "ok":
                yield Problem(kind=Kind.BROKEN_DATABASE, subject="studio.db", detail=finding)
        for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
            yield Problem(kind=Kind.BROKEN_LINK, subject=table, detail=f"row {row} names a missing {parent}")


def _check_places(db: Database) -> Iterator[Problem]:
    """The items of sessions count their judgements and leases; are there as many?"""
    holds = case((AssignmentRow.outcome.in_((Outcome.OPEN, Outcome.ANSWERED)), 1), else_=0)
    answered = case((AssignmentRow.outcome == Outcome.ANSWERED, 1), else_=0)
    taken, answers = func.coalesce(func.sum(holds), 0), func.coalesce(func.sum(answered), 0)
    judged = (AssignmentRow.item_id == SessionItemRow.id) & (AssignmentRow.purpose == Purpose.JUDGED)
    query = (
        select(SessionItemRow.id, SessionItemRow.taken, SessionItemRow.answers, taken, answers)
        .outerjoin(AssignmentRow, judged)
        .group_by(SessionItemRow.id, SessionItemRow.taken, SessionItemRow.answers)
        .having(or_(SessionItemRow.taken != taken, SessionItemRow.answers != answers))
    )
    with db.read() as session:
        for item, *counts in session.execute(query).all():
            detail = "counts {} places and {} answers, but has {} and {}".format(*counts)
            yield Problem(kind=Kind.WRONG_COUNT, subject=f"session item {item}", detail=detail)


def _check_adapters(db: Database) -> Iterator[Problem]:
    for path, sha in _named_adapters(db):
        file = db.home / path
        if not file.is_file():
            yield Problem(kind=Kind.LOST_ADAPTER, subject=sha, detail=f"{file} is missing")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha:
            yield Problem(kind=Kind.DAMAGED_ADAPTER, subject=sha, detail=f"{file} has changed")


def _unused_files(db: Database, named: set[str]) -> Iterator[Path]:
    used = {picture_file(db.images, sha) for sha in named}
    for path in sorted(db.images.glob("*/*")):
        if path not in used and time.time() - path.stat().st_mtime > FRESH_SECONDS:
            yield path


def sweep(db: Database) -> int:
    """Delete the files that `check_store` calls unused; returns how many."""
    unused = list(_unused_files(db, _named_pictures(db)))
    with storage_faults(db.home):
        for path in unused:
            path.unlink(missing_ok=True)
    return len(unused)
