import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.faults import FAULTS
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import prefer, rate, ratings_of
from t2i_studio.store.sample import request
from t2i_studio.store.variants import get_variant
from tests.store.studio import finished


@pytest.fixture
def rater(db: Database) -> str:
    return new_rater(db)


@pytest.fixture
def variant(db: Database) -> int:
    return finished(db).variants[0]


def key_of(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments, **named)
    return caught.value.key


def test_the_newest_rating_is_shown_and_every_one_is_kept(db: Database, variant: int, rater: str):
    rate(db, variant, rater, stars=5, faults=["floating", "clutter"])
    rate(db, variant, rater, stars=2, faults=["clutter", "unsafe"], note="太乱")
    shown = get_variant(db, variant)
    assert (shown.stars, shown.faults) == (2, ("clutter", "unsafe"))
    assert [rating.stars for rating in ratings_of(db, variant)] == [5, 2]
    assert ratings_of(db, variant)[1].note == "太乱"


def test_an_empty_rating_takes_the_last_one_back(db: Database, variant: int, rater: str):
    rate(db, variant, rater, stars=5, faults=["other"])
    rate(db, variant, rater)
    shown = get_variant(db, variant)
    assert (shown.stars, shown.faults) == (None, ())


def test_a_rating_sent_twice_counts_once(db: Database, variant: int, rater: str):
    first = rate(db, variant, rater, stars=4, faults=["floating"], nonce="click-1")
    assert rate(db, variant, rater, stars=4, faults=["floating"], nonce="click-1") == first
    assert ratings_of(db, variant) == [first]
    assert key_of(rate, db, variant, rater, stars=1, nonce="click-1") == "rating.nonce_used"


@pytest.mark.parametrize("stars", [0, 6, -1, 2**70])
def test_stars_are_one_to_five(db: Database, variant: int, rater: str, stars: int):
    assert key_of(rate, db, variant, rater, stars=stars) == "number.range"
    assert ratings_of(db, variant) == []


def test_bad_ratings_are_refused_by_name(db: Database, variant: int, rater: str):
    waiting = jobs.enqueue(db, request()).variants[0]
    assert key_of(rate, db, waiting, rater, stars=3) == "rating.no_picture"
    assert key_of(rate, db, 999, rater, stars=3) == "variant.unknown"
    assert key_of(rate, db, variant, "nobody", stars=3) == "rater.unknown"
    assert key_of(rate, db, variant, rater, faults=["ugly"]) == "choice.unknown"
    assert key_of(rate, db, variant, rater, note="\x00") == "text.control"
    assert key_of(rate, db, variant, rater, nonce="") == "number.range"
    assert key_of(ratings_of, db, 999) == "variant.unknown"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rating SET stars = 1",
        "DELETE FROM rating",
        "UPDATE rating_fault SET code = 'other'",
        "DELETE FROM rating_fault",
        "UPDATE comparison SET winner_id = NULL",
        "DELETE FROM comparison",
    ],
)
def test_the_database_itself_refuses_to_change_a_judgement(db: Database, variant: int, rater: str, change: str):
    rate(db, variant, rater, stars=5, faults=["floating"])
    prefer(db, variant, finished(db).variants[0], rater)
    with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
        session.execute(text(change))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("INSERT INTO rating (variant_id, rater_id, stars, note, created) VALUES (1, :r, 6, '', 0)", "stars"),
        (
            "INSERT INTO comparison (winner_id, bad, comment, rater_id, created) VALUES (1, true, '', :r, 0)",
            "bad_has_no_winner",
        ),
        (
            "INSERT INTO rating (variant_id, rater_id, stars, note, created) VALUES (99, :r, 5, '', 0)",
            "FOREIGN",
        ),
        ("UPDATE variant SET image = NULL", "done_has_image"),
    ],
)
def test_the_database_itself_refuses_nonsense(db: Database, variant: int, rater: str, row: str, rule: str):
    with pytest.raises(IntegrityError, match=rule), db.write() as session:
        session.execute(text(row), {"r": rater} if ":r" in row else {})


def test_a_rating_is_on_the_disk_when_it_returns(db: Database, variant: int, rater: str):
    rating = rate(db, variant, rater, stars=4)
    other = sqlite3.connect(db.home / "studio.db")
    assert other.execute("SELECT id, stars FROM rating").fetchall() == [(rating.id, 4)]
    other.close()


def test_a_preference_names_two_variants(db: Database, rater: str):
    one, two = finished(db).variants
    preference = prefer(db, one, two, rater, nonce="a")
    assert prefer(db, one, two, rater, nonce="a") == preference
    assert key_of(prefer, db, two, one, rater, nonce="a") == "rating.nonce_used"
    assert key_of(prefer, db, one, one, rater) == "preference.same"
    assert key_of(prefer, db, one, 999, rater) == "variant.unknown"


def test_the_fault_table_has_the_ten_tags_in_both_languages():
    assert list(FAULTS) == [
        *("floating", "wrong_size", "indistinct", "warped_shape", "garbled_text"),
        *("wrong_product", "wrong_colour", "clutter", "unsafe", "other"),
    ]
    for fault in FAULTS.values():
        assert all((fault.name.en, fault.name.zh, fault.description.en, fault.description.zh, fault.source))
