"""Running jobs from the command line: progress on stderr, finished pictures told and copied."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from t2i_studio.brief.grids import Grid
from t2i_studio.cli import files
from t2i_studio.cli.console import answer, ctrl_c, language, report, words
from t2i_studio.domain import GenerationRequest, Job, State
from t2i_studio.engine.engine import Engine, VariantStatus
from t2i_studio.engine.sheet import make_sheet
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.store.grids import StoredGrid
from t2i_studio.store.images import image_path
from t2i_studio.store.jobs import get_job
from t2i_studio.store.variants import get_variants

OPEN = (State.WAITING, State.RUNNING)
LOOK_EVERY = 0.1


def run(db: Database, settings: Settings, begin: Callable[[Engine], Job], folder: Path | None, as_json: bool) -> None:
    """Begin a job, see it through and print its variants.

    Ctrl-C stops it at the next step, prints what is finished and exits with 130. Raises the StudioError that
    ended a failed job, job.cancelled when it was cancelled elsewhere.
    """
    (job,), interrupted = see_through(db, settings, lambda engine: [begin(engine)])
    made = _made(db, job, folder)
    _raise_failure([job])
    answer({"batch": job.id, "variants": made}, "\n".join(str(variant["path"]) for variant in made), as_json)
    _exit_unfinished([job], interrupted)


def run_grid(
    db: Database,
    settings: Settings,
    grid: Grid,
    requests: Sequence[GenerationRequest],
    folder: Path | None,
    sheet: Path | None,
    as_json: bool,
) -> None:
    """Make a grid as `run` makes a job. folder: also for its pictures; sheet: also for all of them as one PNG."""
    axes = [axis.model_dump(mode="json") for axis in grid.axes]
    begun: list[StoredGrid] = []

    def begin(engine: Engine) -> Sequence[Job]:
        begun.append(engine.submit_grid(axes, requests))
        return begun[0].jobs

    jobs, interrupted = see_through(db, settings, begin)
    made = [_made(db, job, folder) for job in jobs]
    _raise_failure(jobs)
    if sheet is not None:
        files.write(sheet, make_sheet(db, begun[0], language()))
    paths = [str(sheet)] if sheet else [variant["path"] for cell in made for variant in cell]
    cells = [{"batch": job.id, "variants": variants} for job, variants in zip(jobs, made, strict=True)]
    data = {"grid": begun[0].id, "axes": axes, "sheet": str(sheet) if sheet else None, "cells": cells}
    answer(data, "\n".join(paths), as_json)
    _exit_unfinished(jobs, interrupted)


def see_through(db: Database, settings: Settings, begin: Callable[[Engine], Sequence[Job]]) -> tuple[list[Job], bool]:
    """Begin jobs and report on them until all have ended: the jobs then, and whether the user stopped them."""
    engine = Engine(db, settings)
    jobs = begin(engine)  # a request that cannot be met is refused before anything heavy is loaded
    engine.start()
    try:
        stopped = not watch(engine, *(job.id for job in jobs))
    finally:
        engine.close()
    return [get_job(db, job.id) for job in jobs], stopped


def _raise_failure(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.error:
            raise StudioError(job.error["key"], **job.error["params"])


def _exit_unfinished(jobs: Sequence[Job], interrupted: bool) -> None:
    if interrupted:
        raise typer.Exit(130)
    for job in jobs:
        if job.state is not State.DONE:
            raise StudioError("job.cancelled", id=job.id)


def watch(engine: Engine, *jobs: int) -> bool:
    """Report the progress of jobs until all have ended; False when the user stopped them."""
    progress = _Progress()
    seen = {job: engine.status(job) for job in jobs}
    try:
        with ctrl_c() as pressed:
            for job in jobs:
                while not pressed:
                    seen[job] = engine.status(job)
                    last = engine.status(jobs[-1])  # it queues behind the others
                    variants = [variant for status in seen.values() for variant in status.variants]
                    progress.show(variants, last.seconds_left)
                    if seen[job].state not in OPEN:
                        break
                    time.sleep(LOOK_EVERY)
            if not pressed:
                return True
            report(words("Stopping at the next step …", "将在下一步停止……"))
            for job in jobs:
                engine.cancel(job)
            while any(engine.status(job).state in OPEN for job in jobs):
                time.sleep(LOOK_EVERY)
            return False
    finally:
        progress.end()


class _Progress:
    """One line that is rewritten on a terminal; elsewhere a line a finished variant."""

    def __init__(self) -> None:
        self.last = ""
        self.rewrites = sys.stderr.isatty()

    def show(self, variants: Sequence[VariantStatus], seconds_left: float | None) -> None:
        done = sum(variant.state is State.DONE for variant in variants)
        line = words(f"{done} of {len(variants)} finished", f"已完成 {done}/{len(variants)}")
        if self.rewrites:
            running = [v for v in variants if v.state is State.RUNNING]
            line += "".join(f"  {v.step}/{v.steps}" for v in running[:1])
            line += f"  ~{seconds_left:.0f} s" if seconds_left else ""
        if line != self.last:
            print(
                f"\r{line}\x1b[K" if self.rewrites else line,
                end="" if self.rewrites else "\n",
                file=sys.stderr,
            )
            sys.stderr.flush()
            self.last = line

    def end(self) -> None:
        if self.rewrites and self.last:
            print(file=sys.stderr)


def _made(db: Database, job: Job, folder: Path | None) -> list[dict[str, Any]]:
    """The finished variants of a job, copied into `folder` when one is given."""
    made = []
    for variant in get_variants(db, job.variants):
        if variant.image is None or variant.origin is None:
            continue
        path = image_path(db, variant.image)
        if folder is not None:
            copy = folder / f"t2i-studio-{variant.id}.png"
            files.write(copy, path.read_bytes())
            path = copy
        made.append(
            {
                "id": variant.id,
                "path": str(path.absolute()),
                "seed": variant.seed,
                "sha256": variant.image,
                "width": variant.origin.width,
                "height": variant.origin.height,
                "seconds": round(variant.origin.seconds, 3),
            }
        )
    return made
