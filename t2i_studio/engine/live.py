"""What is going on right now, shared between the engine's callers and its workers under one lock."""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from t2i_studio.domain import GenerationRequest, State, Variant
from t2i_studio.engine.costs import Costs, cost_key, steps_of
from t2i_studio.engine.queue import FairQueue, Item
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.jobs import finish_job

log = logging.getLogger(__name__)

GUESS = 1e-6
"""Seconds a step and pixel, to order the queue before anything has been measured."""


@dataclass
class LiveVariant:
    """A variant of an open job. version counts its previews."""

    id: int
    index: int
    seed: int
    steps: int
    state: State = State.WAITING
    step: int = 0
    version: int = 0
    preview: bytes | None = None
    image: str | None = None


@dataclass
class LiveJob:
    """An open job of this process. variants: those not finished before, by id."""

    id: int
    request: GenerationRequest
    variants: dict[int, LiveVariant]
    claimed: bool = False
    cancelled: bool = False

    @property
    def open(self) -> bool:
        return any(variant.state in (State.WAITING, State.RUNNING) for variant in self.variants.values())


@dataclass
class Question:
    """Somebody asks why a finished variant looks as it does. done: 0–1. error: why there will be no answer."""

    variant: Variant
    state: State = State.WAITING
    done: float = 0.0
    error: StudioError | None = None


@dataclass
class Board:
    """Queue, open jobs and open questions. Take `lock` around everything here.

    unsettled: how jobs ended that the store could not be told of, a full disk say. They are not open.
    questions: by variant, in the order asked; those with an error stay until they are asked again.
    """

    costs: Costs
    lock: threading.Condition = field(default_factory=threading.Condition)
    queue: FairQueue = field(default_factory=FairQueue)
    jobs: dict[int, LiveJob] = field(default_factory=dict)
    running: list[Item] = field(default_factory=list)
    unsettled: dict[int, tuple[State, StudioError]] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)
    closed: bool = False
    _question_due: bool = True

    def add(self, job: LiveJob) -> None:
        """Put a job's variants in the queue."""
        request = job.request
        steps = steps_of(request)
        guess = GUESS * steps * (request.width or 1) * (request.height or 1)
        cost = max(1e-6, self.costs.seconds(cost_key(request), steps) or guess)
        told = {"text": request.prompt.text, "marks": (), "preset": None, "market": None}  # no part of the picture
        key = request.model_copy(update={"seed": 0, "variants": 1, "user": ""} | told)
        with self.lock:
            self.jobs[job.id] = job
            self.queue.add(
                Item(variant.id, job.id, request.user, cost, key.model_dump_json()) for variant in job.variants.values()
            )
            self.lock.notify_all()

    def take(self) -> Item | Question | None:
        """The next thing to do, waiting for one: variants and questions in turn. None when the board is closed."""
        with self.lock:
            while not self.closed:
                asked = next((one for one in self.questions.values() if one.state is State.WAITING), None)
                if asked and (self._question_due or not len(self.queue)):
                    asked.state, self._question_due = State.RUNNING, False
                    return asked
                if item := self.queue.take():
                    self._question_due = True
                    self._run([item])
                    return item
                self.lock.wait()
            return None

    def ask(self, variant: Variant) -> None:
        """Put a question in line, unless it is there already."""
        with self.lock:
            old = self.questions.get(variant.id)
            if old is None or old.error:
                self.questions.pop(variant.id, None)
                self.questions[variant.id] = Question(variant)
                self.lock.notify_all()

    def answered(self, question: Question, error: StudioError | None = None) -> None:
        """Take a question off the board; with an error, leave it there as failed."""
        with self.lock:
            if error:
                question.state, question.error = State.FAILED, error
            elif self.questions.get(question.variant.id) is question:
                self.questions.pop(question.variant.id)
            self.lock.notify_all()

    def withdraw(self, variant_id: int) -> None:
        """Nobody wants to know any more; a worker at it stops after its next word."""
        with self.lock:
            self.questions.pop(variant_id, None)

    def wanted(self, question: Question) -> bool:
        with self.lock:
            return not self.closed and self.questions.get(question.variant.id) is question

    def take_like(self, first: Item, count: int) -> list[Item]:
        """Up to `count` further items that may be made together with one just taken."""
        with self.lock:
            items = self.queue.take_like(first, count)
            self._run(items)
            return items

    def _run(self, items: list[Item]) -> None:
        self.running += items
        for item in items:
            self.variant(item).state = State.RUNNING

    def variant(self, item: Item) -> LiveVariant:
        return self.jobs[item.job].variants[item.variant]

    def step(self, items: Iterable[Item], number: int, previews: Iterable[bytes | None]) -> None:
        """Record a step taken for some variants."""
        with self.lock:
            for item, picture in zip(items, previews, strict=True):
                variant = self.variant(item)
                variant.step = number
                if picture is not None:
                    variant.preview, variant.version = picture, variant.version + 1
            self.lock.notify_all()

    def end(self, item: Item, state: State, image: str | None = None) -> None:
        """Record how a running variant ended."""
        with self.lock:
            variant = self.variant(item)
            variant.state, variant.image = state, image
            if item in self.running:
                self.running.remove(item)
            self.lock.notify_all()

    def cancel(self, job: int) -> None:
        """Take a job's waiting variants out of the queue; a running one stops at its next step."""
        with self.lock:
            if job in self.jobs:
                self.jobs[job].cancelled = True
                for item in self.queue.discard(job):
                    self.variant(item).state = State.CANCELLED
                self.lock.notify_all()

    def fail(self, job: int) -> None:
        """Take a job's waiting variants out of the queue for good."""
        with self.lock:
            for item in self.queue.discard(job):
                self.variant(item).state = State.FAILED

    def stopping(self, items: Iterable[Item]) -> bool:
        """Whether a worker should stop what it does for these items."""
        with self.lock:
            return self.closed or all(self.jobs[item.job].cancelled for item in items)

    def ahead(self, job: int) -> int:
        """Other jobs of which a variant is made before the first of this one's."""
        with self.lock:
            if any(item.job == job for item in self.running):
                return 0
            others = {item.job for item in self.running}
            for item in self.queue.order():
                if item.job == job:
                    break
                others.add(item.job)
            return len(others)

    def seconds_left(self, job: int, workers: int) -> float | None:
        """Until the last variant of the job is made, by measured costs; None while one of them is unknown."""
        with self.lock:
            order = self.queue.order()
            last = max((place for place, item in enumerate(order) if item.job == job), default=-1)
            before = self.running if last >= 0 else [item for item in self.running if item.job == job]
            total = 0.0
            for item in [*before, *order[: last + 1]]:
                request, variant = self.jobs[item.job].request, self.variant(item)
                cost = self.costs.seconds(cost_key(request), variant.steps - variant.step)
                if cost is None:
                    return None
                total += cost
            return total / workers

    def wait_for(self, job: int, seconds: float | None) -> None:
        """Until the job is off the board, or the time is over."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with self.lock:
            while job in self.jobs:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                self.lock.wait(left)


def new_live_job(job: int, request: GenerationRequest, variants: Iterable[tuple[int, int]]) -> LiveJob:
    """variants: (id, index) of those to be made."""
    steps = steps_of(request)
    return LiveJob(
        job,
        request,
        {number: LiveVariant(number, index, request.seed_of(index), steps) for number, index in variants},
    )


def settle(board: Board, db: Database, number: int, error: StudioError | None = None) -> None:
    """End a job in the store, and take it off the board, once nothing of it is left to do. An error ends it
    at once. Where the store cannot be written, the board remembers, and the next call tries again.
    """
    settle_late(board, db)
    if error:
        board.fail(number)
    with board.lock:
        job = board.jobs.get(number)
        if job is None or job.open:
            return
        states = {variant.state for variant in job.variants.values()}
    state = State.FAILED if error else State.DONE if states == {State.DONE} else State.CANCELLED
    fault = None
    try:
        finish_job(db, number, state, error)
    except Exception as problem:  # whatever it is, those who wait must hear of it
        log.exception("the end of job %s could not be stored", number)
        fault = problem if isinstance(problem, StudioError) else StudioError("engine.failed", reason=problem)
    with board.lock:
        if fault:
            board.unsettled[number] = (State.FAILED, error or fault)
        board.jobs.pop(number, None)
        board.lock.notify_all()


def refuse(board: Board, db: Database, error: StudioError) -> None:
    """End every job with an error, until the board is closed."""
    while taken := board.take():
        if isinstance(taken, Question):
            board.answered(taken, error)
        else:
            board.end(taken, State.FAILED)
            settle(board, db, taken.job, error)


def settle_late(board: Board, db: Database) -> None:
    """Tell the store of the jobs it could not be told of before, as far as it can be written now."""
    for number, (state, error) in list(board.unsettled.items()):
        try:
            finish_job(db, number, state, error)
        except Exception:
            return
        with board.lock:
            board.unsettled.pop(number, None)
