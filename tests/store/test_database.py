import io
import resource
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from t2i_studio.errors import StudioError
from t2i_studio.store.database import HEAD, Database, alembic_config, open_database
from t2i_studio.store.jobs import get_job
from t2i_studio.store.maintenance import check_store
from t2i_studio.store.models import BriefRow, VariantRow
from tests.store.studio import Child, finished

NOBODY = 65534


def fault_of(home: Path) -> str:
    with pytest.raises(StudioError) as caught:
        open_database(home)
    return caught.value.key


def test_migrations_make_exactly_the_tables_of_the_models(db: Database):
    config = alembic_config()
    config.stdout = io.StringIO()  # its own is whatever stdout was when alembic was first imported
    with db.read() as session:
        config.attributes["connection"] = session.connection()
        command.check(config)


def test_the_head_named_in_code_is_the_head_of_the_folder():
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_migrations_can_be_undone_and_done_again(db: Database):
    config = alembic_config()
    with db.write() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "base")
        command.upgrade(config, "head")
    assert finished(db).id == 1


def test_every_connection_is_durable_and_keeps_its_foreign_keys(db: Database):
    with db.read() as session:
        pragmas = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_block_that_raises_leaves_nothing_behind(db: Database):
    def write_half() -> None:
        with db.write() as session:
            session.add(BriefRow(text="a", digest="a"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    with db.read() as session:
        assert session.scalar(select(func.count(BriefRow.id))) == 0


def test_a_reader_sees_one_moment_while_others_write(db: Database):
    with db.read() as session:
        count = select(func.count(VariantRow.id))
        before = session.scalar(count)
        finished(db)
        assert session.scalar(count) == before == 0


def test_reopening_keeps_everything(db: Database):
    job = finished(db)
    db.close()
    assert finished(open_database(db.home)).id == job.id + 1


@pytest.mark.parametrize("name", ["a b", "100%", "什么?#", "x'y"])
def test_the_home_may_have_any_name(tmp_path: Path, name: str):
    database = open_database(tmp_path / name)
    finished(database)
    database.close()
    assert (tmp_path / name / "studio.db").is_file()


def test_eight_processes_may_open_a_new_home_at_once(tmp_path: Path):
    opening = [Child(lambda _: open_database(tmp_path)) for _ in range(8)]
    assert [child.heard() for child in opening] == [[]] * 8


def test_a_newer_database_is_refused(db: Database):
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.close()
    assert fault_of(db.home) == "store.newer"


def test_a_file_that_is_no_database_is_called_damaged_and_left_alone(tmp_path: Path):
    (tmp_path / "studio.db").write_bytes(b"not a database" * 1000)
    assert fault_of(tmp_path) == "store.corrupt"
    assert (tmp_path / "studio.db").read_bytes() == b"not a database" * 1000


def test_a_database_with_destroyed_pages_is_called_damaged(db: Database):
    for _ in range(20):
        finished(db)
    db.close()
    file = db.home / "studio.db"
    data = bytearray(file.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    file.write_bytes(data)
    with pytest.raises(StudioError) as caught:
        finished(open_database(db.home))
    assert caught.value.key == "store.corrupt"


def test_a_read_only_home_is_named(open_folder: Path):
    open_folder.chmod(0o555)
    assert Child(lambda _: open_database(open_folder), NOBODY).heard() == ["store.readonly"]


def test_a_read_only_database_is_named(open_folder: Path):
    open_database(open_folder).close()
    for path in (open_folder / "images", open_folder, open_folder / "studio.db"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert Child(lambda _: finished(open_database(open_folder)), NOBODY).heard() == ["store.readonly"]


@pytest.mark.parametrize("limit", [200_000, 400_000])
def test_a_full_disk_is_named_and_what_was_saved_stays(db: Database, limit: int):
    job = finished(db)
    db.close()

    def fill_up(_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        while True:
            finished(open_database(db.home), "满" * 3000 + secrets.token_hex())

    assert Child(fill_up).heard() == ["store.disk_full"]
    reopened = open_database(db.home)
    assert check_store(reopened) == []
    assert get_job(reopened, job.id) == job


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter; pytest's own ones are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    for path in (folder, *folder.glob("images")):
        path.chmod(0o777)
    shutil.rmtree(folder)
