"""Makes the rows and pictures that the store's tests work on."""

import io
import os
from collections.abc import Callable

from PIL import Image

from t2i_studio.domain import Job, State
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request


def png(shade: int, size: tuple[int, int] = (4, 4)) -> bytes:
    """A picture of its own for every shade (24 bits)."""
    out = io.BytesIO()
    Image.new("RGB", size, (shade >> 16 & 255, shade >> 8 & 255, shade & 255)).save(out, "PNG")
    return out.getvalue()


def finished(db: Database, text: str = "红色手提包，白色圆形展台", **values: object) -> Job:
    """A job all of whose variants have their pictures."""
    job = jobs.enqueue(db, request(text, **values))
    jobs.claim(db, job.id)
    for variant in job.variants:
        jobs.finish_variant(db, variant, put_image(db, png(variant)), origin(variant))
    return jobs.finish_job(db, job.id, State.DONE)


class Child:
    """A forked process that runs `work(say)`; what it says comes out of `heard`. Close databases first.

    A StudioError that ends the work is said as its key; any other error as it is.
    """

    def __init__(self, work: Callable[[Callable[[str], None]], object], user: int | None = None) -> None:
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(work, writer, user)
        os.close(writer)
        self._reader = os.fdopen(reader, "rb")

    def _run(self, work: Callable[[Callable[[str], None]], object], writer: int, user: int | None) -> None:
        def say(line: str) -> None:
            os.write(writer, f"{line}\n".encode())

        try:
            jobs.this_process.cache_clear()
            if user is not None and os.getuid() == 0:
                os.setuid(user)
            work(say)
        except StudioError as error:
            say(error.key)
        except BaseException as error:
            say(repr(error))
        finally:
            os._exit(0)

    def wait(self) -> None:
        """Until it has said something, or ended."""
        self._reader.peek(1)

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def heard(self) -> list[str]:
        """Wait for the end; every whole line said until then."""
        with self._reader as reader:
            text = reader.read().decode()
        os.waitpid(self.pid, 0)
        return text.split("\n")[:-1]
