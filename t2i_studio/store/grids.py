"""Grids: batches that belong together. A grid and all its batches are on the disk before any of them runs."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from t2i_studio.domain import GenerationRequest, Job, Noun
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.jobs import add_job, check_pictures, to_job
from t2i_studio.store.models import GridCellRow, GridRow, JobRow


class StoredGrid(Noun):
    """axes: what is varied, as `brief.grids.Axis` writes it. jobs: cell by cell."""

    id: int
    axes: tuple[dict[str, Any], ...]
    jobs: tuple[Job, ...]
    user: str
    created: datetime


def enqueue_grid(db: Database, axes: Sequence[dict[str, Any]], requests: Sequence[GenerationRequest]) -> StoredGrid:
    """Store a grid and a waiting job of this process for each cell, in one transaction.

    requests: at least one, cell by cell. Raises StudioError as `jobs.enqueue` does; then nothing is stored.
    """
    for request in requests:
        check_pictures(db, request)
    with db.write() as session:
        grid = GridRow(user=requests[0].user, axes=list(axes))
        session.add(grid)
        session.flush()
        for cell, request in enumerate(requests):
            session.add(GridCellRow(grid_id=grid.id, cell=cell, job_id=add_job(session, request).id))
        session.flush()
        return _to_grid(session, grid)


def get_grid(db: Database, grid_id: int) -> StoredGrid:
    """Raises StudioError grid.unknown."""
    with db.read() as session:
        return _to_grid(session, get_row(session, GridRow, grid_id, "grid.unknown"))


def grids_of(db: Database, jobs: Collection[int]) -> dict[int, int]:
    """{job: its grid} of those jobs that are cells of one."""
    query = select(GridCellRow.job_id, GridCellRow.grid_id).where(GridCellRow.job_id.in_(jobs))
    with db.read() as session:
        return dict(session.execute(query).tuples().all())


def _to_grid(session: Session, grid: GridRow) -> StoredGrid:
    query = select(JobRow).join(GridCellRow).where(GridCellRow.grid_id == grid.id).order_by(GridCellRow.cell)
    jobs = tuple(to_job(job) for job in session.scalars(query.options(selectinload(JobRow.variants))))
    return StoredGrid(id=grid.id, axes=tuple(grid.axes), jobs=jobs, user=grid.user, created=grid.created)
