"""What the ratings of a studio say: which of them teach, what they say, and how many do not and why."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.domain import Derivation, Judgement, NewItem, Purpose, Scope, SessionKind, Shown
from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports.verdicts import BAD_STARS, GOOD_STARS
from t2i_studio.learning.evidence import gather, rated
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database
from t2i_studio.store.images import picture_file
from t2i_studio.store.raters import forget_rater, new_rater
from t2i_studio.store.ratings import rate
from t2i_studio.store.session_raters import exclude_rater
from t2i_studio.store.variants import delete, get_variant
from tests.learning import ratings
from tests.learning.pictures import NOW, pictures
from tests.learning.ratings import judged, pair, starred
from tests.store.session_studio import entered, said, session_of
from tests.store.studio import finished

PODIUM = Scope(model="podium")


def test_the_chosen_of_four_is_preferred_to_each_other() -> None:
    vote = judged((1, 2, 3, 4), chosen=2)
    found = ratings.rated([vote]).evidence
    assert [(each.better, each.worse, each.weight) for each in found.preferences] == [(3, 1, 1), (3, 2, 1), (3, 4, 1)]
    assert {each.judgements for each in found.preferences} == {(vote.judgement,)}
    assert [(each.variant, each.good) for each in found.opinions] == [(1, False), (2, False), (3, True), (4, False)]
    assert all(each.stars is None for each in found.opinions)


def test_all_bad_prefers_nothing_and_speaks_against_each() -> None:
    found = ratings.rated([judged((1, 2), bad=True)]).evidence
    assert found.preferences == ()
    assert [(each.variant, each.good) for each in found.opinions] == [(1, False), (2, False)]
    assert found.left_out == {}


def test_a_tie_says_nothing() -> None:
    found = ratings.rated([judged((1, 2))]).evidence
    assert (found.preferences, found.opinions, found.left_out) == ((), (), {"tie": 1})


def test_stars_speak_for_and_against_and_faults_always_against() -> None:
    votes = [
        *(starred(number, number, rater=f"r{number}") for number in range(1, 6)),
        starred(6, 5, faults=("floating",)),
        judged((7,), faults=("clutter",)),
    ]
    found = ratings.rated(votes).evidence
    assert {each.variant: each.good for each in found.opinions} == {
        1: False, 2: False, 4: True, 5: True, 6: False, 7: False,
    }  # fmt: skip
    assert found.left_out == {"middle": 1}
    assert {each.variant: (each.stars, each.faults) for each in found.opinions}[6] == (5, ("floating",))


def test_stars_of_one_rater_and_description_prefer_from_a_gap_of_two_on() -> None:
    votes = [starred(1, 5), starred(2, 4), starred(3, 3), starred(4, 1), starred(5, 1, rater="r2")]
    votes += [starred(6, 1, text="a lamp")]
    found = ratings.rated(votes).evidence
    assert {(each.better, each.worse): each.weight for each in found.preferences} == {
        (1, 3): 0.5, (2, 4): 0.75, (1, 4): 1.0, (3, 4): 0.5,
    }  # fmt: skip
    assert {each.judgements for each in found.preferences if each.better == 1 and each.worse == 4} == {
        (votes[0].judgement, votes[3].judgement)
    }
    assert found.left_out == {}  # three stars are in two preferences


def test_what_was_seen_side_by_side_counts_before_stars() -> None:
    found = ratings.rated([starred(1, 5), starred(2, 1), pair(2, 1)]).evidence
    assert [(each.better, each.worse) for each in found.preferences] == [(2, 1)]


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5), st.sampled_from(["r1", "r2"])), max_size=12))
def test_stars_never_prefer_the_worse_and_never_a_picture_to_itself(given_stars: list[tuple[int, int, str]]) -> None:
    newest = {(variant, rater): stars for variant, stars, rater in given_stars}
    found = ratings.rated(starred(variant, stars, rater) for (variant, rater), stars in newest.items()).evidence
    for each in found.preferences:
        assert newest[each.better, each.rater] - newest[each.worse, each.rater] >= 2
    several = itertools.combinations(newest.items(), 2)
    wanted = sum(one[1] == other[1] and abs(a - b) >= 2 for (one, a), (other, b) in several)
    assert len(found.preferences) == wanted
    assert sum(each.good for each in found.opinions) == sum(stars >= GOOD_STARS for stars in newest.values())
    assert sum(not each.good for each in found.opinions) == sum(stars <= BAD_STARS for stars in newest.values())


def test_the_studio_and_all_its_sessions_are_gathered_or_one_session(db: Database) -> None:
    one, two, three, four = pictures(db)
    rater = new_rater(db)
    rate(db, one, rater, stars=5)
    compare(db, [one, two], rater, winner=two)
    of = session_of(db, [NewItem(text="a red bag", pictures=(Shown(variant=three), Shown(variant=four)))])
    [judge] = entered(db, of)
    given = next_assignment(db, of.id, judge).assignment
    assert given is not None
    answer(db, judge, said(given))
    everything, session = gather(db, PODIUM, NOW), gather(db, Scope(model="podium", session=of.id), NOW)
    assert [(each.better, each.worse) for each in everything.preferences if each.rater == rater] == [(two, one)]
    assert len(everything.preferences) == 2
    assert [each.better for each in session.preferences] == [given.order[0]]
    assert session.preferences[0].judgements == (Judgement(comparison=2),)
    with pytest.raises(StudioError, match="99"):
        gather(db, Scope(model="podium", session=99), NOW)


def test_a_changed_mind_counts_once(db: Database) -> None:
    one, two, *_ = pictures(db)
    rater, other = new_rater(db), new_rater(db)
    compare(db, [one, two], rater, winner=two)
    compare(db, [one, two], other, winner=two)
    compare(db, [two, one], rater, winner=one)
    found = gather(db, PODIUM, NOW)
    assert {each.rater: each.better for each in found.preferences} == {rater: one, other: two}
    assert found.left_out == {"revised": 1}


def test_deleted_and_lost_pictures_are_counted_and_not_used(db: Database) -> None:
    one, two, three, four = pictures(db)
    rater = new_rater(db)
    compare(db, [one, two], rater, winner=two)
    for variant in (three, four):
        rate(db, variant, rater, stars=5)
    delete(db, [one])
    picture_file(db.images, get_variant(db, three).image or "").unlink()
    found = gather(db, PODIUM, NOW)
    assert found.left_out == {"deleted": 2}
    assert [each.variant for each in found.opinions] == [four]


def test_ratings_of_another_model_or_of_other_weights_are_counted_and_not_used(db: Database) -> None:
    rater = new_rater(db)
    for variant in (*pictures(db, model="sdxl", weights="1" * 64, count=1), *pictures(db, weights="2" * 64, count=1)):
        rate(db, variant, rater, stars=5)
    [kept] = pictures(db, count=1, model="/models/podium")  # the same weights under another name
    rate(db, kept, rater, stars=5)
    found = gather(db, PODIUM, NOW)
    assert (found.left_out, [each.variant for each in found.opinions]) == ({"other_model": 2}, [kept])


def test_without_the_weights_at_hand_those_of_the_newest_picture_count(db: Database) -> None:
    rater = new_rater(db)
    for variant in (*pictures(db, weights="1" * 64, count=2), *pictures(db, weights="2" * 64, count=1)):
        rate(db, variant, rater, stars=5)
    rate(db, *pictures(db, weights="3" * 64, count=1, model="sdxl"), rater, stars=5)
    assert gather(db, PODIUM).left_out == {"other_model": 3}
    assert gather(db, Scope(model="pixart")).left_out == {"other_model": 4}


def test_pictures_made_from_others_and_of_different_descriptions_teach_nothing(db: Database) -> None:
    rater = new_rater(db)
    one, two, *_ = pictures(db)
    [lamp] = pictures(db, "a lamp", count=1)
    start = get_variant(db, one).image
    [varied] = pictures(db, count=1, derivation=Derivation.VARY_SUBTLE, init_image=start, parent=one, strength=0.3)
    rate(db, varied, rater, stars=5)
    compare(db, [one, lamp], rater, winner=one)
    rate(db, two, rater, stars=5)
    found = gather(db, PODIUM, NOW)
    assert found.left_out == {"from_picture": 1, "mixed": 1}
    assert [each.variant for each in found.opinions] == [two]


def test_checks_and_excluded_raters_never_teach(db: Database) -> None:
    shown = pictures(db)
    items = [
        NewItem(text="a red bag", pictures=(Shown(variant=shown[0]),)),
        NewItem(
            text="a red bag",
            pictures=(Shown(variant=shown[1], damaged=True),),
            purpose=Purpose.PRACTICE,
            expected=1,
        ),
    ]
    of = session_of(db, items, kind=SessionKind.STARS, practice=1)
    judges = entered(db, of, 2)
    for judge in judges:
        while given := next_assignment(db, of.id, judge).assignment:
            answer(db, judge, said(given, "stars", stars=5))
    exclude_rater(db, of.id, judges[1], "too fast")
    found = rated(db, PODIUM, NOW)
    assert found.left_out == {"check": 1, "excluded": 2}
    assert [(each.variant, each.rater) for each in found.evidence.opinions] == [(shown[0], judges[0])]
    assert len(found.votes) == 4


@pytest.mark.parametrize("way", ["keep", "delete"])
def test_who_withdrew_teaches_no_more(db: Database, way: str) -> None:
    leaving, staying = new_rater(db), new_rater(db)
    [picture] = pictures(db, count=1)
    rate(db, picture, leaving, stars=1)
    rate(db, picture, staying, stars=5)
    forget_rater(db, leaving, way)  # type: ignore[arg-type]
    found = gather(db, PODIUM, NOW)
    assert [each.rater for each in found.opinions] == [staying]
    assert found.left_out == ({"withdrawn": 1} if way == "keep" else {})


def test_an_empty_studio_says_nothing(db: Database) -> None:
    finished(db)
    found = gather(db, PODIUM, NOW)
    assert (found.preferences, found.opinions, found.left_out) == ((), (), {})
