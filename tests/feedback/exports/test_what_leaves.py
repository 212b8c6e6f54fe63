"""What goes into an export and what must not; a folder is there whole or not at all."""

import errno
import io
import os
import struct
import zlib
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from t2i_studio.domain import Judgement, Purpose, Vote
from t2i_studio.errors import StudioError
from t2i_studio.feedback import exports
from t2i_studio.feedback.exports import FORMATS, Exported, export
from t2i_studio.feedback.exports.material import Choices, Material, Tally, gather
from t2i_studio.feedback.exports.pixels import SIGNATURE, only_pixels, size_of
from t2i_studio.store.database import Database
from t2i_studio.store.images import picture_file
from t2i_studio.store.variants import get_variant

from .conftest import FIRST_NUMBER, RATERS, SECRET, Make, picture

COMMENT = "I am Wang Wei, call 13800138000"


@pytest.fixture
def votes(vote: Make) -> list[Vote]:
    """Something for every format, with all that must stay at home in it."""
    return [
        vote((1, 2), chosen=0, comment=COMMENT),
        vote((2, 1), chosen=1, rater=1, comment=COMMENT),
        vote((3,), stars=5, rater=2, comment=COMMENT),
        vote((4,), stars=1, rater=2),
    ]


def contents(folder: Path) -> bytes:
    """All bytes, of zips (XLSX) and parquet what is inside; with all names."""
    parts = []
    for path in sorted(folder.rglob("*")):
        parts.append(str(path.relative_to(folder)).encode())
        if path.suffix == ".parquet":
            parts.append(repr(pyarrow.parquet.read_table(path).to_pylist()).encode())
        elif path.suffix == ".xlsx":
            import zipfile

            with zipfile.ZipFile(path) as book:
                inside = set(book.namelist()) - {"docProps/core.xml"}  # says when the file was made
                parts += [book.read(name) for name in sorted(inside)]
        elif path.is_file():
            parts.append(path.read_bytes())
    return b"\n".join(parts)


def test_an_answer_leads_to_no_row_of_the_store(db: Database, votes: list[Vote]) -> None:
    known = [vote.model_copy(update={"judgement": Judgement(rating=number)}) for number, vote in enumerate(votes, 1)]
    variants = {id: get_variant(db, id) for vote in votes for id in vote.variants}
    material, _ = gather(known, variants, lambda sha: picture_file(db.images, sha), Choices())
    assert [vote.judgement for vote in material.votes] == [None] * len(votes)


@pytest.mark.parametrize("format", FORMATS)
def test_nobody_can_be_found_by_an_export(db: Database, votes: list[Vote], tmp_path: Path, format: str) -> None:
    made = export(db, votes, format, tmp_path / "out")
    assert Exported.model_validate_json(made.model_dump_json()) == made
    found = contents(tmp_path / "out")
    for secret in (
        *RATERS,
        COMMENT,
        "Wang",
        "13800138000",
        "/home/wang",
        SECRET,
        str(tmp_path),
        str(FIRST_NUMBER),
        "09:3",
    ):
        assert secret.encode() not in found, secret
    assert not made.comments


@pytest.mark.parametrize("format", ["csv", "xlsx", "label-studio"])
def test_comments_leave_only_when_asked_for(db: Database, votes: list[Vote], tmp_path: Path, format: str) -> None:
    made = export(db, votes, format, tmp_path / "out", Choices(comments=True))
    assert COMMENT.encode() in contents(tmp_path / "out")
    assert made.comments


def test_raters_have_other_ids_in_every_export_and_one_in_each(db: Database, votes: list[Vote], tmp_path: Path) -> None:
    seen: set[str] = set()
    for name in ("a", "b"):
        export(db, votes, "csv", tmp_path / name)
        lines = (tmp_path / name / "answers.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
        raters = [line.split(",")[2] for line in lines]
        assert len(set(raters)) == 3
        assert seen.isdisjoint(raters)
        seen.update(raters)


def test_answers_that_do_not_teach_are_left_out_and_counted(own_db: Database, vote: Make, tmp_path: Path) -> None:
    votes = [
        vote((1, 2), chosen=0),
        vote((1, 2), chosen=0, excluded=True, rater=1),
        vote((1, 2), chosen=0, purpose=Purpose.PRACTICE),
        vote((1, 2), chosen=0, purpose=Purpose.KNOWN, expected=1),
        vote((2, 1), chosen=0, purpose=Purpose.REPEAT, repeat_of=FIRST_NUMBER),
        vote((3, 4), chosen=0),
    ]
    image = get_variant(own_db, 4).image
    assert image
    picture_file(own_db.images, image).unlink()
    made = export(own_db, votes, "pick-a-pic", tmp_path / "out")
    assert made.rows == 1
    assert made.left_out == {"excluded": 1, "practice": 1, "known": 1, "repeat": 1, "no_picture": 1}
    assert made.answers == 6


@pytest.mark.parametrize("format", FORMATS)
def test_without_answers_one_sentence_says_so(db: Database, tmp_path: Path, format: str) -> None:
    with pytest.raises(StudioError) as refused:
        export(db, [], format, tmp_path / "out")
    assert refused.value.key == "export.empty"
    assert not (tmp_path / "out").exists()


def test_an_unknown_format_is_refused_with_those_there_are(db: Database, votes: list[Vote], tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="pick-a-pic"):
        export(db, votes, "pickle", tmp_path / "out")


def test_a_folder_that_holds_something_is_not_touched(db: Database, votes: list[Vote], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for taken in ("out", "file"):
        with pytest.raises(StudioError) as refused:
            export(db, votes, "csv", tmp_path / taken)
        assert refused.value.key == "export.occupied"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    (tmp_path / "out" / "mine.txt").unlink()
    export(db, votes, "csv", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["answers.csv"]


def fails_with(error: BaseException) -> object:
    """A format that has written half when it fails."""

    def write(_: Material, folder: Path) -> Tally:
        (folder / "half").write_text("half")
        raise error

    return write


@pytest.mark.parametrize(
    ("code", "key"),
    [(errno.ENOSPC, "store.disk_full"), (errno.EDQUOT, "store.disk_full"), (errno.EROFS, "store.readonly")],
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    db: Database, votes: list[Vote], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, key: str
) -> None:
    monkeypatch.setitem(exports.FORMATS, "csv", fails_with(OSError(code, os.strerror(code))))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StudioError) as refused:
        export(db, votes, "csv", tmp_path / "out")
    assert refused.value.key == key
    assert sorted(tmp_path.iterdir()) == before


def test_an_export_that_is_interrupted_leaves_nothing(
    db: Database, votes: list[Vote], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(exports.FORMATS, "csv", fails_with(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        export(db, votes, "csv", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_of_two_exports_into_one_folder_one_is_refused(
    db: Database, votes: list[Vote], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(material: Material, folder: Path) -> Tally:
        monkeypatch.undo()
        export(db, votes, "csv", tmp_path / "out")
        return FORMATS["csv"](material, folder)

    monkeypatch.setitem(exports.FORMATS, "csv", write)
    with pytest.raises(StudioError) as refused:
        export(db, votes, "csv", tmp_path / "out")
    assert refused.value.key == "export.occupied"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_damaged_picture_is_named(db: Database, own_db: Database, votes: list[Vote], tmp_path: Path) -> None:
    image = get_variant(own_db, 2).image
    assert image
    path = picture_file(own_db.images, image)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(StudioError, match="variant 2"):
        export(own_db, votes, "pick-a-pic", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    export(db, votes, "pick-a-pic", tmp_path / "out")  # only the copy is damaged: other tests read the store it is of


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@given(
    remarks=st.lists(st.tuples(st.sampled_from([b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"prVt"]), st.binary())),
    trailing=st.binary(),
)
def test_only_the_pixels_of_a_picture_are_kept(remarks: list[tuple[bytes, bytes]], trailing: bytes) -> None:
    bare = io.BytesIO()
    Image.new("RGB", (3, 2), (9, 8, 7)).save(bare, "PNG")
    png = bare.getvalue()
    header = len(SIGNATURE) + 25
    written = png[:header] + b"".join(chunk(*remark) for remark in remarks) + png[header:] + trailing
    assert only_pixels(written) == png
    assert size_of(png) == (3, 2)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_what_is_no_whole_picture_is_refused(noise: bytes, cut: int) -> None:
    whole = picture(1)
    for data in (noise, SIGNATURE + noise, whole[: cut % len(whole)]):
        with pytest.raises(ValueError, match=r"PNG|end"):
            only_pixels(data)
