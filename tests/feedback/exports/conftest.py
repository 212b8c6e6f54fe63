"""A store with pictures that carry their prompts, and answers about them made by hand."""

import io
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from t2i_studio.domain import Adapter, Purpose, State, Vote
from t2i_studio.store import jobs, maintenance
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request

SECRET = "masterpiece, secret settings"
RATERS = ("1f3a9c0d2b4e6f80", "77aa77aa77aa77aa", "0123456789abcdef")
HANDBAG, SHOES = "红色手提包，白色圆形展台", "white sneakers on a wooden table"
FIRST_NUMBER = 9_000_000_001
Make = Callable[..., Vote]


def picture(number: int, size: tuple[int, int] = (16, 12)) -> bytes:
    """A PNG of its own colour that says in its text chunks how it was made."""
    info = PngInfo()
    info.add_text("parameters", SECRET)
    info.add_itxt("t2i_studio", SECRET)
    out = io.BytesIO()
    Image.new("RGB", size, (number, 255 - number, 100)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Variants 1–4 show the handbag, 5–8 the shoes; 8 is of another size than 7. To be read only."""
    database = open_database(tmp_path_factory.mktemp("exports") / "home")
    for text in (HANDBAG, SHOES):
        adapters = (Adapter(path="/home/wang/adapters/gloss", scale=0.5),)
        job = jobs.enqueue(database, request(text, variants=4, model="/home/wang/models/ours", adapters=adapters))
        jobs.claim(database, job.id)
        for variant in job.variants:
            png = picture(variant, (20, 12) if variant == 8 else (16, 12))
            jobs.finish_variant(database, variant, put_image(database, png), origin(variant))
        jobs.finish_job(database, job.id, State.DONE)
    yield database
    database.close()


@pytest.fixture
def own_db(db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A copy of `db` that may be changed, its pictures too: a backup in a folder links to those of `db`."""
    home = tmp_path_factory.mktemp("own") / "home"
    database = open_database(shutil.copytree(maintenance.backup(db, home.with_name("backup")), home))
    yield database
    database.close()


@pytest.fixture
def vote() -> Make:
    """`vote((1, 2), chosen=0, rater=1)`: a vote as the store tells it, the next number each time."""
    count = 0

    def make(variants: tuple[int, ...], *, rater: int = 0, item: int | None = None, **values: object) -> Vote:
        nonlocal count
        fields = {
            "assignment": FIRST_NUMBER + count,
            "item": item if item is not None else 500 + min(variants),
            "rater": RATERS[rater],
            "purpose": Purpose.JUDGED,
            "position": count,
            "prompt": HANDBAG if max(variants) < 5 else SHOES,
            "sources": ("/home/wang/ours",) * len(variants),
            "variants": variants,
            "active_ms": 4321,
            "created": datetime(2026, 11, 28, 9, 30, 15, 123456, tzinfo=UTC) + timedelta(minutes=count),
        }
        count += 1
        return Vote.model_validate(fields | values)

    return make
