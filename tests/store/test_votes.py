"""A vote names the row that it was read from, so that what was learnt from it can be told."""

from t2i_studio.domain import Judgement, NewItem, SessionKind, Shown
from t2i_studio.store.answers import answer
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import rate
from t2i_studio.store.studio_votes import studio_votes
from t2i_studio.store.votes import votes
from tests.store.session_studio import entered, said, session_of, shown
from tests.store.studio import finished


def test_votes_of_the_studio_name_their_newest_rows(db: Database) -> None:
    one, two = finished(db).variants
    rater = new_rater(db)
    rate(db, one, rater, stars=2)
    rating = rate(db, one, rater, stars=5)
    comparison = compare(db, [one, two], rater, winner=None)
    found = [vote.judgement for vote in studio_votes(db)]
    assert found == [Judgement(rating=rating.id), Judgement(comparison=comparison.id)]


def test_votes_of_a_session_name_the_rows_of_the_newest_answers(db: Database) -> None:
    of = session_of(db, 2)
    [rater] = entered(db, of)
    first = shown(db, of, rater)
    answer(db, rater, said(first))
    answer(db, rater, said(shown(db, of, rater)))
    answer(db, rater, said(first, "tie"))
    assert [vote.judgement for vote in votes(db, of.id)] == [Judgement(comparison=3), Judgement(comparison=2)]


def test_votes_of_single_pictures_name_ratings(db: Database) -> None:
    items = [NewItem(text="a bag", pictures=(Shown(variant=variant),)) for variant in finished(db).variants]
    of = session_of(db, items, kind=SessionKind.STARS)
    [rater] = entered(db, of)
    answer(db, rater, said(shown(db, of, rater), "stars", stars=4))
    assert [vote.judgement for vote in votes(db, of.id)] == [Judgement(rating=1)]
