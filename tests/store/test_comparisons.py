"""Comparisons outside sessions, and all such judgements as votes."""

import pytest

from t2i_studio.errors import StudioError
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database
from t2i_studio.store.jobs import enqueue
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import prefer, rate
from t2i_studio.store.sample import request
from t2i_studio.store.studio_votes import studio_votes

from .studio import finished


def test_a_comparison_is_kept_as_it_was_shown(db: Database) -> None:
    one, other = finished(db).variants
    rater = new_rater(db)
    made = compare(db, (other, one), rater, winner=one, comment="sharper")
    assert (made.shown, made.winner, made.bad, made.comment) == ((other, one), one, False, "sharper")
    tie = compare(db, (one, other), rater, winner=None)
    bad = compare(db, (one, other), rater, winner=None, bad=True)
    assert [(vote.variants, vote.chosen, vote.bad) for vote in studio_votes(db)] == [
        ((other, one), 1, False),
        ((one, other), None, False),
        ((one, other), None, True),
    ]
    assert len({made.id, tie.id, bad.id}) == 3


def test_the_same_comparison_sent_again_counts_once(db: Database) -> None:
    one, other = finished(db).variants
    rater = new_rater(db)
    first = compare(db, (one, other), rater, winner=one, nonce="n")
    assert compare(db, (one, other), rater, winner=one, nonce="n") == first
    with pytest.raises(StudioError) as refused:
        compare(db, (one, other), rater, winner=other, nonce="n")
    assert refused.value.key == "rating.nonce_used"
    assert len(studio_votes(db)) == 1


@pytest.mark.parametrize(
    ("shown", "winner", "bad", "key"),
    [
        ((1,), None, False, "number.range"),
        ((1, 2, 1), None, False, "preference.same"),
        ((1, 2), 3, False, "comparison.winner"),
        ((1, 2), 1, True, "comparison.winner"),
        ((1, 99), None, False, "variant.unknown"),
        ((1, 3), None, False, "rating.no_picture"),
    ],
)
def test_a_comparison_that_is_none_is_refused_and_not_kept(
    db: Database, shown: tuple[int, ...], winner: int | None, bad: bool, key: str
) -> None:
    finished(db)
    enqueue(db, request())
    with pytest.raises(StudioError) as refused:
        compare(db, shown, new_rater(db), winner=winner, bad=bad)
    assert refused.value.key == key
    assert studio_votes(db) == []


def test_votes_are_the_newest_rating_of_each_rater_and_every_preference(db: Database) -> None:
    one, other = finished(db, "红色手提包").variants
    first, second = new_rater(db), new_rater(db)
    rate(db, one, first, stars=2)
    rate(db, one, first, stars=5, faults=["clutter"], note="now clear")
    rate(db, one, second, stars=1)
    rate(db, other, second, stars=3)
    rate(db, other, second)
    prefer(db, other, one, second)
    votes = studio_votes(db)
    assert [(vote.variants, vote.rater, vote.stars, vote.faults, vote.comment, vote.chosen) for vote in votes] == [
        ((one,), first, 5, ("clutter",), "now clear", None),
        ((one,), second, 1, (), "", None),
        ((one, other), second, None, (), "", 1),
    ]
    assert {vote.prompt for vote in votes} == {"红色手提包"}
    assert len({vote.assignment for vote in votes}) == 3
