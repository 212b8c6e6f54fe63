import pytest

from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.maintenance import check_store
from t2i_studio.store.raters import forget_rater, is_rater, new_rater, rater_named
from t2i_studio.store.ratings import prefer, rate, ratings_of
from t2i_studio.store.variants import get_variant
from tests.store.studio import finished

NAME = "Wilhelmina-Ottilie 王小明"


def key_of(call, *arguments) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments)
    return caught.value.key


def on_disk(db: Database, words: str) -> bool:
    return any(words.encode() in path.read_bytes() for path in db.home.glob("studio.db*"))


def test_ids_are_random_and_names_lead_to_them(db: Database):
    assert new_rater(db) != new_rater(db)
    named = rater_named(db, NAME)
    assert rater_named(db, f" {NAME} ") == named
    assert is_rater(db, named)
    assert not is_rater(db, NAME)


def test_names_are_checked(db: Database):
    new_rater(db, NAME)
    assert key_of(new_rater, db, NAME) == "rater.name_taken"
    assert key_of(new_rater, db, "x" * 201) == "rater.name_too_long"
    assert key_of(rater_named, db, "") == "text.empty"


@pytest.fixture
def judged(db: Database) -> tuple[int, int]:
    """Two variants, judged by NAME; another rater was there first."""
    one, two = finished(db).variants
    rate(db, one, new_rater(db), stars=2, faults=["floating"])
    named = rater_named(db, NAME)
    rate(db, one, named, stars=5, faults=["clutter"], note="I am Ottilie", nonce="a")
    rate(db, two, named, stars=1)
    prefer(db, one, two, named)
    return one, two


def test_forgetting_keeps_the_judgements_nameless(db: Database, judged: tuple[int, int]):
    old = rater_named(db, NAME)
    forgotten = forget_rater(db, NAME)
    assert (forgotten.names, forgotten.ratings, forgotten.preferences) == (1, 2, 1)
    kept = ratings_of(db, judged[0])[1]
    assert (kept.stars, kept.faults, kept.note, kept.rater) == (5, ("clutter",), "", forgotten.kept_as)
    assert old != forgotten.kept_as
    assert not is_rater(db, old)
    assert get_variant(db, judged[0]).stars == 5


def test_forgetting_can_delete_the_judgements_and_shows_the_ones_before(db: Database, judged: tuple[int, int]):
    forgotten = forget_rater(db, rater_named(db, NAME), "delete")
    assert (forgotten.ratings, forgotten.preferences, forgotten.kept_as) == (2, 1, None)
    one, two = judged
    assert (get_variant(db, one).stars, get_variant(db, one).faults) == (2, ("floating",))
    assert get_variant(db, two).stars is None
    assert ratings_of(db, two) == []
    assert check_store(db) == []


@pytest.mark.parametrize("judgements", ["keep", "delete"])
def test_nothing_of_a_forgotten_rater_is_left_in_the_files(db: Database, judged: tuple[int, int], judgements: str):
    old = rater_named(db, NAME)
    assert on_disk(db, NAME)
    forget_rater(db, old, judgements)  # type: ignore[arg-type]
    assert not any(on_disk(db, words) for words in (NAME, old, "I am Ottilie"))


def test_judgements_of_others_stay_untouchable_while_forgetting(db: Database, judged: tuple[int, int]):
    before = ratings_of(db, judged[0])[0]
    forget_rater(db, NAME, "delete")
    assert ratings_of(db, judged[0]) == [before]


def test_a_stranger_cannot_be_forgotten(db: Database):
    assert key_of(forget_rater, db, "nobody") == "rater.unknown"
