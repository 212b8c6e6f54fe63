"""Best first on the pages: a finished batch, and the gallery, in the order of the learnt taste.

Looking at pictures and learning take a second or more, so they run on a thread of their own; a page asks, gets a
ticket, and asks again with it. Nothing else waits, and what a page shows changes once, when all is there.
"""

import itertools
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from typing_extensions import Unpack

from t2i_studio.domain import Variant
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning.features import AT_ONCE
from t2i_studio.learning.ranking import Place, Taste, Tastes
from t2i_studio.learning.taste_words import reason, sureness
from t2i_studio.store import variants
from t2i_studio.store.database import Database
from t2i_studio.store.jobs import OPEN, get_job
from t2i_studio.ui import desk
from t2i_studio.ui.desk import Answer
from t2i_studio.ui.studio import Studio, Visitor

log = logging.getLogger(__name__)
BY_TASTE = "taste"
"""The gallery's sort order; the store knows no such thing."""
MOST = 1000
"""Of the pictures found, so many of the newest are put in order."""
KEPT = 64


@dataclass(frozen=True)
class Found:
    """What became of a question: places best first, by a taste."""

    taste: Taste
    places: tuple[Place, ...]


@dataclass
class Question:
    """asked: of how many pictures. looked: how many have been looked at."""

    asked: int
    looked: int = 0
    future: Future[Found] = field(default_factory=Future)


class Ranker:
    """Answers questions of a home's pages one after another; remembers the newest KEPT."""

    def __init__(self, studio: Studio) -> None:
        self.tastes = Tastes(studio.db, studio.settings)
        self._room = ThreadPoolExecutor(1, "best first")
        self._questions: OrderedDict[int, Question] = OrderedDict()
        self._tickets = itertools.count(1)
        self._guard = threading.Lock()

    def ask(self, model: str, pictures: Sequence[Variant]) -> int:
        """The ticket of a new question: these pictures by the taste of that model."""
        question = Question(len(pictures))
        with self._guard:
            ticket = next(self._tickets)
            self._questions[ticket] = question
            while len(self._questions) > KEPT:
                self._questions.popitem(last=False)
        self._room.submit(self._answer, question, model, pictures)
        return ticket

    def question(self, ticket: int | None) -> Question | None:
        """None where it is not known (any more)."""
        with self._guard:
            return self._questions.get(ticket or 0)

    def close(self) -> None:
        self._room.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: Question, model: str, pictures: Sequence[Variant]) -> None:
        try:
            taste = self.tastes.taste(model)
            for start in range(0, len(pictures), AT_ONCE):
                self.tastes.ranked(taste, pictures[start : start + AT_ONCE])
                question.looked = min(start + AT_ONCE, len(pictures))
            question.future.set_result(Found(taste, self.tastes.ranked_so_far(taste, pictures)))
        except StudioError as error:
            question.future.set_exception(error)
        except Exception as unknown:  # an order is a comfort: its faults are for the log, the page goes on without
            log.exception("variants could not be put best first")
            told = f"{type(unknown).__name__}: {unknown}"
            question.future.set_exception(StudioError("system.fault", reason=told))


_rankers: dict[int, Ranker] = {}
"""By the database's identity."""
_guard = threading.Lock()


def ranker(studio: Studio) -> Ranker:
    with _guard:
        if id(studio.db) not in _rankers:
            _rankers[id(studio.db)] = Ranker(studio)
        return _rankers[id(studio.db)]


def stop(db: Database) -> None:
    """End the thread of a studio that is being closed."""
    with _guard:
        mine = _rankers.pop(id(db), None)
    if mine is not None:
        mine.close()


def best_first(studio: Studio, visitor: Visitor, *, job: int, ticket: int | None = None) -> Answer:
    """A finished batch best first. state: working (ask again with `ticket`), ready, or none with the sentence why.

    Without a ticket the ratings are looked at anew, so that a page that is opened later knows those given since.
    """
    batch = get_job(studio.db, job)
    question = ranker(studio).question(ticket)
    if question is None:
        if batch.state in OPEN:
            return {"state": "none", "sentence": ""}
        made = [v for v in variants.get_variants(studio.db, batch.variants) if v.image and not v.deleted]
        if len(made) < 2:
            return {"state": "none", "sentence": ""}
        ticket = ranker(studio).ask(batch.request.model, made)
        question = ranker(studio).question(ticket)
    assert question is not None
    return _told(question, visitor, ticket)


def _told(question: Question, visitor: Visitor, ticket: int | None) -> Answer:
    if not question.future.done():
        return {"state": "working", "ticket": ticket, "looked": question.looked, "of": question.asked}
    if (error := question.future.exception()) is not None:
        return {"state": "none", "sentence": _sentence(error, visitor)}
    found = question.future.result()
    language = visitor.language
    return {
        "state": "ready",
        "order": [place.variant for place in found.places],
        "chances": {str(place.variant): round(place.probability, 3) for place in found.places},
        "reason": reason(found.taste.leanings, language),
        "sure": sureness(found.taste.reward, language),
        "of": question.asked,
    }


def _sentence(error: BaseException, visitor: Visitor) -> str:
    return error.sentence(visitor.language) if isinstance(error, StudioError) else str(error)


def find(
    studio: Studio, visitor: Visitor, *, sort: str = "newest", after: str | None = None, ticket: int | None = None,
    **filters: Unpack[desk.Filters],
) -> Answer:  # fmt: skip
    """A page of the gallery, as `desk.find`. By taste, the newest MOST that were found are put in order; `taste` tells
    how far that is (as `best_first`), and until it is done, or where it cannot be, the newest come first.
    """
    if sort != BY_TASTE:
        return desk.find(studio, visitor, sort=sort, after=after, **filters)
    if after is not None and after.startswith(f"{BY_TASTE}."):
        return _further(studio, after)
    newest = desk.find(studio, visitor, sort="newest", after=after, **filters)
    if after is not None:
        return newest
    question = ranker(studio).question(ticket)
    if question is None:
        model = filters.get("model") or find_model(studio.settings, studio.settings.model).name
        ticket = ranker(studio).ask(model, _newest(studio.db, desk.query_of("newest", filters)))
        question = ranker(studio).question(ticket)
    assert question is not None
    told = _told(question, visitor, ticket)
    if told["state"] != "ready":
        return newest | {"taste": told}
    return _page(studio, told["order"], 0, ticket or 0, newest["total"]) | {"taste": {**told, "order": []}}


def _newest(db: Database, query: variants.VariantQuery) -> list[Variant]:
    found: list[Variant] = []
    after: str | None = None
    while len(found) < MOST:
        page = variants.search(db, query, after, min(variants.MAX_PAGE, MOST - len(found)))
        found += page.items
        if (after := page.next) is None:
            break
    return found


def _further(studio: Studio, after: str) -> Answer:
    numbers = after.split(".")[1:]
    if len(numbers) != 3 or not all(number.isdecimal() and len(number) < 18 for number in numbers):
        raise StudioError("search.page", page=after[:40])
    ticket, start, total = map(int, numbers)
    question = ranker(studio).question(ticket)
    if question is None or not question.future.done() or question.future.exception() is not None:
        raise StudioError("search.page", page=after[:40])
    return _page(studio, [place.variant for place in question.future.result().places], start, ticket, total)


def _page(studio: Studio, order: Sequence[int], start: int, ticket: int, total: int) -> Answer:
    shown = order[start : start + desk.PAGE]
    there = [v for v in variants.get_variants(studio.db, shown) if not v.deleted]
    end = start + desk.PAGE
    return {
        "cards": [desk.card(v) for v in there],
        "next": f"{BY_TASTE}.{ticket}.{end}.{total}" if end < len(order) else None,
        "total": total,
    }
