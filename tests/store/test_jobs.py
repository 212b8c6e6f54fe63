from datetime import timedelta

import pytest
from sqlalchemy import update

from t2i_studio.domain import State
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.models import JobRow, now
from t2i_studio.store.sample import origin, request
from t2i_studio.store.variants import get_variant, get_variants
from tests.store.studio import Child, finished, png


def key_of(call, *arguments) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments)
    return caught.value.key


def states(db: Database, job_id: int) -> list[State]:
    return [variant.state for variant in get_variants(db, jobs.get_job(db, job_id).variants)]


def finish(db: Database, variant: int) -> None:
    jobs.finish_variant(db, variant, put_image(db, png(variant)), origin(variant))


def orphan(db: Database, half_done: bool = False) -> int:
    """A job whose process ended while it ran. `db` is closed and opens itself again at the next use."""
    db.close()

    def run(say) -> None:  # type: ignore[no-untyped-def]
        own = open_database(db.home)
        job = jobs.enqueue(own, request())
        jobs.claim(own, job.id)
        jobs.start_variant(own, job.variants[0])
        for variant in job.variants[: 1 if half_done else 2]:
            finish(own, variant)
        say(str(job.id))

    return int(Child(run).heard()[0])


def test_a_job_and_its_waiting_variants_are_there_before_anything_runs(db: Database):
    job = jobs.enqueue(db, request(variants=3, seed=2**32 - 1))
    variants = get_variants(db, job.variants)
    assert job.state is State.WAITING
    assert [variant.state for variant in variants] == [State.WAITING] * 3
    assert [variant.seed for variant in variants] == [2**32 - 1, 0, 1]
    assert jobs.get_job(db, job.id) == job


def test_what_was_asked_for_comes_back_exactly(db: Database):
    asked = request("A bag\n红色", steps=8, guidance=2.5, user="李")
    assert jobs.get_job(db, jobs.enqueue(db, asked).id).request == asked


def test_a_job_is_claimed_once(db: Database):
    job = jobs.enqueue(db, request())
    assert jobs.claim(db, job.id).state is State.RUNNING  # type: ignore[union-attr]
    assert jobs.claim(db, job.id) is None


def test_a_finished_variant_has_its_picture_and_origin_for_good(db: Database):
    job = finished(db)
    variant = get_variant(db, job.variants[0])
    assert variant.state is State.DONE
    assert variant.origin == origin(variant.id)
    finish(db, variant.id)
    with pytest.raises(ValueError, match="already has a picture"):
        jobs.finish_variant(db, variant.id, put_image(db, png(999)), origin())
    jobs.end_variant(db, variant.id, State.FAILED)
    jobs.start_variant(db, variant.id)
    assert get_variant(db, variant.id) == variant


def test_a_row_never_names_a_picture_that_is_not_kept(db: Database):
    job = jobs.enqueue(db, request())
    assert key_of(jobs.finish_variant, db, job.variants[0], "0" * 64, origin()) == "image.unknown"
    asked = request(derivation="image", init_image="0" * 64)
    assert key_of(jobs.enqueue, db, asked) == "image.unknown"
    assert len(jobs.list_jobs(db)) == 1


def test_a_job_is_not_done_while_a_variant_is_missing(db: Database):
    job = jobs.enqueue(db, request())
    with pytest.raises(ValueError, match="2 unfinished"):
        jobs.finish_job(db, job.id, State.DONE)


def test_a_failed_job_keeps_its_error_and_its_finished_variants(db: Database):
    job = jobs.enqueue(db, request())
    finish(db, job.variants[0])
    error = StudioError("number.range", name="steps", value=0, low=1, high=200)
    failed = jobs.finish_job(db, job.id, State.FAILED, error)
    assert failed.error == {"key": "number.range", "params": error.params}
    assert states(db, job.id) == [State.DONE, State.FAILED]


def test_a_waiting_job_is_cancelled_at_once(db: Database):
    job = jobs.enqueue(db, request())
    assert jobs.request_cancel(db, job.id).state is State.CANCELLED
    assert states(db, job.id) == [State.CANCELLED] * 2
    assert jobs.claim(db, job.id) is None


def test_an_interrupted_job_can_be_given_up_and_still_be_resumed(db: Database):
    job = jobs.enqueue(db, request())
    finish(db, job.variants[0])
    jobs.finish_job(db, job.id, State.INTERRUPTED)
    assert jobs.request_cancel(db, job.id).state is State.CANCELLED
    assert states(db, job.id) == [State.DONE, State.CANCELLED]
    assert jobs.resume(db, job.id).state is State.WAITING


def test_a_running_job_is_asked_to_stop(db: Database):
    job = jobs.enqueue(db, request())
    jobs.claim(db, job.id)
    assert not jobs.cancel_requested(db, job.id)
    assert jobs.request_cancel(db, job.id).state is State.RUNNING
    assert jobs.cancel_requested(db, job.id)


def test_a_finished_job_cannot_be_cancelled(db: Database):
    job = finished(db)
    assert jobs.request_cancel(db, job.id) == job
    assert not jobs.cancel_requested(db, job.id)


def test_jobs_of_living_processes_are_not_interrupted(db: Database):
    jobs.enqueue(db, request())
    jobs.claim(db, jobs.enqueue(db, request()).id)
    assert jobs.mark_interrupted(db) == 0


def test_jobs_of_ended_processes_are_interrupted_and_resume_where_they_were(db: Database):
    job_id = orphan(db, half_done=True)
    assert jobs.mark_interrupted(db) == 1
    assert jobs.get_job(db, job_id).state is State.INTERRUPTED
    assert states(db, job_id) == [State.DONE, State.INTERRUPTED]
    assert jobs.resume(db, job_id).state is State.WAITING
    assert states(db, job_id) == [State.DONE, State.WAITING]
    assert jobs.mark_interrupted(db) == 0
    assert jobs.claim(db, job_id)


def test_an_orphan_with_all_its_pictures_is_done(db: Database):
    job_id = orphan(db)
    assert jobs.mark_interrupted(db) == 0
    assert jobs.get_job(db, job_id).state is State.DONE


def test_a_reused_pid_is_another_process(db: Database):
    job = jobs.enqueue(db, request())
    host, pid, start = jobs.this_process().rsplit(":", 2)
    with db.write() as session:
        session.execute(update(JobRow).values(owner=f"{host}:{pid}:{float(start) - 60}"))
    assert jobs.mark_interrupted(db) == 1
    assert states(db, job.id) == [State.INTERRUPTED] * 2


def test_a_job_of_another_machine_is_left_alone_until_it_has_been_silent_for_long(db: Database):
    jobs.enqueue(db, request())
    with db.write() as session:
        session.execute(update(JobRow).values(owner="elsewhere:1:0.0"))
    assert jobs.mark_interrupted(db) == 0
    with db.write() as session:
        session.execute(update(JobRow).values(touched=now() - jobs.FOREIGN_SILENCE - timedelta(seconds=1)))
    assert jobs.mark_interrupted(db) == 1


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED, State.INTERRUPTED])
def test_any_unfinished_job_can_be_resumed(db: Database, state: State):
    job = jobs.enqueue(db, request())
    jobs.claim(db, job.id)
    jobs.request_cancel(db, job.id)
    jobs.finish_job(db, job.id, state, StudioError("text.empty"))
    resumed = jobs.resume(db, job.id)
    assert (resumed.state, resumed.error) == (State.WAITING, None)
    assert not jobs.cancel_requested(db, job.id)


def test_an_open_or_finished_job_cannot_be_resumed(db: Database):
    assert key_of(jobs.resume, db, jobs.enqueue(db, request()).id) == "job.not_resumable"
    assert key_of(jobs.resume, db, finished(db).id) == "job.not_resumable"


def test_jobs_are_listed_newest_first_by_state_and_user(db: Database):
    mine, theirs = finished(db), finished(db, user="lin")
    waiting = jobs.enqueue(db, request())
    assert [job.id for job in jobs.list_jobs(db)] == [waiting.id, theirs.id, mine.id]
    assert jobs.list_jobs(db, states=[State.DONE], user="lin") == [theirs]
    assert jobs.list_jobs(db, limit=1) == [waiting]


@pytest.mark.parametrize("number", [0, -1, 9, 2**63, 10**30])
def test_unknown_numbers_are_named(db: Database, number: int):
    assert key_of(jobs.get_job, db, number) == "job.unknown"
    assert key_of(jobs.claim, db, number) == "job.unknown"
    assert key_of(jobs.start_variant, db, number) == "variant.unknown"
    assert key_of(jobs.enqueue, db, request(parent=number)) == "variant.unknown"
