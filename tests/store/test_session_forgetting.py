import pytest

from t2i_studio.domain import Entry
from t2i_studio.errors import StudioError
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.audit import audit_of
from t2i_studio.store.database import Database
from t2i_studio.store.entrance import enter, links_of, make_link, rater_by
from t2i_studio.store.maintenance import Kind, check_store
from t2i_studio.store.raters import forget_rater
from t2i_studio.store.session_items import items_of
from t2i_studio.store.session_raters import exclude_rater, raters_of
from t2i_studio.store.votes import votes
from tests.store.session_studio import judge_all, said, session_of, shown

LABEL = "Wilhelmina-Ottilie 王小明"
COMMENT = "I am Ottilie"


@pytest.fixture
def judged(db: Database) -> tuple[int, str, str, str]:
    """A session with a named rater who answered, changed their mind, skipped, repeated and left one open; the token."""
    of = session_of(db, 12, overlap=2, entry=Entry.NAMED, repeat_share=0.4)
    token, other = make_link(db, of.id, LABEL), make_link(db, of.id, "李雷")
    rater = enter(db, token)
    judge_all(db, of, rater.rater, limit=10)
    first = votes(db, of.id)[0]
    answer(db, rater.rater, said(first.assignment, "tie", comment=COMMENT, nonce="ottilies-mark"))
    answer(db, rater.rater, said(shown(db, of, rater.rater), "skip", skip_reason=COMMENT))
    shown(db, of, rater.rater)
    judge_all(db, of, enter(db, other).rater, limit=3)
    with pytest.raises(StudioError):
        answer(db, rater.rater, said(99))
    exclude_rater(db, of.id, rater.rater, f"{LABEL} 太快")
    return of.id, rater.rater, token, rater.key


def on_disk(db: Database, words: str) -> bool:
    return any(words.encode() in path.read_bytes() for path in db.home.glob("studio.db*"))


@pytest.mark.parametrize("judgements", ["keep", "delete"])
def test_nothing_leads_to_a_forgotten_rater(db: Database, judged: tuple[int, str, str, str], judgements: str):
    session, rater, token, key = judged
    assert on_disk(db, LABEL)
    forget_rater(db, rater, judgements)  # type: ignore[arg-type]
    assert not any(on_disk(db, words) for words in (LABEL, rater, COMMENT, "ottilies-mark"))
    assert rater_by(db, session, key) is None
    assert (links_of(db, session)[0].label, links_of(db, session)[0].revoked) == (None, True)
    with pytest.raises(StudioError, match="no longer valid"):
        enter(db, token)
    assert not [problem for problem in check_store(db) if problem.kind is not Kind.LOST_PICTURE]
    assert rater not in {entry.actor for entry in audit_of(db, session)}


def test_kept_judgements_are_the_same_votes_of_nobody(db: Database, judged: tuple[int, str, str, str]):
    session, rater, _, _ = judged
    before = votes(db, session)
    forgotten = forget_rater(db, rater)
    kept_as = forgotten.kept_as or ""
    nameless = {"rater": kept_as, "comment": ""}
    after = [vote.model_copy(update=nameless) if vote.rater == rater else vote for vote in before]
    assert votes(db, session) == after
    [kept] = [each for each in raters_of(db, session) if each.rater == kept_as]
    assert (kept.reason, kept.label, kept.language) == ("", None, "")
    assert sum(item.answers for item in items_of(db, session)) == sum(
        vote.purpose == "judged" for vote in votes(db, session)
    )


def test_deleted_judgements_leave_their_places_to_others(db: Database, judged: tuple[int, str, str, str]):
    session, rater, _, _ = judged
    others = [vote for vote in votes(db, session) if vote.rater != rater]
    forget_rater(db, rater, "delete")
    assert votes(db, session) == others
    assert sum(item.answers for item in items_of(db, session)) == len([v for v in others if v.purpose == "judged"])
    assert len(raters_of(db, session)) == 1
    rest = enter(db, make_link(db, session, "韩梅梅")).rater
    while (found := next_assignment(db, session, rest).assignment) is not None:
        answer(db, rest, said(found))
    assert {item.answers for item in items_of(db, session)} <= {1, 2}
