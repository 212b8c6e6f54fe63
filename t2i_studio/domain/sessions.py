"""Feedback sessions: what an organiser plans, what is handed to raters, and what they answer.

A session shows *items* (one, two or four pictures of one description) to raters. Each showing is an *assignment*
with a lease; an assignment ends in a judgement (a rating or a comparison), a skip, or an expired lease.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from t2i_studio.domain.learning import Judgement
from t2i_studio.domain.noun import Noun, check_number, check_text

MAX_SESSION_NAME = 200
MAX_EXAMPLES = 8
MAX_EXAMPLE = 300
MAX_OVERLAP = 100
MAX_ITEMS = 100_000


class SessionKind(StrEnum):
    """What a rater is asked."""

    STARS = "stars"
    PAIRS = "pairs"
    BEST_OF_FOUR = "best-of-four"

    @property
    def pictures(self) -> int:
        """How many pictures an item of this kind shows."""
        return {SessionKind.STARS: 1, SessionKind.PAIRS: 2, SessionKind.BEST_OF_FOUR: 4}[self]


class SessionState(StrEnum):
    """A closed session takes no answers and is never opened again; a paused one may go on."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Entry(StrEnum):
    """Who may enter: whoever has the link, each person by a link of their own, or the link and a code."""

    LINK = "link"
    NAMED = "named"
    CODE = "code"


class Purpose(StrEnum):
    """Why an item is shown to a rater: to learn the task, to judge it, to check the rater against a known answer, or
    to check the rater against their own earlier answer (sides swapped). Raters are not told which.
    """

    PRACTICE = "practice"
    JUDGED = "judged"
    KNOWN = "known"
    REPEAT = "repeat"


class Outcome(StrEnum):
    """What became of an assignment; OPEN while its lease runs."""

    OPEN = "open"
    ANSWERED = "answered"
    SKIPPED = "skipped"
    EXPIRED = "expired"


class Example(Noun):
    """A picture in the guideline, as good or as bad work, and why."""

    variant: int
    good: bool
    zh: str = ""
    en: str = ""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        for text in (self.zh, self.en):
            check_number("example length", len(check_text(text, empty_ok=True)), 0, MAX_EXAMPLE)
        return self


class Guideline(Noun):
    """What raters are told to look for, in both languages; an empty text leaves the studio's standard one."""

    zh: str = ""
    en: str = ""
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _rules(self) -> Self:
        for text in (self.zh, self.en):
            check_text(text, empty_ok=True)
        check_number("examples", len(self.examples), 0, MAX_EXAMPLES)
        return self


class Shown(Noun):
    """A picture of an item. source: name of what is compared (a model, an adapter, a preset), or None where every
    picture stands for itself. damaged: shown with its pixels spoilt, as the wrong choice of a known-answer item.
    """

    variant: int
    source: str | None = None
    damaged: bool = False


class NewItem(Noun):
    """An item to be judged, or with `expected` one whose answer is known.

    text: the description that all its pictures were made from, which raters read. expected: place in `pictures` of
    the right choice; of a single picture, the right number of stars.
    """

    text: str
    pictures: tuple[Shown, ...]
    purpose: Literal[Purpose.JUDGED, Purpose.KNOWN, Purpose.PRACTICE] = Purpose.JUDGED
    expected: int | None = None


class SessionPlan(Noun):
    """What the organiser decided.

    overlap: judgements for each item, exactly. budget: how many of the items are judged at all (None: each); with
    choice "active" those are opened first that tell most about the ranking. known_share, repeat_share: parts of what a
    rater sees that have a known answer or are a swapped repeat. lease: seconds a rater may hold an item.
    """

    name: str
    kind: SessionKind
    guideline: Guideline = Guideline()
    overlap: int = 3
    budget: int | None = None
    choice: Literal["even", "active"] = "even"
    known_share: float = 0.1
    repeat_share: float = 0.05
    practice: int = 3
    entry: Entry = Entry.LINK
    code: str | None = None
    lease: int = 600
    seed: int = 0
    user: str = "local"

    @model_validator(mode="after")
    def _rules(self) -> Self:
        check_number("name length", len(check_text(self.name)), 1, MAX_SESSION_NAME)
        for name, value, low, high in (
            ("overlap", self.overlap, 1, MAX_OVERLAP),
            ("budget", self.budget if self.budget is not None else 1, 1, MAX_ITEMS),
            ("known_share", self.known_share, 0, 0.5),
            ("repeat_share", self.repeat_share, 0, 0.5),
            ("practice", self.practice, 0, 10),
            ("lease", self.lease, 30, 86_400),
        ):
            check_number(name, value, low, high)
        return self


class FeedbackSession(Noun):
    """A session as kept."""

    id: int
    plan: SessionPlan
    state: SessionState
    created: datetime
    closed: datetime | None = None


class Item(Noun):
    """An item as kept. opened: whether it may be handed out for judging (active choice opens them one by one).
    answers: judgements it has, at most the session's overlap.
    """

    id: int
    session: int
    purpose: Purpose
    text: str
    pictures: tuple[Shown, ...]
    expected: int | None = None
    opened: bool = True
    answers: int = 0


class Assignment(Noun):
    """An item handed to a rater. order: its variants as shown, left to right. repeat_of: the rater's earlier
    assignment of the same item, for a swapped repeat. position: the how-manieth of this rater, from 0.
    """

    id: int
    session: int
    item: int
    rater: str
    position: int
    purpose: Purpose
    repeat_of: int | None = None
    order: tuple[int, ...]
    outcome: Outcome = Outcome.OPEN
    lease_until: datetime
    shown: datetime
    ended: datetime | None = None
    skip_reason: str | None = None


class Answer(Noun):
    """What a rater sends for an assignment. nonce: the page's own mark of this answer; sent again, it counts once.

    verdict "chosen" has `place` (of the choice, as shown, from 0); "tie" and "bad" (all of them are) have none;
    "stars" has stars and perhaps faults; "skip" has skip_reason. An answer to an assignment that already has one is a
    revision: the newest counts, all are kept. active_ms: time the page was in sight; wall_ms: from shown to answered.
    """

    assignment: int
    nonce: str
    verdict: Literal["chosen", "tie", "bad", "stars", "skip"]
    place: int | None = None
    stars: int | None = None
    faults: tuple[str, ...] = ()
    comment: str = ""
    skip_reason: str | None = None
    active_ms: int | None = None
    wall_ms: int | None = None
    zoomed: bool = False


class Vote(Noun):
    """A judgement of a session with all that statistics need: the newest revision of an answered assignment.

    sources, variants: as shown, left to right; a picture that stands for itself has the source `#` and its number.
    chosen: place of the choice, None for a tie or when all are bad (`bad`) or where stars were asked. expected: place
    as shown (or stars) of the known answer. repeat_of: assignment that this one repeats. style: the levels that the
    style controls were at, by control, where one picture was shown. excluded: the organiser took this rater out.
    judgement: the row that it was read from, None for a vote that no store holds.
    """

    assignment: int
    item: int
    rater: str
    purpose: Purpose
    position: int
    prompt: str
    sources: tuple[str, ...]
    variants: tuple[int, ...]
    chosen: int | None = None
    bad: bool = False
    stars: int | None = None
    faults: tuple[str, ...] = ()
    comment: str = ""
    expected: int | None = None
    repeat_of: int | None = None
    active_ms: int | None = None
    wall_ms: int | None = None
    style: dict[str, int] = Field(default_factory=dict)
    created: datetime
    excluded: bool = False
    judgement: Judgement | None = None


class Comparison(Noun):
    """Pictures compared by a rater: in a session (assignment) or in the studio itself (None).

    shown: variants as shown, left to right. winner None: a tie, or with `bad` all of them are.
    """

    id: int
    rater: str
    assignment: int | None = None
    shown: tuple[int, ...]
    winner: int | None = None
    bad: bool = False
    comment: str = ""
    created: datetime


class AuditEntry(Noun):
    """Something that was done to a session, or refused."""

    id: int
    session: int | None
    actor: str = Field(description="organiser, a rater's id, or the studio")
    action: str
    details: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    created: datetime
