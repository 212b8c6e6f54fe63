import os
import time
import zipfile
from pathlib import Path

import pytest

from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import PARTIAL, image_path, put_image
from t2i_studio.store.jobs import get_job, list_jobs
from t2i_studio.store.learnt_adapters import WEIGHTS, adopt, adopted_adapter
from t2i_studio.store.maintenance import Kind, backup, check_store, sweep
from t2i_studio.store.variants import get_variant
from tests.store.learnt import made as made_adapter
from tests.store.studio import Child, finished, png


def age(path: Path) -> None:
    hours_ago = time.time() - 7200
    os.utime(path, (hours_ago, hours_ago))


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_a_backup_is_a_whole_home(db: Database, tmp_path: Path, name: str):
    job = finished(db)
    made = backup(db, tmp_path / "new folder" / name)
    if name.endswith(".zip"):
        with zipfile.ZipFile(made) as archive:
            archive.extractall(tmp_path / "copy")
        made = tmp_path / "copy"
    copy = open_database(made)
    assert get_job(copy, job.id) == job
    assert check_store(copy) == []
    finished(copy)
    assert check_store(db) == []


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_a_backup_has_the_learnt_adapters_too(db: Database, tmp_path: Path, name: str):
    adapter = adopt(db, made_adapter(db).id, "ann")
    made = backup(db, tmp_path / "new folder" / name)
    if name.endswith(".zip"):
        with zipfile.ZipFile(made) as archive:
            archive.extractall(tmp_path / "copy")
        made = tmp_path / "copy"
    copy = open_database(made)
    found = adopted_adapter(copy, adapter.model)
    assert found is not None
    assert Path(found.path).is_relative_to(made.resolve())
    assert (Path(found.path) / WEIGHTS).read_bytes() == (Path(adapter.path) / WEIGHTS).read_bytes()
    assert check_store(copy) == []


def test_lost_and_damaged_adapters_are_found(db: Database):
    lost, damaged, _ = (made_adapter(db) for _ in range(3))
    (Path(lost.path) / WEIGHTS).unlink()
    (Path(damaged.path) / WEIGHTS).write_bytes(b"else")
    assert [(problem.kind, problem.subject) for problem in check_store(db)] == [
        (Kind.LOST_ADAPTER, lost.hash),
        (Kind.DAMAGED_ADAPTER, damaged.hash),
    ]


def test_a_backup_while_others_write_is_of_one_moment(db: Database, tmp_path: Path):
    db.close()

    def write(say) -> None:  # type: ignore[no-untyped-def]
        own = open_database(db.home)
        while not (tmp_path / "enough").exists():
            say(str(finished(own).id))

    writer, copies = Child(write), []
    while len(copies) < 5 or len(list_jobs(copies[-1])) <= 5:  # a busy machine writes slowly
        copies.append(open_database(backup(db, tmp_path / f"copy{len(copies)}")))
    (tmp_path / "enough").touch()
    assert len(writer.heard()) > 5
    assert not any(check_store(copy) for copy in copies)


def test_a_backup_overwrites_nothing(db: Database, tmp_path: Path):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(StudioError) as caught:
        backup(db, tmp_path / "there")
    assert caught.value.key == "backup.exists"


def test_a_failed_backup_leaves_nothing_under_its_name(db: Database, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StudioError) as caught:
        backup(db, tmp_path / "file" / "copy")
    assert caught.value.key == "store.readonly"


def test_a_sound_store_has_no_problems(db: Database):
    finished(db)
    assert check_store(db) == []


def test_every_kind_of_damage_is_found(db: Database):
    lost, damaged = (get_variant(db, id).image or "" for id in finished(db).variants)
    image_path(db, lost).unlink()
    image_path(db, damaged).write_bytes(b"x")
    unused = image_path(db, put_image(db, png(999)))
    partial = unused.with_name(f"{PARTIAL}x")
    partial.touch()
    age(unused)
    age(partial)
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("INSERT INTO variant_fault VALUES ('other', 999)")
        raw.execute("PRAGMA foreign_keys = ON")
    found = {(problem.kind, problem.subject) for problem in check_store(db)}
    assert found == {
        (Kind.LOST_PICTURE, lost),
        (Kind.DAMAGED_PICTURE, damaged),
        (Kind.UNUSED_FILE, unused.name),
        (Kind.UNUSED_FILE, partial.name),
        (Kind.BROKEN_LINK, "variant_fault"),
    }


def test_a_broken_index_is_found(db: Database):
    finished(db)
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("DELETE FROM sqlite_schema WHERE name = 'ix_variant_stars'")
        raw.execute("PRAGMA writable_schema = RESET")
    assert [problem.kind for problem in check_store(db)] == [Kind.BROKEN_DATABASE]


def test_sweeping_deletes_only_what_is_old_and_unused(db: Database):
    used = image_path(db, get_variant(db, finished(db).variants[0]).image or "")
    unused, fresh = (image_path(db, put_image(db, png(shade))) for shade in (998, 999))
    age(used)
    age(unused)
    assert sweep(db) == 1
    assert (used.exists(), unused.exists(), fresh.exists()) == (True, False, True)


def test_a_picture_put_again_is_young_again(db: Database):
    path = image_path(db, put_image(db, png(999)))
    age(path)
    put_image(db, png(999))
    assert sweep(db) == 0
