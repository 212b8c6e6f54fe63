"""What raters send: committed before anybody is thanked, counted once however often it is sent."""

import hashlib
import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from t2i_studio.domain import Answer, Noun, Outcome, Purpose, SessionKind, check_number, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.assignments import assignment_of, may_answer
from t2i_studio.store.audit import Attempt, refusals_kept
from t2i_studio.store.database import Database
from t2i_studio.store.faults import check_fault
from t2i_studio.store.models import (
    AnswerRow,
    AssignmentRow,
    ComparisonPictureRow,
    ComparisonRow,
    RatingFaultRow,
    RatingRow,
    SessionItemRow,
    SessionRaterRow,
)
from t2i_studio.store.models import now as clock
from t2i_studio.store.places import move, release_expired
from t2i_studio.store.ratings import MAX_NONCE
from t2i_studio.store.session_items import pictures_of

MAX_COMMENT = 2000
MAX_SKIP_REASON = 200
MAX_MS = 7 * 86_400_000
"""A time beyond a week, or below zero, is a clock that was set; it is not kept."""
MARKUP = re.compile(r"</?[a-zA-Z][\w:-]*[\s/]*>|</?[a-zA-Z][\w:-]*[\s/][^<>]*[=>]|</[a-zA-Z]|<[!?]")
"""A whole tag, one with attributes though it does not end, an end tag, a comment or instruction (HTML, section 13.1).

"a<b" and "<3" are plain words. What passes is text all the same: whatever shows it has to escape it.
"""
PARTS = {"chosen": "place", "stars": "stars", "skip": "skip_reason"}
"""What an answer of this verdict must have, and no other may."""


class Receipt(Noun):
    """That an answer is kept. counted: how many the rater has answered, practice and skips apart. expected: after
    practice, the right place as shown (or number of stars).
    """

    assignment: int
    counted: int
    revision: bool
    expected: int | None = None


def answer(db: Database, rater: str, sent: Answer, now: datetime | None = None) -> Receipt:
    """Keep an answer; on the disk once returned. The same nonce again brings the same receipt, whatever came between.

    An answer to an assignment that has one is a revision; a skip may become a judgement while a place is free.
    Raises StudioError answer.unknown, .not_yours, .late (the lease ran out: renew it first), .no_place, .verdict,
    .skip_reason, .comment_long, .markup, .nonce_used, session.closed, .paused, .excluded, number.range, choice.unknown,
    text.control.
    """
    when = now or clock()
    with refusals_kept(db, Attempt("answer", rater, None, rater)) as attempt:
        clean = _checked(sent)
        with db.write() as session:
            earlier = session.scalar(select(AnswerRow).where(AnswerRow.nonce == clean.nonce))
            if earlier is not None:
                if (earlier.rater_id, earlier.digest) != (rater, _digest(clean)):
                    raise StudioError("answer.nonce_used")
                return _receipt(session, earlier)
            row = assignment_of(session, clean.assignment, rater, attempt)
            of, seat = may_answer(session, row)
            _check_kind(SessionKind(of.kind), clean)
            release_expired(session, row.session_id, when)
            before, revision = _end(session, row, clean, when), row.ended is not None
            row.ended = row.ended or when
            if row.purpose != Purpose.PRACTICE:
                seat.answered += (row.outcome == Outcome.ANSWERED) - (before == Outcome.ANSWERED)
                seat.skipped += (row.outcome == Outcome.SKIPPED) - (before == Outcome.SKIPPED)
            kept = _keep(session, row, clean, when, revision, seat.answered)
            return _receipt(session, kept)


def _checked(sent: Answer) -> Answer:
    check_number("nonce length", len(sent.nonce), 1, MAX_NONCE)
    check_text(sent.nonce)
    wanted = PARTS.get(sent.verdict)
    for part in PARTS.values():
        if (getattr(sent, part) is not None) != (part == wanted):
            raise StudioError("answer.skip_reason" if part == wanted == "skip_reason" else "answer.verdict")
    if sent.faults and sent.verdict != "stars":
        raise StudioError("answer.verdict")
    for code in sent.faults:
        check_fault(code)
    reason = None if sent.skip_reason is None else check_text(sent.skip_reason, empty_ok=True)
    if reason is not None and (not 0 < len(reason) <= MAX_SKIP_REASON or MARKUP.search(reason)):
        raise StudioError("answer.skip_reason")
    comment = _checked_comment(sent.comment)
    if reason and comment:  # a skip is no judgement that a comment could stand beside
        reason, comment = f"{reason}: {comment}"[:MAX_SKIP_REASON], ""
    times = {name: _possible_time(getattr(sent, name)) for name in ("active_ms", "wall_ms")}
    return sent.model_copy(update={"comment": comment, "skip_reason": reason, **times})


def _checked_comment(comment: str) -> str:
    if len(comment) > MAX_COMMENT:
        raise StudioError("answer.comment_long", length=len(comment), limit=MAX_COMMENT)
    comment = check_text(comment, empty_ok=True)
    if MARKUP.search(comment):
        raise StudioError("answer.markup")
    return comment


def _possible_time(ms: int | None) -> int | None:
    return ms if ms is not None and 0 <= ms <= MAX_MS else None


def _check_kind(kind: SessionKind, sent: Answer) -> None:
    """The verdict fits what the session asks."""
    if sent.verdict != "skip" and (sent.verdict == "stars") != (kind is SessionKind.STARS):
        raise StudioError("answer.verdict")
    if sent.stars is not None:
        check_number("stars", sent.stars, 1, 5)
    if sent.place is not None:
        check_number("place", sent.place, 0, kind.pictures - 1)


def _end(session: Session, row: AssignmentRow, sent: Answer, when: datetime) -> Outcome:
    """Give the assignment its outcome; returns the one it had."""
    before = Outcome(row.outcome)
    if before is Outcome.EXPIRED:
        raise StudioError("answer.late")
    outcome = Outcome.SKIPPED if sent.verdict == "skip" else Outcome.ANSWERED
    if not move(session, row, outcome):
        raise StudioError("answer.no_place")
    row.skip_reason = sent.skip_reason
    return before


def _keep(
    session: Session, row: AssignmentRow, sent: Answer, when: datetime, revision: bool, counted: int
) -> AnswerRow:
    rating = _rating(session, row, sent, when) if sent.verdict == "stars" else None
    comparison = _comparison(session, row, sent, when) if sent.verdict in ("chosen", "tie", "bad") else None
    session.add_all([judgement for judgement in (rating, comparison) if judgement is not None])
    session.flush()
    kept = AnswerRow(
        assignment_id=row.id,
        rater_id=row.rater_id,
        nonce=sent.nonce,
        digest=_digest(sent),
        verdict=sent.verdict,
        rating_id=rating.id if rating else None,
        comparison_id=comparison.id if comparison else None,
        skip_reason=sent.skip_reason,
        active_ms=sent.active_ms,
        wall_ms=sent.wall_ms,
        zoomed=sent.zoomed,
        revision=revision,
        counted=counted,
        created=when,
    )
    session.add(kept)
    session.flush()
    return kept


def _rating(session: Session, row: AssignmentRow, sent: Answer, when: datetime) -> RatingRow:
    of_assignment = select(RatingRow.id).where(RatingRow.assignment_id == row.id)
    rating = RatingRow(
        variant_id=_shown(session, row)[0],
        rater_id=row.rater_id,
        stars=sent.stars,
        note=sent.comment,
        created=when,
        assignment_id=row.id,
        revision_of=session.scalar(of_assignment.order_by(RatingRow.id.desc()).limit(1)),
    )
    rating.faults = [RatingFaultRow(code=code) for code in sorted(set(sent.faults))]
    return rating


def _comparison(session: Session, row: AssignmentRow, sent: Answer, when: datetime) -> ComparisonRow:
    of_assignment = select(ComparisonRow.id).where(ComparisonRow.assignment_id == row.id)
    shown = _shown(session, row)
    comparison = ComparisonRow(
        rater_id=row.rater_id,
        winner_id=shown[sent.place] if sent.place is not None else None,
        bad=sent.verdict == "bad",
        comment=sent.comment,
        created=when,
        assignment_id=row.id,
        revision_of=session.scalar(of_assignment.order_by(ComparisonRow.id.desc()).limit(1)),
    )
    comparison.shown = [ComparisonPictureRow(place=place, variant_id=id) for place, id in enumerate(shown)]
    return comparison


def _shown(session: Session, row: AssignmentRow) -> list[int]:
    pictures = pictures_of(session, [row.item_id])[row.item_id]
    return [pictures[int(place)].variant for place in row.order]


def _digest(sent: Answer) -> str:
    """What was said, without how long it took: sent again, that may differ."""
    said = sent.model_dump_json(exclude={"active_ms", "wall_ms", "zoomed"})
    return hashlib.sha256(said.encode()).hexdigest()


def _receipt(session: Session, kept: AnswerRow) -> Receipt:
    row = session.get_one(AssignmentRow, kept.assignment_id)
    expected = None
    if row.purpose == Purpose.PRACTICE:
        item = session.get_one(SessionItemRow, row.item_id)
        expected = expected_as_shown(item.expected, row.order)
    return Receipt(assignment=row.id, counted=kept.counted, revision=kept.revision, expected=expected)


def expected_as_shown(expected: int | None, order: str) -> int | None:
    """The known answer of an item, by the order in which its pictures were shown; of a single one its stars."""
    return expected if expected is None or len(order) == 1 else order.index(str(expected))


class Kept(Noun):
    """What is kept of a session's answers, revisions and skips included. answers: by nonce, (assignment, verdict, place
    of the choice as shown). judgements: rows that learning would count. counted: of each rater, the answers that the
    studio says it has.
    """

    answers: dict[str, tuple[int, str, int | None]]
    judgements: int
    counted: dict[str, int]


def kept_answers(db: Database, session_id: int) -> Kept:
    """Read row by row, to hold against what raters were told."""
    chosen = (ComparisonPictureRow.comparison_id == AnswerRow.comparison_id) & (
        ComparisonPictureRow.variant_id == ComparisonRow.winner_id
    )
    query = (
        select(AnswerRow.nonce, AnswerRow.assignment_id, AnswerRow.verdict, ComparisonPictureRow.place)
        .join(AssignmentRow, AnswerRow.assignment_id == AssignmentRow.id)
        .outerjoin(ComparisonRow, ComparisonRow.id == AnswerRow.comparison_id)
        .outerjoin(ComparisonPictureRow, chosen)
        .where(AssignmentRow.session_id == session_id)
    )
    with db.read() as session:
        mine = select(AssignmentRow.id).where(AssignmentRow.session_id == session_id)
        rows = [
            session.scalar(select(func.count()).select_from(table).where(table.assignment_id.in_(mine))) or 0
            for table in (ComparisonRow, RatingRow)
        ]
        seats = select(SessionRaterRow.rater_id, SessionRaterRow.answered)
        return Kept(
            answers={nonce or "": (number, verdict, place) for nonce, number, verdict, place in session.execute(query)},
            judgements=sum(rows),
            counted=dict(session.execute(seats.where(SessionRaterRow.session_id == session_id)).tuples().all()),
        )
