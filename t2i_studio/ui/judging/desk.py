"""What a rater's page is told: items under sealed names, states, and after practice what most people see."""

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from t2i_studio.domain import Answer, Assignment, Entry, Item, Outcome, Purpose, SessionKind, SessionState
from t2i_studio.errors import StudioError
from t2i_studio.store import answers, assignments, entrance
from t2i_studio.store.audit import STRANGER, Attempt, refusals_kept
from t2i_studio.store.database import Database
from t2i_studio.store.session_items import get_item, items_of
from t2i_studio.store.sessions import get_session
from t2i_studio.ui.auth import Failures
from t2i_studio.ui.judging.copies import EXAMPLES, Copies
from t2i_studio.ui.judging.messages import Sent, SentAnswer, SentConsent, SentEntry, SentRenewal
from t2i_studio.ui.judging.preference import Preference
from t2i_studio.ui.judging.seals import home_seals
from t2i_studio.ui.judging.spoiling import SPOILT_FAULT

Told = dict[str, Any]
BREAK_EVERY = 50
RENEWALS = 3
"""How often a lease is renewed within its length while the page is in sight."""
WAYS = {"wait": "waiting"}
"""The page's word for the store's reason why there is nothing to show, where it is another."""


class Desk:
    """Answers a session's raters. All methods raise StudioError; refusals are in the session's log."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seals = home_seals(db.home)
        self._copies = Copies(db)
        self._preference = Preference(db)
        self._failures = Failures()
        self._item = lru_cache(4096)(lambda item: get_item(db, item))  # texts and pictures of an item never change
        self._plan = lru_cache(256)(lambda session: get_session(db, session).plan)  # nor does what is read of it here
        self._practice = lru_cache(256)(self._count_practice)
        # Who is in stays in, and the store looks at the state of the session itself: only at the door is asked anew.
        self.session_within = lru_cache(4096)(lambda token: entrance.session_of_link(db, token))
        self._known_rater = lru_cache(4096)(self._rater_by)

    def session(self, token: str) -> int:
        """The session of a link. Raises StudioError session.link_unknown, .link_revoked, .closed."""
        return entrance.session_by(self._db, token)

    def refusals(self, session_id: int) -> AbstractContextManager[Attempt]:
        """Writes down what is refused in the block."""
        return refusals_kept(self._db, Attempt("send", STRANGER, session_id))

    def picture(self, name: str) -> bytes | None:
        """The blind copy of that name; None for any other name."""
        numbers = self._seals.open("picture", name)
        return self._copies.read(*numbers[:3]) if numbers else None

    def enter(self, session_id: int, token: str, sent: SentEntry, address: str) -> Told:
        """Who brings a known key is back in place; others are shown what they may agree to, after the code if any."""
        self._copies.prepare(session_id)
        if sent.key and entrance.rater_by(self._db, session_id, sent.key):
            entered = entrance.enter(self._db, token, key=sent.key, language=sent.language)
            return self._welcome(session_id, None, "work" if entered.consented else "consent")
        if self._plan(session_id).entry is not Entry.CODE:
            return self._welcome(session_id, None, "consent")
        if sent.code is None:
            return {"state": "code"}
        return self._welcome(session_id, self._by_code(token, sent, address), "consent")

    def _by_code(self, token: str, sent: SentEntry, address: str) -> str:
        """The key of a new rater who knows the code; guessing is slow. Raises StudioError judging.slow."""
        if wait := self._failures.wait(address, token):
            raise StudioError("judging.slow", seconds=wait)
        try:
            new_key = self._new_key(token, sent)
            return entrance.enter(self._db, token, code=sent.code, language=sent.language, new_key=new_key).key
        except StudioError as error:
            if error.key == "session.code_wrong":
                self._failures.add(address, token)
            raise

    def _new_key(self, token: str, sent: SentConsent) -> str | None:
        """The key of a new rater whose page sends this mark: if the reply is lost, the same mark has the same key."""
        return self._seals.secret("key", token, sent.nonce) if sent.nonce else None

    def _welcome(self, session_id: int, key: str | None, state: str) -> Told:
        plan = self._plan(session_id)
        examples = [
            {
                "picture": self._address(0, session_id, EXAMPLES, place),
                "good": example.good,
                "why": _both(example.zh, example.en),
            }
            for place, example in enumerate(plan.guideline.examples)
        ]
        return self._about(session_id) | {
            "state": state,
            "key": key,
            "guideline": _both(plan.guideline.zh, plan.guideline.en),
            "examples": examples if self._copies.ready(session_id) else [],
            "practice": min(plan.practice, self._practice(session_id)),
        }

    def _about(self, session_id: int) -> Told:
        plan = self._plan(session_id)
        return {"kind": plan.kind, "break_every": BREAK_EVERY, "renew": max(10, plan.lease // RENEWALS)}

    def consent(self, session_id: int, token: str, sent: SentConsent) -> Told:
        """Agreed: who had no key is made a rater now, once for the same nonce."""
        key = None
        rater = entrance.rater_by(self._db, session_id, sent.key) if sent.key else None
        if rater is None:
            entered = entrance.enter(self._db, token, language=sent.language, new_key=self._new_key(token, sent))
            rater, key = entered.rater, entered.key
        entrance.consent(self._db, session_id, rater)
        return self._work(session_id, rater) | {"key": key}

    def next(self, session_id: int, sent: Sent) -> Told:
        return self._work(session_id, self._rater(session_id, sent))

    def answer(self, session_id: int, sent: SentAnswer) -> Told:
        """Kept, and what is next. After practice also what most people see."""
        rater = self._rater(session_id, sent)
        said = sent.model_dump(exclude={"key", "language", "assignment"})
        receipt = answers.answer(self._db, rater, Answer(assignment=self._number(sent.assignment), **said))
        told = self._work(session_id, rater)
        if receipt.expected is not None and sent.verdict != "skip":
            told["feedback"] = self._feedback(receipt, sent, rater)
        return told

    def undo(self, session_id: int, sent: Sent) -> Told:
        """The rater's last item once more, to answer it otherwise; none after practice."""
        rater = self._rater(session_id, sent)
        last = assignments.previous_assignment(self._db, session_id, rater)
        told = self._work(session_id, rater)
        if last is None or last.purpose is Purpose.PRACTICE:
            return told | {"last": None}
        return told | {"last": self._shown(last)}

    def renew(self, session_id: int, sent: SentRenewal) -> Told:
        """Hold what the page has in hand: {renewed: the names that still are this rater's}."""
        rater = self._rater(session_id, sent)
        return {"state": "work", "renewed": [name for name in sent.assignments if self._renewed(name, rater)]}

    def _renewed(self, name: str, rater: str) -> bool:
        try:
            return assignments.renew(self._db, self._number(name), rater).outcome is Outcome.OPEN
        except StudioError as error:
            if error.key.startswith("session."):
                raise
            return False

    def _rater(self, session_id: int, sent: Sent) -> str:
        """Raises StudioError judging.key, .consent."""
        with refusals_kept(self._db, Attempt("key", STRANGER, session_id)):
            return self._known_rater(session_id, sent.key or "")

    def _rater_by(self, session_id: int, key: str) -> str:
        rater = entrance.rater_by(self._db, session_id, key)
        if rater is None:
            raise StudioError("judging.key")
        if not entrance.has_consented(self._db, session_id, rater):
            raise StudioError("judging.consent")
        return rater

    def _number(self, name: str) -> int:
        """The assignment of a sealed name; of a made-up one 0, which no assignment has: the store logs the attempt."""
        numbers = self._seals.open("assignment", name)
        return numbers[0] if numbers else 0

    def _work(self, session_id: int, rater: str) -> Told:
        """{state, item, ahead, count}: what to show, and what follows, for loading ahead."""
        about = self._about(session_id) | {"item": None, "ahead": None}
        if not self._copies.ready(session_id) and get_session(self._db, session_id).state is not SessionState.CLOSED:
            self._copies.prepare(session_id)
            return about | {"state": "preparing"}
        prefer = self._preference.order(session_id) if self._plan(session_id).choice == "active" else ()
        hand = assignments.next_two(self._db, session_id, rater, prefer=prefer)
        about["count"] = hand.answered
        if hand.now.assignment is None:
            return about | {"state": WAYS.get(hand.now.why or "", hand.now.why)}
        ahead = self._shown(hand.then) if hand.then else None
        return about | {"state": "work", "item": self._shown(hand.now.assignment), "ahead": ahead}

    def _shown(self, given: Assignment) -> Told:
        """An item as the page gets it."""
        item: Item = self._item(given.item)
        places = {shown.variant: place for place, shown in enumerate(item.pictures)}
        practice = None
        if given.purpose is Purpose.PRACTICE:
            plan = self._plan(given.session)
            practice = {"n": given.position + 1, "of": min(plan.practice, self._practice(given.session))}
        return {
            "id": self._seals.close("assignment", given.id),
            "text": item.text,
            "pictures": [self._address(given.id, given.session, given.item, places[id]) for id in given.order],
            "practice": practice,
        }

    def _address(self, assignment: int, session_id: int, item: int, place: int) -> str:
        """A name of its own for each showing: the same picture shown again has another."""
        return f"/judge/picture/{self._seals.close('picture', session_id, item, place, assignment)}"

    def _count_practice(self, session_id: int) -> int:
        return sum(item.purpose is Purpose.PRACTICE for item in items_of(self._db, session_id))

    def _feedback(self, receipt: answers.Receipt, sent: SentAnswer, rater: str) -> Told:
        """What most people see in a practice item, and which fault they see."""
        given = assignments.get_assignment(self._db, receipt.assignment, rater)
        item: Item = self._item(given.item)
        kind = SessionKind(self._plan(given.session).kind)
        expected = receipt.expected or 0
        right = abs((sent.stars or 0) - expected) <= 1 if kind is SessionKind.STARS else sent.place == expected
        fault = SPOILT_FAULT if any(shown.damaged for shown in item.pictures) else None
        return {"right": right, "expected": expected, "fault": fault}


def _both(zh: str, en: str) -> dict[str, str]:
    """A text for readers of either language; who wrote only one is read in that."""
    return {"zh": zh or en, "en": en or zh}
