"""`jobs` and `resume`: what was asked for, and going on with what was interrupted."""

from typing import Annotated

import typer

from t2i_studio.brief.values import whole
from t2i_studio.cli import batch, files
from t2i_studio.cli.console import Home, Json, answer, identifier, studio
from t2i_studio.domain import State
from t2i_studio.errors import StudioError
from t2i_studio.store.jobs import list_jobs, mark_interrupted


def jobs(
    state: Annotated[str | None, typer.Option(metavar="STATE", help=", ".join(State))] = None,
    limit: Annotated[str, typer.Option(metavar="N", help="1 to 500.")] = "20",
    home: Home = None,
    json: Json = False,
) -> None:
    """List batches, the newest first."""
    if state is not None and state not in list(State):
        raise StudioError("choice.unknown", name="state", value=state, choices=", ".join(State))
    count = whole("limit", limit, 1, 500)
    with studio(home) as (_, db):
        mark_interrupted(db)
        found = list_jobs(db, states=[State(state)] if state else (), limit=count)
    data = [job.model_dump(mode="json") for job in found]
    lines = [
        f"{job.id:>6} {job.state:<12}{len(job.variants):>3}  {job.created:%Y-%m-%d %H:%M}  {job.request.text}"
        for job in found
    ]
    answer(data, "\n".join(lines), json)


def resume(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Number of the batch.")],
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Also put the pictures into this folder.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make the unfinished variants of an interrupted batch; finished ones stay as they are."""
    number = identifier("batch", job)
    folder = files.make_folder(out) if out is not None else None
    with studio(home) as (settings, db):
        mark_interrupted(db)
        batch.run(db, settings, lambda engine: engine.resume(number), folder, json)
