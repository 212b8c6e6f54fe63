"""Nothing that a rater's browser receives tells the sources apart: a scan of all it gets, and of the pictures."""

import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from t2i_studio.domain import Purpose, SessionKind
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.entrance import make_link
from t2i_studio.store.images import image_path
from t2i_studio.store.session_items import items_of
from t2i_studio.store.variants import get_variants
from t2i_studio.store.votes import votes
from t2i_studio.ui.judging import blind
from t2i_studio.ui.judging.blind import STEP, blind_copy, canvas, dimensions, longer_side, pad, padded_length
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.judging.seals import Seals, home_seals
from t2i_studio.ui.judging.spoiling import CELLS, spoil
from tests.ui.judging import MODELS, Browser, arrived, session_of, studio_of


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are encoded in no time."""
    monkeypatch.setattr(blind, "SIDES", (160, 160))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "home")
    yield database
    database.close()


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_whole_session_tells_nothing_of_its_two_models(db: Database, kind: SessionKind) -> None:
    session = session_of(db, 6, kind, known_share=0.2, repeat_share=0.2)
    rater = arrived(db, studio_of(db), session)
    told, addresses = rater.begin(), []
    said = {"verdict": "stars", "stars": 3, "place": None} if kind is SessionKind.STARS else {"verdict": "tie"}
    while told["item"]:
        rater.look(told["item"])
        addresses += told["item"]["pictures"]
        told = rater.say(told["item"], **said)
    assert len(votes(db, session.id)) >= 9

    pictures = [each for each in rater.received if each.request.method == "GET"]
    texts = [each.text for each in rater.received if each.request.method == "POST"]
    assert all(each.status_code == 200 for each in rater.received)
    assert len({len(each.content) for each in pictures}) == 1
    assert len({tuple(sorted((name, value) for name, value in each.headers.items())) for each in pictures}) == 1
    assert not {"etag", "last-modified", "content-disposition"} & {name for each in pictures for name in each.headers}
    assert len({opened(each.content).size for each in pictures}) == 1
    assert all(opened(each.content).info.keys() <= {"loop", "background", "timestamp", "duration"} for each in pictures)
    assert len(set(addresses)) == len(addresses)
    assert len({len(address) for address in addresses}) == 1

    made = get_variants(db, sorted({shown.variant for item in items_of(db, session.id) for shown in item.pictures}))
    secrets = [*MODELS, "planted", session.plan.name, *(str(variant.image) for variant in made)]
    everything = [*texts, *(each.content.decode("latin-1") for each in pictures)]
    everything += [str(each.headers) + str(each.url) for each in rater.received]
    for secret, text in itertools.product(secrets, everything):
        assert secret not in text
    for text in texts:
        assert not re.search(r'"(model|source|seed|variant|purpose|expected_place|rater|damaged|order|position)"', text)


def test_known_and_repeated_items_look_like_the_others(db: Database) -> None:
    session = session_of(db, 8, known_share=0.5, repeat_share=0.2)  # half: hardly by chance none
    rater = arrived(db, studio_of(db), session)
    told, shapes = rater.through_practice(), set()
    while told["item"]:
        sizes = tuple(len(data) for data in rater.look(told["item"]))
        told = rater.say(told["item"])
        body = re.sub(r'"count":\d+', "", rater.received[-1].text)
        shapes.add((sizes, len(body)) if told["item"] and told["ahead"] else None)
    assert {Purpose.JUDGED, Purpose.KNOWN} <= {vote.purpose for vote in votes(db, session.id)}
    assert len(shapes - {None}) == 1


def test_a_copy_is_the_picture_and_nothing_but_the_picture(db: Database) -> None:
    session = session_of(db, 1)
    copies = Copies(db)
    copies.make(session.id)
    item = items_of(db, session.id)[0]
    for place, shown in enumerate(item.pictures):
        with Image.open(image_path(db, get_variants(db, [shown.variant])[0].image or "")) as original:
            assert original.info["parameters"]
            wanted = np.asarray(original.convert("L").resize((160, 160), Image.Resampling.LANCZOS)).astype(int)
        copy = np.asarray(opened(copies.read(session.id, item.id, place) or b"").convert("L")).astype(int)
        assert np.abs(copy - wanted).mean() < 5 < np.abs(255 - copy - wanted).mean()
    assert copies.read(session.id, item.id, 2) is None
    assert copies.read(session.id + 1, item.id, 0) is None


def test_a_picture_that_is_gone_is_grey_and_the_session_goes_on(db: Database) -> None:
    session = session_of(db, 1)
    shown = items_of(db, session.id)[0].pictures[0]
    image_path(db, get_variants(db, [shown.variant])[0].image or "").unlink()
    rater = arrived(db, studio_of(db), session)
    item = rater.through_practice()["item"]
    greys = [np.asarray(opened(data).convert("L")).std() < 1 for data in rater.look(item)]
    assert sorted(greys) == [False, True]


def test_no_name_opens_another_picture(db: Database) -> None:
    session = session_of(db, 1)
    rater = arrived(db, studio_of(db), session)
    item = rater.through_practice()["item"]
    name = item["pictures"][0].rsplit("/", 1)[1]
    for other in ("", "x", name[:-1], name[::-1], item["id"], "%00", name + "A"):
        assert rater.client.get(f"/judge/picture/{other}").status_code == 404
    assert Browser(rater.client, make_link(db, session.id)).client.get(item["pictures"][0]).status_code == 200


@given(st.lists(st.integers(0, 2**48 - 1), max_size=5), st.binary(min_size=1, max_size=40))
def test_sealed_numbers_open_again_and_nothing_else_does(numbers: list[int], noise: bytes) -> None:
    seals = Seals(bytes(range(64)))
    name = seals.close("picture", *numbers)
    assert re.fullmatch(r"[\w-]+", name, re.ASCII)
    assert seals.open("picture", name) == tuple(numbers)
    assert seals.open("assignment", name) is None
    assert seals.open("picture", noise.decode("latin-1")) is None
    assert Seals(bytes(64)).open("picture", name) is None


def test_the_key_of_a_home_is_kept_and_is_its_owners(tmp_path: Path) -> None:
    name = home_seals(tmp_path).close("assignment", 7)
    assert home_seals(tmp_path).open("assignment", name) == (7,)
    assert (tmp_path / "judging.key").stat().st_mode & 0o077 == 0


sizes = st.tuples(st.integers(1, 400), st.integers(1, 400))


@given(st.lists(sizes, min_size=1, max_size=4), st.integers(0, 255))
def test_all_pictures_of_an_item_come_in_one_size_and_length(originals: list[tuple[int, int]], shade: int) -> None:
    size = canvas(originals, longer_side(originals) // 2)
    copies = [blind_copy(Image.new("RGBA", original, (shade, 10, 99, 200)), size) for original in originals]
    length = padded_length([len(copy) for copy in copies])
    padded = [pad(copy, length) for copy in copies]
    assert {dimensions(copy) for copy in copies} == {size}
    assert {(len(data), opened(data).size) for data in padded} == {(length, size)}
    assert length % STEP == 0
    for copy, data in zip(copies, padded, strict=True):
        assert opened(copy).tobytes() == opened(data).tobytes()


def test_a_file_that_is_too_long_is_never_cut() -> None:
    copy = blind_copy(Image.effect_noise((64, 64), 90).convert("RGB"), (64, 64))
    for length in (len(copy), len(copy) + 24, len(copy) + 51):
        with pytest.raises(ValueError, match="cannot be padded"):
            pad(copy, length)


def test_a_picture_too_small_to_be_spoilt_stops_no_session() -> None:
    for size in ((1, 1), (CELLS - 1, 40), (CELLS, CELLS)):
        assert spoil(Image.new("RGB", size, (9, 9, 9)), 5).size == size


def test_a_spoilt_picture_has_its_rim_and_not_its_middle() -> None:
    ramp = np.tile(np.linspace(0, 255, 192).astype(np.uint8), (192, 1))
    original = Image.fromarray(np.dstack([ramp, ramp.T, np.full((192, 192), 9, np.uint8)]))
    spoilt = np.asarray(spoil(original, 5)).astype(int)
    change = np.abs(spoilt - np.asarray(original).astype(int)).max(axis=2)
    cell = 192 // CELLS
    assert change[cell:-cell, cell:-cell].mean() > 10
    assert max(change[0].max(), change[-1].max(), change[:, 0].max(), change[:, -1].max()) < 4
    assert (np.asarray(spoil(original, 5)) == spoilt).all()
    assert (np.asarray(spoil(original, 6)) != spoilt).any()
