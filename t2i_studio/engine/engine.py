"""The engine as its callers see it. Nothing here loads a model or waits for one: workers do, in their own
threads.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image
from pydantic import BaseModel, ConfigDict

from t2i_studio.domain import GenerationRequest, Job, State
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.costs import Costs, steps_of
from t2i_studio.engine.explanation import Explanation, explanation_path
from t2i_studio.engine.live import Board, new_live_job, refuse, settle, settle_late
from t2i_studio.engine.process import prepare_process
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store import grids, images, jobs
from t2i_studio.store.database import Database
from t2i_studio.store.grids import StoredGrid
from t2i_studio.store.variants import get_variant, get_variants

log = logging.getLogger(__name__)

POLL = 0.2
"""Seconds between looks at a job of another process."""
CLOSING = 30.0
"""Seconds that closing waits for a worker to finish its step."""


class VariantStatus(BaseModel):
    """step of steps are done; preview counts the previews so far (0: none); image: content hash once done."""

    model_config = ConfigDict(frozen=True)

    id: int
    index: int
    state: State
    step: int
    steps: int
    preview: int
    image: str | None


class JobStatus(BaseModel):
    """ahead: jobs that come before it. seconds_left: None when it is not known."""

    model_config = ConfigDict(frozen=True)

    job: int
    state: State
    ahead: int
    seconds_left: float | None
    variants: tuple[VariantStatus, ...]
    error: dict[str, Any] | None


class ExplanationStatus(BaseModel):
    """state: None while nobody has asked. done: 0–1. told: the explanation once state is DONE."""

    model_config = ConfigDict(frozen=True)

    state: State | None
    done: float = 0.0
    told: Explanation | None = None
    error: dict[str, Any] | None = None


class Engine:
    """Takes requests, makes pictures in the background, tells how far it is."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._settings = db, settings
        self._board = Board(Costs(db.home / "cache" / "costs.json"))
        self._workers: list[threading.Thread] = []
        self._starter = threading.Thread(target=self._start_workers, name="engine start", daemon=True)

    def start(self) -> None:
        """Start the workers in the background; the configured model loads at once, where it needs no
        download.
        """
        jobs.mark_interrupted(self._db)
        self._starter.start()

    def close(self) -> None:
        """Stop at the next step. What is unfinished is left as interrupted and can be resumed."""
        with self._board.lock:
            self._board.closed = True
            self._board.lock.notify_all()
        for thread in (self._starter, *self._workers):
            if thread.is_alive():
                thread.join(CLOSING)
        settle_late(self._board, self._db)
        for number in list(self._board.jobs):
            jobs.finish_job(self._db, number, State.INTERRUPTED)
            self._board.jobs.pop(number)
        self._board.costs.save()

    def check(self, request: GenerationRequest) -> GenerationRequest:
        """The request as it would be stored: with its model's defaults filled in.

        Raises StudioError for all that the model cannot do (see `acceptance.accept`), image.unknown.
        """
        card = find_model(self._settings, request.model)
        return accept(request, card, self._start_size(request))

    def submit(self, request: GenerationRequest) -> Job:
        """Store a request as a job and queue it. Raises StudioError as `check` does, variant.unknown."""
        job = jobs.enqueue(self._db, self.check(request))
        self._queue(job, [(number, index) for index, number in enumerate(job.variants)])
        return job

    def submit_grid(self, axes: Sequence[dict[str, Any]], requests: Sequence[GenerationRequest]) -> StoredGrid:
        """Store and queue a job for each cell of a grid, all or none. Raises StudioError as `submit` does."""
        grid = grids.enqueue_grid(self._db, axes, [self.check(request) for request in requests])
        for job in grid.jobs:
            self._queue(job, [(number, index) for index, number in enumerate(job.variants)])
        return grid

    def take(self, job_ids: Sequence[int]) -> None:
        """Queue jobs of this process that are stored already. Raises StudioError job.unknown."""
        for job_id in job_ids:
            job = jobs.get_job(self._db, job_id)
            self._queue(job, [(number, index) for index, number in enumerate(job.variants)])

    def cancel(self, job_id: int) -> None:
        """Stop a job at its next step; finished variants stay. Raises StudioError job.unknown."""
        jobs.request_cancel(self._db, job_id)
        self._board.cancel(job_id)
        settle(self._board, self._db, job_id)

    def resume(self, job_id: int) -> Job:
        """Queue the unfinished variants of a stopped job again. Raises StudioError job.unknown,
        job.not_resumable.
        """
        settle_late(self._board, self._db)
        job = jobs.resume(self._db, job_id)
        rows = get_variants(self._db, job.variants)
        self._queue(job, [(row.id, row.index) for row in rows if row.state is State.WAITING])
        return job

    def status(self, job_id: int) -> JobStatus:
        """How far a job is; of another process's job, what the store knows. Raises StudioError
        job.unknown.
        """
        job = jobs.get_job(self._db, job_id)
        rows = get_variants(self._db, job.variants)
        steps = steps_of(job.request)
        with self._board.lock:
            live = self._board.jobs.get(job_id)
            late = self._board.unsettled.get(job_id)
            seen = {} if live is None else {number: vars(variant) for number, variant in live.variants.items()}
        variants = []
        for row in rows:
            done = row.state is State.DONE
            stored = {
                "step": steps if done else 0,
                "steps": steps,
                "version": 0,
                "state": row.state,
                "image": row.image,
            }
            now = stored if done else seen.get(row.id, stored)
            variants.append(
                VariantStatus(
                    id=row.id,
                    index=row.index,
                    state=now["state"],
                    step=now["step"],
                    steps=now["steps"],
                    preview=now["version"],
                    image=now["image"],
                )
            )
        return JobStatus(
            job=job_id,
            state=late[0] if late else job.state,
            ahead=self._board.ahead(job_id) if live else 0,
            seconds_left=self._board.seconds_left(job_id, max(1, len(self._workers))) if live else None,
            variants=tuple(variants),
            error={"key": late[1].key, "params": late[1].params} if late else job.error,
        )

    def preview(self, variant_id: int) -> bytes | None:
        """The newest step of a variant in the making as a small JPEG."""
        with self._board.lock:
            for job in self._board.jobs.values():
                if variant_id in job.variants:
                    return job.variants[variant_id].preview
        return None

    def explain(self, variant_id: int) -> None:
        """Ask which regions of a picture answered to which word; `explanation` tells how far that is. Raises
        StudioError variant.unknown, explain.unfinished.
        """
        variant = get_variant(self._db, variant_id)
        if variant.image is None:
            raise StudioError("explain.unfinished", variant=variant_id)
        if Explanation.kept_at(explanation_path(self._db.home, variant)) is None:
            self._board.ask(variant)

    def stop_explaining(self, variant_id: int) -> None:
        """Take the question of `explain` back; of no effect where there is none."""
        self._board.withdraw(variant_id)

    def explanation(self, variant_id: int) -> ExplanationStatus:
        """Raises StudioError variant.unknown."""
        variant = get_variant(self._db, variant_id)
        with self._board.lock:
            question = self._board.questions.get(variant_id)
            if question is not None:
                error = question.error and {"key": question.error.key, "params": question.error.params}
                return ExplanationStatus(state=question.state, done=question.done, error=error)
        told = Explanation.kept_at(explanation_path(self._db.home, variant))
        return ExplanationStatus(state=State.DONE if told else None, done=float(told is not None), told=told)

    def wait(self, job_id: int, timeout: float | None = None) -> JobStatus:
        """The job's status once it has ended, or when `timeout` seconds are over."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        self._board.wait_for(job_id, timeout)
        while (status := self.status(job_id)).state in jobs.OPEN and time.monotonic() < deadline:
            time.sleep(POLL)  # another process's
        return status

    def _start_size(self, request: GenerationRequest) -> tuple[int, int] | None:
        if request.init_image is None:
            return None
        with Image.open(images.image_path(self._db, request.init_image)) as picture:
            return picture.size

    def _queue(self, job: Job, variants: list[tuple[int, int]]) -> None:
        self._board.add(new_live_job(job.id, job.request, variants))

    def _start_workers(self) -> None:
        prepare_process()
        try:
            from t2i_studio.engine import worker  # loads torch, which takes seconds
        except Exception as error:  # a broken installation; without a word, jobs would wait for ever
            log.exception("the engine cannot start")
            refuse(self._board, self._db, StudioError("engine.failed", reason=f"{type(error).__name__}: {error}"))
            return
        self._workers = worker.start_workers(self._board, self._db, self._settings)
