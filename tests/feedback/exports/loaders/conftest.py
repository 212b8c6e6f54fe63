"""A small real session as every export, and the programs that read them, where this machine has them.

T2I_LOADERS names a folder with a checkout of each program, under the name it has here, and in it .venv with what the
program itself asks for; docs/exports.md says which were run.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from t2i_studio.domain import Answer, NewItem, SessionPlan, Shown, State
from t2i_studio.feedback.exports import Exported, export
from t2i_studio.feedback.exports.material import Choices
from t2i_studio.store import jobs
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.entrance import consent, enter, make_link
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from t2i_studio.store.sessions import create_session
from t2i_studio.store.votes import votes

from ..conftest import HANDBAG, SHOES, picture

LAMP = "木质桌面上的台灯, warm light"
SIZES = {HANDBAG: (128, 128), SHOES: (128, 128), LAMP: (96, 160)}
"""Pixels of the pictures of each description; the embedded model's own, and one that is not square."""
LIKED = {2: HANDBAG, 4: SHOES, 6: LAMP}
"""By number, which is also its amount of red: the picture that each rater preferred, of two of each description."""
PROBES = Path(__file__).parent / "probes"
SECONDS = 300


@dataclass(frozen=True)
class Program:
    """A program that reads exports. folder: its checkout."""

    name: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"

    def read(self, exported: Path, scratch: Path) -> Any:
        """What its probe says it read, started inside the export, as a user would start it."""
        probe = PROBES / f"read_{self.name.replace('-', '_').lower()}.py"
        own = {"HF_HOME": str(scratch / "hub"), "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(
            [self.python, probe, self.folder, scratch],
            cwd=exported,
            env=os.environ | own,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def program() -> Callable[[str], Program]:
    """`program("sd-scripts")`, or the test is skipped."""

    def find(name: str) -> Program:
        folder = os.environ.get("T2I_LOADERS")
        if not folder:
            pytest.skip("T2I_LOADERS names no folder with the programs that read exports")
        found = Program(name, Path(folder) / name)
        if not found.python.exists():
            pytest.skip(f"T2I_LOADERS has no {name}/.venv")
        return found

    return find


def _judged(db: Database) -> int:
    """A session in which two raters each prefer the second picture of every description; its number."""
    items = []
    for text, size in SIZES.items():
        job = jobs.enqueue(db, request(text, variants=2))
        jobs.claim(db, job.id)
        for variant in job.variants:
            jobs.finish_variant(db, variant, put_image(db, picture(variant, size)), origin(variant))
        jobs.finish_job(db, job.id, State.DONE)
        items.append(NewItem(text=text, pictures=tuple(Shown(variant=variant) for variant in job.variants)))
    plan = SessionPlan(name="s", kind="pairs", overlap=2, practice=0, known_share=0, repeat_share=0)
    session = create_session(db, plan, items).id
    link = make_link(db, session)
    for _ in range(2):
        rater = enter(db, link).rater
        consent(db, session, rater)
        while shown := next_assignment(db, session, rater).assignment:
            place = shown.order.index(max(shown.order))
            answer(db, rater, Answer(assignment=shown.id, nonce=f"{rater}{shown.id}", verdict="chosen", place=place))
    return session


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, int]]:
    """A store, and in it a session that was judged. To be read only."""
    db = open_database(tmp_path_factory.mktemp("judged") / "home")
    yield db, _judged(db)
    db.close()


@pytest.fixture
def exported(judged: tuple[Database, int], tmp_path: Path) -> Callable[[str], Path]:
    """`exported("kohya")`: the folder with that session's answers in that format."""

    def write(format: str) -> Path:
        made: Exported = export(judged[0], votes(*judged), format, tmp_path / format, Choices(comments=True))
        return Path(made.folder)

    return write
