"""The queue's rows: a job and its variants exist before anything runs, and outlive whatever stops them.

A job belongs to the process that answers for it (`owner`). When that process is gone, its unfinished jobs are
marked as interrupted and any process may resume them; finished variants are never touched.
"""

import hashlib
import os
import socket
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache

import psutil
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from t2i_studio.domain import GenerationRequest, Job, Origin, State, check_number
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.images import image_path
from t2i_studio.store.models import BriefRow, JobRow, JobWordRow, VariantRow, now
from t2i_studio.store.words import index_words

OPEN = (State.WAITING, State.RUNNING)
FOREIGN_SILENCE = timedelta(minutes=15)
"""A process of another machine cannot be looked up; silent for so long, it counts as gone."""


@cache
def this_process() -> str:
    """Owner name of this process: host, pid and start time (pids are used again)."""
    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_gone(owner: str, touched: datetime) -> bool:
    """Whether the process of this name, last heard of at `touched`, works no more."""
    host, pid, start = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return now() - touched > FOREIGN_SILENCE
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(start)) > 1
    except psutil.NoSuchProcess:
        return True


def enqueue(db: Database, request: GenerationRequest) -> Job:
    """Store a job of this process with its waiting variants, in one transaction.

    Raises StudioError variant.unknown (no such parent), image.unknown (no such starting picture or mask).
    """
    check_pictures(db, request)
    with db.write() as session:
        return to_job(add_job(session, request))


def check_pictures(db: Database, request: GenerationRequest) -> None:
    """Raises StudioError image.unknown unless the request's starting picture and mask are kept."""
    for sha in filter(None, (request.init_image, request.mask)):
        image_path(db, sha)


def add_job(session: Session, request: GenerationRequest) -> JobRow:
    """The rows of a job and its waiting variants. Raises StudioError variant.unknown (no such parent)."""
    if request.parent is not None:
        _variant(session, request.parent)
    job = JobRow(
        brief_id=_brief(session, request.text).id,
        user=request.user,
        state=State.WAITING,
        request=request.model_dump(mode="json"),
        init_image=request.init_image,
        mask=request.mask,
        owner=this_process(),
    )
    job.variants = [
        VariantRow(
            index=index,
            state=State.WAITING,
            seed=request.seed_of(index),
            model=request.model,
            derivation=request.derivation,
            parent_id=request.parent,
        )
        for index in range(request.variants)
    ]
    session.add(job)
    session.flush()
    words = index_words(f"{request.text}\n{request.prompt.text}")
    session.add_all(JobWordRow(word=word, job_id=job.id) for word in words)
    return job


def _brief(session: Session, text: str) -> BriefRow:
    digest = hashlib.sha256(text.encode()).hexdigest()
    brief = session.scalar(select(BriefRow).where(BriefRow.digest == digest))
    if brief is None:
        brief = BriefRow(text=text, digest=digest)
        session.add(brief)
        session.flush()
    return brief


def to_job(job: JobRow) -> Job:
    return Job(
        id=job.id,
        state=State(job.state),
        request=GenerationRequest.model_validate(job.request),
        variants=tuple(variant.id for variant in job.variants),
        error=job.error,
        created=job.created,
    )


def _job(session: Session, job_id: int) -> JobRow:
    return get_row(session, JobRow, job_id, "job.unknown")


def _variant(session: Session, variant_id: int) -> VariantRow:
    return get_row(session, VariantRow, variant_id, "variant.unknown")


def get_job(db: Database, job_id: int) -> Job:
    """Raises StudioError job.unknown."""
    with db.read() as session:
        return to_job(_job(session, job_id))


def list_jobs(db: Database, states: Collection[State] = (), user: str | None = None, limit: int = 50) -> list[Job]:
    """Newest first; of any state and user when not said. Raises StudioError number.range (limit 1–1000)."""
    check_number("limit", limit, 1, 1000)
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if states:
        query = query.where(JobRow.state.in_(states))
    if user is not None:
        query = query.where(JobRow.user == user)
    with db.read() as session:
        return [to_job(job) for job in session.scalars(query)]


def claim(db: Database, job_id: int) -> Job | None:
    """Start a waiting job in this process; None when it waits no longer (cancelled, or claimed elsewhere)."""
    with db.write() as session:
        job = _job(session, job_id)
        if job.state != State.WAITING:
            return None
        job.state, job.owner, job.touched = State.RUNNING, this_process(), now()
        return to_job(job)


def start_variant(db: Database, variant_id: int) -> None:
    """Mark a waiting variant as running; one that is finished or ended stays so."""
    with db.write() as session:
        variant = _variant(session, variant_id)
        if variant.state == State.WAITING:
            variant.state, variant.job.touched = State.RUNNING, now()


def finish_variant(db: Database, variant_id: int, image: str, origin: Origin) -> None:
    """Give a variant its picture (a kept picture's hash) for good; repeating the same is harmless.

    Raises StudioError image.unknown (no such picture kept), ValueError when the variant has another one.
    """
    image_path(db, image)
    with db.write() as session:
        variant = _variant(session, variant_id)
        if variant.image not in (None, image):
            raise ValueError(f"variant {variant_id} already has a picture")
        variant.image, variant.state = image, State.DONE
        variant.origin = origin.model_dump(mode="json")
        variant.job.touched = now()


def end_variant(db: Database, variant_id: int, state: State) -> None:
    """End an unfinished variant without a picture; a finished one stays finished. state: any but DONE."""
    if state is State.DONE:
        raise ValueError("a variant is done only with a picture: finish_variant")
    with db.write() as session:
        variant = _variant(session, variant_id)
        if variant.state != State.DONE:
            variant.state, variant.job.touched = state, now()


def finish_job(db: Database, job_id: int, state: State, error: StudioError | None = None) -> Job:
    """End a job, its open variants likewise. Raises ValueError for DONE while a variant is unfinished."""
    with db.write() as session:
        job = _job(session, job_id)
        unfinished = [variant for variant in job.variants if variant.state != State.DONE]
        if state is State.DONE and unfinished:
            raise ValueError(f"job {job_id} has {len(unfinished)} unfinished variants")
        _end(job, state)
        job.error = {"key": error.key, "params": error.params} if error else None
        return to_job(job)


def _end(job: JobRow, state: State) -> None:
    for variant in job.variants:
        if variant.state in (*OPEN, State.INTERRUPTED):
            variant.state = state
    job.state, job.touched = state, now()


def request_cancel(db: Database, job_id: int) -> Job:
    """Cancel a waiting or interrupted job at once, ask a running one to stop at its next step, leave others alone."""
    with db.write() as session:
        job = _job(session, job_id)
        if job.state in (State.WAITING, State.INTERRUPTED):
            _end(job, State.CANCELLED)
        elif job.state == State.RUNNING:
            job.cancel = True
        return to_job(job)


def cancel_requested(db: Database, job_id: int) -> bool:
    """Whether a user has asked to stop the job."""
    with db.read() as session:
        return _job(session, job_id).cancel


def mark_interrupted(db: Database) -> int:
    """Mark open jobs whose process is gone and return how many; one that has all its pictures is done."""
    with db.write() as session:
        jobs = session.scalars(select(JobRow).where(JobRow.state.in_(OPEN)))
        orphans = [job for job in jobs if is_gone(job.owner, job.touched)]
        for job in orphans:
            complete = all(variant.state == State.DONE for variant in job.variants)
            _end(job, State.DONE if complete else State.INTERRUPTED)
        return sum(job.state == State.INTERRUPTED for job in orphans)


def resume(db: Database, job_id: int) -> Job:
    """Put the unfinished variants of an ended job back to waiting, in this process; finished ones are kept.

    Raises StudioError job.not_resumable when the job is open or has nothing left to do.
    """
    with db.write() as session:
        job = _job(session, job_id)
        if job.state in (*OPEN, State.DONE):
            raise StudioError("job.not_resumable", id=job_id, state=job.state)
        session.execute(
            update(VariantRow)
            .where(VariantRow.job_id == job_id, VariantRow.state != State.DONE)
            .values(state=State.WAITING)
        )
        job.state, job.owner, job.touched = State.WAITING, this_process(), now()
        job.cancel, job.error = False, None
        return to_job(job)
