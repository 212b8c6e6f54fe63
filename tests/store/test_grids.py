import pytest

from t2i_studio.domain import State
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.grids import enqueue_grid, get_grid, grids_of
from t2i_studio.store.sample import request
from tests.store.studio import Child

AXES = [{"name": "steps", "values": ["6", "10"]}]
CELLS = [request(steps=6, user="lin"), request(steps=10, user="lin")]


def test_a_grid_and_its_waiting_jobs_are_there_before_anything_runs(db: Database):
    grid = enqueue_grid(db, AXES, CELLS)
    assert get_grid(db, grid.id) == grid
    assert (list(grid.axes), grid.user) == (AXES, "lin")
    assert [job.request.steps for job in grid.jobs] == [6, 10]
    assert {job.state for job in grid.jobs} == {State.WAITING}
    assert [len(job.variants) for job in grid.jobs] == [2, 2]


def test_a_job_knows_its_grid(db: Database):
    alone = jobs.enqueue(db, request())
    grid = enqueue_grid(db, AXES, CELLS)
    assert grids_of(db, [alone.id, grid.jobs[1].id]) == {grid.jobs[1].id: grid.id}


def test_one_impossible_cell_stores_nothing(db: Database):
    with pytest.raises(StudioError) as caught:
        enqueue_grid(db, AXES, [request(), request(parent=99)])
    assert caught.value.key == "variant.unknown"
    assert jobs.list_jobs(db) == []


def test_after_a_kill_the_whole_grid_is_there_and_can_be_resumed(db: Database):
    db.close()

    def die_at_work(say) -> None:  # type: ignore[no-untyped-def]
        own = open_database(db.home)
        grid = enqueue_grid(own, AXES, CELLS)
        jobs.claim(own, grid.jobs[0].id)
        say(str(grid.id))

    number = int(Child(die_at_work).heard()[0])
    assert jobs.mark_interrupted(db) == 2
    grid = get_grid(db, number)
    assert {job.state for job in grid.jobs} == {State.INTERRUPTED}
    assert [jobs.resume(db, job.id).state for job in grid.jobs] == [State.WAITING] * 2


def test_an_unknown_grid_is_named(db: Database):
    with pytest.raises(StudioError) as caught:
        get_grid(db, 9)
    assert caught.value.key == "grid.unknown"
