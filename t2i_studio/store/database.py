"""Opens the database: migrated, durable, and with its faults told in the user's words."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from t2i_studio.errors import StudioError
from t2i_studio.settings import ROOT
from t2i_studio.store.turns import Turns

MIGRATIONS = ROOT / "db" / "migrations"
HEAD = "0007"
"""The newest migration; a test holds it equal to the folder."""
BUSY_SECONDS = 10
MAX_CONNECTIONS = 64
MAX_KEY = 2**63 - 1
WRITERS = 7860
"""Number of the advisory lock that writers of a PostgreSQL database share."""
Row = TypeVar("Row")


class Database:
    """A home folder: the tables, and the pictures beside them in `images`."""

    def __init__(self, home: Path, engine: Engine) -> None:
        self.home = home
        self.images = home / "images"
        self.engine = engine
        self._writing = engine.execution_options(studio_write=True)
        self._turns = Turns()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session seeing one moment of the database. Raises StudioError for faults of disk and file."""
        with (
            storage_faults(self.home),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that holds the write lock; on the disk once the block is left, undone when it raises.

        Threads of one process queue for it here: SQLite's own lock is polled, and of many who poll some wait
        for seconds. Not to be nested. Raises StudioError as `read`, and store.busy after too long a wait.
        """
        with (
            storage_faults(self.home),
            self._turns.take(4 * BUSY_SECONDS) if self.engine.dialect.name == "sqlite" else nullcontext(),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # takes the lock now, so that what the block reads is what it changes
            yield session

    def close(self) -> None:
        """Let go of the files; the next use opens them again."""
        self.engine.dispose()


def open_database(home: Path, url: str | None = None) -> Database:
    """The database of `home` (made when missing), at the newest schema. url: default studio.db in it.

    Raises StudioError store.readonly, .disk_full, .corrupt, .newer, .busy, .url or .unreachable.
    """
    with storage_faults(home):
        (home / "images").mkdir(parents=True, exist_ok=True)
        database = Database(home, _engine(url or URL.create("sqlite", database=str(home / "studio.db"))))
        try:
            _migrate(database)
        except BaseException:
            database.close()
            raise
    return database


def _engine(url: str | URL) -> Engine:
    """An engine whose transactions begin as `Database` promises; databases differ here and nowhere else."""
    try:
        engine = create_engine(url, pool_size=8, max_overflow=MAX_CONNECTIONS - 8)
    except (ArgumentError, ImportError, ValueError) as error:
        raise StudioError("store.url") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    else:
        raise StudioError("store.url")
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins (below); the driver's own rules would split migrations
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",  # a committed rating survives a power cut, not only a crash
        "foreign_keys = ON",
        "secure_delete = ON",  # a forgotten name is overwritten, not left in a free page
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that comes to write fails at once where another has written; IMMEDIATE waits.
    writes = connection.get_execution_options().get("studio_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    # The same promises as SQLite's: writers take turns, a reader sees one moment.
    if connection.get_execution_options().get("studio_write"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(database: Database) -> None:
    with database.read() as session:
        if _revision(session.connection()) == HEAD:
            return
    from alembic import command  # here, because a start without a migration to run does not need it
    from alembic.script import ScriptDirectory

    config = alembic_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with database.write() as session:  # under the lock: of two processes that open a new home, one migrates
        connection = session.connection()
        if (revision := _revision(connection)) not in {None, *known}:
            raise StudioError("store.newer", path=database.home, revision=revision)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Any:
    """Alembic's configuration, independent of the working folder; no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def get_row(session: Session, table: type[Row], key: int, unknown: str) -> Row:
    """The row of this number. Raises StudioError `unknown`, also for numbers no database could hold."""
    row = session.get(table, key) if 0 < key <= MAX_KEY else None
    if row is None:
        raise StudioError(unknown, id=key)
    return row


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turn errors of the disk and the database about `path` into StudioError; others pass."""
    try:
        yield
    except DBAPIError as error:
        key = _database_fault(error)
        if key is None:
            raise
        raise StudioError(key, path=path) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair, which no encoding has
        character = f"U+{ord(error.object[error.start]):04X}"
        raise StudioError("text.control", character=character) from error
    except TimeoutError as error:
        raise StudioError("store.busy", path=path) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StudioError("store.disk_full", path=path) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            raise StudioError("store.readonly", path=path) from error
        raise


def _database_fault(error: DBAPIError) -> str | None:
    """Key of the sentence for a driver's error; None when it is our own mistake (a constraint, bad SQL)."""
    if not isinstance(error.orig, sqlite3.Error):
        return "store.unreachable" if isinstance(error, OperationalError) else None
    name = getattr(error.orig, "sqlite_errorname", "")
    for prefix, key in (
        ("SQLITE_FULL", "store.disk_full"),
        ("SQLITE_IOERR_WRITE", "store.disk_full"),
        ("SQLITE_READONLY", "store.readonly"),
        ("SQLITE_CANTOPEN", "store.readonly"),
        ("SQLITE_CORRUPT", "store.corrupt"),
        ("SQLITE_NOTADB", "store.corrupt"),
        ("SQLITE_BUSY", "store.busy"),
    ):
        if name.startswith(prefix):
            return key
    return None
