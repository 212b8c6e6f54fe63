"""What is judged: pictures of made-up sources in a home of its own, a session about them, and the studio serving it.

The server can be killed and started again at the same address while raters are at work.
"""

import io
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
from PIL import Image

from t2i_studio.domain import Item, NewItem, Purpose, SessionKind, SessionPlan, Shown, State
from t2i_studio.errors import StudioError
from t2i_studio.feedback.items import MAX_KNOWN, Candidate, make_items
from t2i_studio.settings import ROOT
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.entrance import make_link
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from t2i_studio.store.session_items import items_of
from t2i_studio.store.sessions import create_session

START_SECONDS = 60
SIDE = 64


@dataclass
class Stage:
    """A session that waits for raters. items: by their numbers. sources: in the order of their planted strengths."""

    home: Path
    session: int
    token: str
    items: dict[int, Item]
    sources: Sequence[str]


def set_up(db: Database, sources: Sequence[str], items: int, plan: SessionPlan) -> Stage:
    """Pictures of each source for as many descriptions as give `items` pairs (all pairs of sources of each)."""
    pairs = list(itertools.combinations(sources, 2))
    texts = [f"描述 {number + 1}" for number in range(-(-items // len(pairs)))]
    variants = {(text, source): _picture(db, text, source) for text in texts for source in sources}
    judged = [
        NewItem(text=text, pictures=tuple(Shown(variant=variants[text, source], source=source) for source in pair))
        for text in texts
        for pair in pairs
    ][:items]
    candidates = [Candidate(variant=id, text=text, source=source) for (text, source), id in variants.items()]
    checks = make_items(SessionKind.PAIRS, candidates, seed=plan.seed, known=MAX_KNOWN, practice=plan.practice)
    session = create_session(db, plan, [*judged, *(item for item in checks if item.purpose is not Purpose.JUDGED)])
    found = {item.id: item for item in items_of(db, session.id)}
    return Stage(db.home, session.id, make_link(db, session.id), found, sources)


def _picture(db: Database, text: str, source: str) -> int:
    """A finished variant; every one has a picture of its own, and sources do not differ in how they look."""
    dice = Random(f"{text} {source}")
    job = jobs.enqueue(db, request(text, variants=1, model=source))
    noise = Image.frombytes("RGB", (8, 8), dice.randbytes(8 * 8 * 3)).resize((SIDE, SIDE))
    noise.save(out := io.BytesIO(), "PNG")
    jobs.finish_variant(db, job.variants[0], put_image(db, out.getvalue()), origin())
    jobs.finish_job(db, job.id, State.DONE)
    return job.variants[0]


@dataclass
class Server:
    """The studio at a fixed address. `killed` counts; while it is down, raters wait and send again."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    killed: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """`kill -9`, and a new one at the same address."""
        with self._turn:
            self.process.kill()
            self.process.wait()
            self.killed += 1
            self.process = _start(self.home, self.port)


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """Raises StudioError bench.no_server."""
    process = _start(home, 0)
    server = Server(home, int(_line(process).rsplit(":", 1)[-1]), process)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(30)


def _start(home: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "t2i_studio", "serve", "--port", str(port), "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if port:
        _wait(port)
    return process


def _line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if "http" not in line:
        raise StudioError("bench.no_server", seconds=START_SECONDS, reason=line.strip())
    return line.strip()


def _wait(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/judge/none", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise StudioError("bench.no_server", seconds=START_SECONDS, reason="")
