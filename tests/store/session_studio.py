"""Makes sessions to test on, and a clock that tests move."""

from datetime import UTC, datetime, timedelta
from itertools import count

from t2i_studio.domain import Answer, Assignment, FeedbackSession, NewItem, Purpose, SessionKind, SessionPlan, Shown
from t2i_studio.store.answers import Receipt, answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import Database
from t2i_studio.store.entrance import enter, make_link
from t2i_studio.store.models import VariantRow
from t2i_studio.store.sample import fill
from t2i_studio.store.sessions import create_session

START = datetime(2026, 1, 1, tzinfo=UTC)
_nonces = count()


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def pass_(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def pairs(first: int, number: int, purpose: Purpose = Purpose.JUDGED, sources: str = "ab") -> list[NewItem]:
    """Items of two pictures each, from variant `first` on; where an answer is known, the left one is right."""
    return [
        NewItem(
            text="红色手提包",
            pictures=(Shown(variant=id, source=sources[0]), Shown(variant=id + 1, source=sources[1])),
            purpose=purpose,
            expected=None if purpose is Purpose.JUDGED else 0,
        )
        for id in range(first, first + 2 * number, 2)
    ]


def session_of(db: Database, items: list[NewItem] | int = 6, **plan: object) -> FeedbackSession:
    """A session of pairs (as many as told) without practice and checks, or what `plan` says."""
    with db.read() as session:
        bare = session.get(VariantRow, 1) is None
    if bare:
        fill(db, 400)
    made = pairs(1, items) if isinstance(items, int) else items
    fields = {"name": "试评", "kind": SessionKind.PAIRS, "practice": 0, "known_share": 0, "repeat_share": 0} | plan
    return create_session(db, SessionPlan(**fields), made)  # type: ignore[arg-type]


def entered(db: Database, session: FeedbackSession, count: int = 1) -> list[str]:
    """New raters, by an open link."""
    token = make_link(db, session.id)
    return [enter(db, token).rater for _ in range(count)]


def said(assignment: Assignment | int, verdict: str = "chosen", nonce: str | None = None, **fields: object) -> Answer:
    """An answer; the left one is chosen, if not told otherwise."""
    id = assignment if isinstance(assignment, int) else assignment.id
    if verdict == "chosen":
        fields = {"place": 0} | fields
    if verdict == "skip":
        fields = {"skip_reason": "看不清"} | fields
    return Answer(assignment=id, verdict=verdict, nonce=nonce or f"n{next(_nonces)}", **fields)  # type: ignore[arg-type]


def shown(db: Database, session: FeedbackSession, rater: str, now: datetime | None = None) -> Assignment:
    """What the rater is to see now."""
    found = next_assignment(db, session.id, rater, now).assignment
    assert found is not None
    return found


def judge_all(db: Database, session: FeedbackSession, rater: str, limit: int = 1000) -> list[Assignment]:
    """The rater chooses the left one until there is no more; what they saw."""
    seen = []
    while len(seen) < limit and (found := next_assignment(db, session.id, rater).assignment):
        receipt = answer(db, rater, said(found))
        assert isinstance(receipt, Receipt)
        seen.append(found)
    return seen
