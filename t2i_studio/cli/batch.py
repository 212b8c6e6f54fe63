"""Running one job from the command line: progress on stderr, finished pictures told and copied."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from t2i_studio.cli import files
from t2i_studio.cli.console import answer, report, words
from t2i_studio.domain import Job, State
from t2i_studio.engine.engine import Engine, JobStatus
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
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
    engine = Engine(db, settings)
    job = begin(engine)  # a request that cannot be met is refused before anything heavy is loaded
    engine.start()
    try:
        interrupted = not _watch(engine, job.id)
        made = _made(db, job.id, folder)
    finally:
        engine.close()
    ended = get_job(db, job.id)
    if ended.error:
        raise StudioError(ended.error["key"], **ended.error["params"])
    answer({"batch": job.id, "variants": made}, "\n".join(str(variant["path"]) for variant in made), as_json)
    if interrupted:
        raise typer.Exit(130)
    if ended.state is not State.DONE:
        raise StudioError("job.cancelled", id=job.id)


def _watch(engine: Engine, job: int) -> bool:
    """Report progress until the job has ended; False when the user stopped it."""
    progress = _Progress()
    try:
        while (status := engine.status(job)).state in OPEN:
            progress.show(status)
            time.sleep(LOOK_EVERY)
        progress.show(status)
        return True
    except KeyboardInterrupt:
        report(words("Stopping at the next step …", "将在下一步停止……"))
        engine.cancel(job)
        while engine.status(job).state in OPEN:
            time.sleep(LOOK_EVERY)
        return False
    finally:
        progress.end()


class _Progress:
    """One line that is rewritten on a terminal; elsewhere a line a finished variant."""

    def __init__(self) -> None:
        self.last = ""
        self.rewrites = sys.stderr.isatty()

    def show(self, status: JobStatus) -> None:
        done = sum(variant.state is State.DONE for variant in status.variants)
        line = words(f"{done} of {len(status.variants)} finished", f"已完成 {done}/{len(status.variants)}")
        if self.rewrites:
            running = [v for v in status.variants if v.state is State.RUNNING]
            line += "".join(f"  {v.step}/{v.steps}" for v in running[:1])
            line += f"  ~{status.seconds_left:.0f} s" if status.seconds_left else ""
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


def _made(db: Database, job: int, folder: Path | None) -> list[dict[str, Any]]:
    """The finished variants of a job, copied into `folder` when one is given."""
    made = []
    for variant in get_variants(db, get_job(db, job).variants):
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
