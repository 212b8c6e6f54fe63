import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from t2i_studio.domain import Answer, NewItem, Purpose, SessionKind, Shown
from t2i_studio.errors import StudioError
from t2i_studio.store.answers import Receipt, answer
from t2i_studio.store.assignments import get_assignment
from t2i_studio.store.audit import audit_of
from t2i_studio.store.database import Database
from t2i_studio.store.models import ComparisonRow, RatingRow
from t2i_studio.store.ratings import rate, ratings_of
from t2i_studio.store.session_items import items_of
from t2i_studio.store.variants import get_variant
from t2i_studio.store.votes import votes
from tests.store.session_studio import START, entered, judge_all, pairs, said, session_of, shown


def key_of(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments, **named)
    return caught.value.key


def single(variant: int, purpose: Purpose = Purpose.JUDGED, expected: int | None = None) -> NewItem:
    return NewItem(text="红色手提包", pictures=(Shown(variant=variant),), purpose=purpose, expected=expected)


def test_the_same_answer_is_counted_once_and_gets_the_same_receipt(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    first = shown(db, of, rater)
    sent = said(first, nonce="a", active_ms=900)
    receipt = answer(db, rater, sent)
    assert receipt == Receipt(assignment=first.id, counted=1, revision=False)
    answer(db, rater, said(shown(db, of, rater)))
    assert answer(db, rater, sent.model_copy(update={"active_ms": 1200})) == receipt
    assert len(votes(db, of.id)) == 2


def test_a_mark_used_for_something_else_is_refused(db: Database):
    of = session_of(db)
    rater, other = entered(db, of, 2)
    first = shown(db, of, rater)
    answer(db, rater, said(first, nonce="a"))
    for sender, sent in (
        (rater, said(first, "tie", nonce="a")),
        (rater, said(first, nonce="a", comment="x")),
        (rater, said(shown(db, of, rater), nonce="a")),
        (other, said(first, nonce="a")),
    ):
        assert key_of(answer, db, sender, sent) == "answer.nonce_used"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"verdict": "stars", "stars": 3}, "answer.verdict"),
        ({"verdict": "tie", "place": 0}, "answer.verdict"),
        ({"verdict": "tie", "faults": ("clutter",)}, "answer.verdict"),
        ({"verdict": "tie", "skip_reason": "x"}, "answer.verdict"),
        ({"verdict": "chosen"}, "answer.verdict"),
        ({"verdict": "chosen", "place": 2}, "number.range"),
        ({"verdict": "chosen", "place": -1}, "number.range"),
        ({"verdict": "chosen", "place": 2**70}, "number.range"),
        ({"verdict": "skip"}, "answer.skip_reason"),
        ({"verdict": "skip", "skip_reason": " "}, "answer.skip_reason"),
        ({"verdict": "skip", "skip_reason": "x" * 201}, "answer.skip_reason"),
        ({"verdict": "tie", "comment": "字" * 2001}, "answer.comment_long"),
        ({"verdict": "tie", "comment": "a\x00b"}, "text.control"),
        ({"verdict": "tie", "comment": "<script>alert(1)</script>"}, "answer.markup"),
        ({"verdict": "tie", "comment": "好</b>"}, "answer.markup"),
        ({"verdict": "tie", "comment": "<img src=x onerror=alert(1)"}, "answer.markup"),
        ({"verdict": "tie", "comment": "<svg/onload=alert(1)"}, "answer.markup"),
        ({"verdict": "tie", "comment": "a <!-- b"}, "answer.markup"),
        ({"verdict": "tie", "nonce": ""}, "number.range"),
        ({"verdict": "tie", "nonce": "x" * 101}, "number.range"),
        ({"verdict": "tie", "assignment": 99}, "answer.unknown"),
        ({"verdict": "tie", "assignment": 2**70}, "answer.unknown"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_the_refusal_is_kept(db: Database, fields: dict[str, object], key: str):
    of = session_of(db)
    [rater] = entered(db, of)
    sent = Answer(**({"assignment": shown(db, of, rater).id, "nonce": "a"} | fields))  # type: ignore[arg-type]
    assert key_of(answer, db, rater, sent) == key
    kept = audit_of(db, of.id) + audit_of(db, None)
    [entry] = [entry for entry in kept if entry.action == "answer"]
    assert (entry.actor, entry.details["refused"]) == (rater, key)
    assert votes(db, of.id) == []
    assert answer(db, rater, said(shown(db, of, rater), nonce="a")).counted == 1


@pytest.mark.parametrize("comment", ["a<b", "<3", "left < right, c<d", "好<坏"])
def test_a_comment_may_compare(db: Database, comment: str):
    of = session_of(db)
    [rater] = entered(db, of)
    answer(db, rater, said(shown(db, of, rater)).model_copy(update={"comment": comment}))
    assert [vote.comment for vote in votes(db, of.id)] == [comment]


def test_an_answer_for_another_is_refused(db: Database):
    of = session_of(db)
    rater, other = entered(db, of, 2)
    assert key_of(answer, db, other, said(shown(db, of, rater))) == "answer.not_yours"
    entry = audit_of(db, of.id)[0]
    assert (entry.session, entry.actor, entry.details["refused"]) == (of.id, other, "answer.not_yours")


@pytest.mark.parametrize(("stars", "faults"), [(0, ()), (6, ()), (3, ("nonsense",)), (None, ("clutter",))])
def test_stars_are_one_to_five_and_faults_are_known(db: Database, stars: int | None, faults: tuple[str, ...]):
    of = session_of(db, [single(1)], kind=SessionKind.STARS)
    [rater] = entered(db, of)
    sent = said(shown(db, of, rater), "stars", stars=stars, faults=faults)
    assert key_of(answer, db, rater, sent) in ("number.range", "choice.unknown", "answer.verdict")


def test_a_changed_mind_is_a_new_row_and_the_newest_counts(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    first = shown(db, of, rater)
    answer(db, rater, said(first, comment="左"))
    receipt = answer(db, rater, said(first, "chosen", place=1, comment="a < b & c > d"))
    assert (receipt.revision, receipt.counted) == (True, 1)
    [vote] = votes(db, of.id)
    assert (vote.chosen, vote.comment) == (1, "a < b & c > d")
    with db.read() as session:
        rows = session.scalars(select(ComparisonRow).order_by(ComparisonRow.id)).all()
    assert [(row.winner_id, row.revision_of, row.assignment_id) for row in rows] == [
        (first.order[0], None, first.id),
        (first.order[1], rows[0].id, first.id),
    ]
    assert [picture.variant_id for picture in rows[1].shown] == list(first.order)


def test_a_skip_may_become_an_answer_while_there_is_a_place_and_back(db: Database):
    of = session_of(db, 1, overlap=1)
    rater, other = entered(db, of, 2)
    first = shown(db, of, rater)
    assert answer(db, rater, said(first, "skip")).counted == 0
    assert answer(db, rater, said(first)).counted == 1
    assert answer(db, rater, said(first, "skip")).counted == 0
    assert (votes(db, of.id), items_of(db, of.id)[0].answers) == ([], 0)
    assert len(judge_all(db, of, other)) == 1
    assert key_of(answer, db, rater, said(first)) == "answer.no_place"
    assert answer(db, rater, said(first, "skip", skip_reason="还是看不清")).revision
    assert items_of(db, of.id)[0].answers == 1


def test_practice_tells_what_was_right_as_it_was_shown_and_is_not_counted(db: Database):
    of = session_of(db, pairs(1, 2) + pairs(101, 6, Purpose.PRACTICE), practice=6)
    [rater] = entered(db, of)
    places = set()
    for _ in range(6):
        given = shown(db, of, rater)
        receipt = answer(db, rater, said(given))
        places.add(receipt.expected)
        assert (given.order[receipt.expected or 0] % 2, receipt.counted) == (1, 0)
    assert places == {0, 1}
    assert answer(db, rater, said(shown(db, of, rater))).expected is None


def test_stars_in_a_session_are_ratings_but_not_the_gallerys(db: Database):
    items = [single(1), single(2, Purpose.PRACTICE, 4)]
    of = session_of(db, items, kind=SessionKind.STARS, practice=1)
    [rater] = entered(db, of)
    before = get_variant(db, 1).stars
    practice = answer(db, rater, said(shown(db, of, rater), "stars", stars=1))
    assert practice.expected == 4
    answer(db, rater, said(shown(db, of, rater), "stars", stars=2, faults=("clutter", "floating"), comment="乱"))
    assert get_variant(db, 1).stars == before
    assert ratings_of(db, 1) == []
    with db.read() as session:
        [kept] = session.scalars(select(RatingRow).where(RatingRow.variant_id == 1)).all()
    assert (kept.stars, [fault.code for fault in kept.faults], kept.note) == (2, ["clutter", "floating"], "乱")
    rate(db, 1, rater, stars=5)
    assert get_variant(db, 1).stars == 5


def test_votes_tell_all_that_statistics_need(db: Database):
    items = [single(1), single(2, Purpose.KNOWN, 1), *map(single, range(3, 21))]
    of = session_of(db, items, kind=SessionKind.STARS, known_share=0.5)
    [rater] = entered(db, of)
    for _ in range(20):
        given = shown(db, of, rater, START)
        times = {"active_ms": 700, "wall_ms": -5}
        answer(db, rater, said(given, "stars", stars=3, faults=("clutter",), **times), START)
    found = {vote.variants[0]: vote for vote in votes(db, of.id)}
    assert found.keys() == set(range(1, 21))
    vote = found[2]
    assert (vote.purpose, vote.expected, vote.stars, vote.faults) == (Purpose.KNOWN, 1, 3, ("clutter",))
    assert (vote.rater, vote.sources, vote.prompt, vote.created) == (rater, ("#2",), "红色手提包", START)
    assert (vote.active_ms, vote.wall_ms) == (700, None)  # a clock that was set back tells nothing
    assert vote.style == get_variant(db, 2).request.style.model_dump(exclude={"position"})
    assert [vote.position for vote in votes(db, of.id)] == list(range(20))


def test_votes_name_sources_and_known_answers_as_shown(db: Database):
    of = session_of(db, pairs(1, 20) + pairs(101, 12, Purpose.KNOWN), known_share=0.5)
    [rater] = entered(db, of)
    judge_all(db, of, rater)
    for vote in votes(db, of.id):
        odd_first = vote.variants[0] % 2 == 1
        assert vote.sources == (("a", "b") if odd_first else ("b", "a"))
        if vote.purpose is Purpose.KNOWN:
            assert vote.expected == (0 if odd_first else 1)
    assert {vote.expected for vote in votes(db, of.id)} == {None, 0, 1}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE comparison SET winner_id = NULL",
        "DELETE FROM comparison",
        "UPDATE comparison_picture SET place = 1 - place",
        "DELETE FROM comparison_picture",
        "UPDATE answer SET verdict = 'tie'",
        "DELETE FROM answer",
        "UPDATE session_audit SET action = 'x'",
        "DELETE FROM session_audit",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_said(db: Database, change: str):
    of = session_of(db)
    [rater] = entered(db, of)
    answer(db, rater, said(shown(db, of, rater)))
    with db.write() as session:
        session.execute(text("INSERT INTO forgetting VALUES ('somebody else')"))
    with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
        session.execute(text(change))


def test_what_is_written_when_skipping_is_kept_with_the_reason(db: Database):
    of = session_of(db)
    [rater] = entered(db, of)
    given = shown(db, of, rater)
    answer(db, rater, said(given, "skip").model_copy(update={"comment": "the picture is cut off"}))
    assert (get_assignment(db, given.id, rater).skip_reason or "").endswith(": the picture is cut off")
