"""The ways into a session: links, codes, and the key by which a rater's browser comes back to its place.

Of tokens and keys only the sha256 is kept (they are random, 256 bits); of a code, which a person chose, an argon2.
"""

import hashlib
import secrets
import unicodedata
from datetime import datetime
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import select
from sqlalchemy.orm import Session

from t2i_studio.domain import Entry, Noun, SessionState, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.audit import ORGANISER, STRANGER, Attempt, note, refusals_kept
from t2i_studio.store.database import MAX_KEY, Database, get_row
from t2i_studio.store.models import RaterRow, SessionKeyRow, SessionLinkRow, SessionRaterRow, SessionRow, now
from t2i_studio.store.sessions import living_session

TOKEN_BYTES = 32
MAX_LABEL = 200
MAX_SECRET = 200
"""Characters of a token, key or code that are looked at; longer ones are wrong."""
LANGUAGES = ("zh", "en")
_CODE_CHECKS = BoundedSemaphore(2)
"""Each takes 64 MB and a core for some 50 ms; more at once would let a stranger exhaust the machine."""


class Link(Noun):
    """A way in, as the organiser sees it. rater: whose own it is, if it is named."""

    id: int
    label: str | None
    rater: str | None
    created: datetime
    revoked: bool


class Entered(Noun):
    """Who came in. key: the secret that the browser keeps to come back to the same place; nothing else holds it."""

    session: int
    rater: str
    key: str
    consented: bool


def make_link(db: Database, session_id: int, label: str | None = None) -> str:
    """A new link's token; it cannot be read again. label: whose it is, needed where links are
    named.

    Raises StudioError session.unknown, .closed, .label_missing, rater.name_too_long.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with refusals_kept(db, Attempt("make link", ORGANISER, session_id)) as attempt, db.write() as session:
        row = living_session(session, session_id)
        label = check_text(label or "", empty_ok=True) or None
        if label and len(label) > MAX_LABEL:
            raise StudioError("rater.name_too_long", length=len(label), limit=MAX_LABEL)
        named = row.entry == Entry.NAMED
        if named and not label:
            raise StudioError("session.label_missing")
        rater = _new_seat(session, row, "") if named else None
        link = SessionLinkRow(session_id=row.id, token_hash=_hash(token), label=label, rater_id=rater)
        session.add(link)
        session.flush()
        attempt.rater = rater
        note(session, attempt, link=link.id)
    return token


def revoke_link(db: Database, link_id: int) -> None:
    """Nobody enters by this link any more; who is in goes on. Raises StudioError session.link_none."""
    with refusals_kept(db, Attempt("revoke link", ORGANISER)) as attempt, db.write() as session:
        link = get_row(session, SessionLinkRow, link_id, "session.link_none")
        link.revoked_at = link.revoked_at or now()
        attempt.session, attempt.rater = link.session_id, link.rater_id
        note(session, attempt, link=link.id)


def links_of(db: Database, session_id: int) -> list[Link]:
    """Oldest first. Raises StudioError session.unknown."""
    with db.read() as session:
        get_row(session, SessionRow, session_id, "session.unknown")
        query = select(SessionLinkRow).where(SessionLinkRow.session_id == session_id).order_by(SessionLinkRow.id)
        return [
            Link(
                id=link.id,
                label=link.label,
                rater=link.rater_id,
                created=link.created,
                revoked=link.revoked_at is not None,
            )
            for link in session.scalars(query)
        ]


def enter(
    db: Database,
    token: str,
    code: str | None = None,
    key: str | None = None,
    language: str = "zh",
    *,
    new_key: str | None = None,
) -> Entered:
    """Come in by a link. The same key leads to the same rater; a named link to its own; else a new rater is made.

    new_key: what the key of a new rater is to be, where the caller knows it to be secret; who enters with it again,
    because the answer was lost, is the same rater. Without it a random one is made.
    A page should call this when somebody means to begin, not when it is merely looked at: previews of links would make
    raters. A browser that brings its key needs no code again.
    Raises StudioError session.link_unknown, .link_revoked, .closed, .code_wrong, choice.unknown (language).
    """
    with refusals_kept(db, Attempt("enter", STRANGER)) as attempt:
        if language not in LANGUAGES:
            raise StudioError("choice.unknown", name="language", value=language[:40], choices=", ".join(LANGUAGES))
        _check_code(db, attempt, token, code, key)
        with db.write() as session:
            link, row = _opened_by(session, attempt, token)
            if not _known(session, row.id, key):
                key = new_key
            rater = link.rater_id or _known(session, row.id, key) or _new_seat(session, row, language)
            seat = session.get_one(SessionRaterRow, (row.id, rater))
            seat.language = language
            if (known := _known(session, row.id, key)) != rater:
                key = secrets.token_urlsafe(TOKEN_BYTES) if known or not new_key else new_key
                session.add(SessionKeyRow(key_hash=_hash(key), session_id=row.id, rater_id=rater))
                note(session, Attempt("enter", rater, row.id, rater), link=link.id)
            return Entered(session=row.id, rater=rater, key=key or "", consented=seat.consent_at is not None)


def session_by(db: Database, token: str) -> int:
    """The session that a link leads to, before anybody enters by it. Raises StudioError as `enter`, and logs alike."""
    with refusals_kept(db, Attempt("look", STRANGER)) as attempt, db.read() as session:
        return _opened_by(session, attempt, token)[1].id


def session_of_link(db: Database, token: str) -> int:
    """The session of a link whatever became of both, for those who are in already. Raises StudioError
    session.link_unknown, and logs it.
    """
    with refusals_kept(db, Attempt("look", STRANGER)), db.read() as session:
        return _link(session, token).session_id


def rater_by(db: Database, session_id: int, key: str) -> str | None:
    """Whose key this is in the session; None: nobody's."""
    with db.read() as session:
        return _known(session, session_id, key)


def consent(db: Database, session_id: int, rater: str) -> None:
    """Note that the rater agreed to take part; the first time counts. Raises StudioError session.no_rater."""
    with refusals_kept(db, Attempt("consent", rater, session_id, rater)), db.write() as session:
        seat = seat_of(session, session_id, rater)
        seat.consent_at = seat.consent_at or now()


def has_consented(db: Database, session_id: int, rater: str) -> bool:
    """Whether the rater agreed to take part. Raises StudioError session.no_rater."""
    with db.read() as session:
        return seat_of(session, session_id, rater).consent_at is not None


def seat_of(session: Session, session_id: int, rater: str) -> SessionRaterRow:
    """Raises StudioError session.unknown, session.no_rater."""
    get_row(session, SessionRow, session_id, "session.unknown")
    seat = session.get(SessionRaterRow, (session_id, rater))
    if seat is None:
        raise StudioError("session.no_rater", rater=rater[:64])
    return seat


def _hash(secret: str) -> str:
    return hashlib.sha256(secret[: MAX_SECRET + 1].encode(errors="replace")).hexdigest()


def _opened_by(session: Session, attempt: Attempt, token: str) -> tuple[SessionLinkRow, SessionRow]:
    link = _link(session, token)
    attempt.session, attempt.rater = link.session_id, link.rater_id
    row = session.get_one(SessionRow, link.session_id)
    if row.state == SessionState.CLOSED:
        raise StudioError("session.closed")
    if link.revoked_at is not None:
        raise StudioError("session.link_revoked")
    return link, row


def _link(session: Session, token: str) -> SessionLinkRow:
    link = session.scalar(select(SessionLinkRow).where(SessionLinkRow.token_hash == _hash(token)))
    if link is None:
        raise StudioError("session.link_unknown")
    return link


def _check_code(db: Database, attempt: Attempt, token: str, code: str | None, key: str | None) -> None:
    """Before the write lock is taken: an argon2 takes some 50 ms."""
    with db.read() as session:
        _, row = _opened_by(session, attempt, token)
        code_hash = None if _known(session, row.id, key) else row.code_hash
    if code_hash is None:
        return
    try:
        with _CODE_CHECKS:
            PasswordHasher().verify(code_hash, _typed(code or ""))
    except Argon2Error as error:
        raise StudioError("session.code_wrong") from error


def _typed(code: str) -> bytes:
    """A code as typed, in the form in which it was hashed."""
    return unicodedata.normalize("NFC", code[:MAX_SECRET]).strip().encode(errors="replace")


def _known(session: Session, session_id: int, key: str | None) -> str | None:
    if not key or not 0 < session_id <= MAX_KEY:
        return None
    mine = (SessionKeyRow.key_hash == _hash(key), SessionKeyRow.session_id == session_id)
    return session.scalar(select(SessionKeyRow.rater_id).where(*mine))


def _new_seat(session: Session, row: SessionRow, language: str) -> str:
    rater = RaterRow(id=secrets.token_hex(8))
    session.add(rater)
    session.flush()
    session.add(SessionRaterRow(session_id=row.id, rater_id=rater.id, language=language))
    session.flush()
    return rater.id
