"""Where odd input is tried: good and odd words for every parameter, a home to try them on, and no model at work."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image

from t2i_studio.cli import batch, style_check
from t2i_studio.cli.bench.figures import temporary_home
from t2i_studio.domain import Job, NewItem, SessionKind, SessionPlan, Shown, State
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.explanation import Explanation, WordMap, explanation_path
from t2i_studio.engine.infotext import write_png
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import Settings
from t2i_studio.store import jobs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from t2i_studio.store.sessions import create_session
from t2i_studio.store.variants import get_variants

ALTERNATIVES = "a {red|blue} handbag"
AXES = {"warmth=1..5": 5, "steps=2,3": 2, "preset=studio_white,premium_black": 2, "guidance=2,3,4": 3}
"""Of how many values each is."""
FILES = ("text.png", "cut.png", "nowhere.png", "folder", "folder/new", "text.png/x", "n" * 300, "")
PATHS = (
    "prompts",
    "guideline_zh",
    "guideline_en",
    "out",
    "target",
    "users",
    "home",
    "init",
    "mask",
    "from_",
    "pictures",
    "file",
)
GOOD: dict[str, tuple[Any, ...]] = {
    "text": ("红色手提包", "a red handbag", "mug 杯子", ALTERNATIVES),
    "description": ("红色手提包", "a red handbag", ALTERNATIVES),
    "words": ("手提包",),
    "word": ("手提包",),
    "axis": tuple(AXES),
    "axes": tuple(AXES),
    "preset": ("studio_white", "premium_black"),
    "market": ("cn", "mena"),
    "mark": ("backdrop=红色", "none=handbag", "props=mug"),
    "marks": ("backdrop=红色", "none=handbag"),
    "control": ("warmth", "position"),
    "model": ("podium",),
    "prompt": ("red mug",),
    "start": ("1",),
    "nonce": ("once",),
    "note": ("good", "不错"),
    "pictures": ("folder", "folder/new"),
    "stars": (1, 5),
    "variants": (1, 4),
    "variant": (1, 2),
    "job": (1,),
    "batch": (1,),
    "seed": (0, 2**32 - 1),
    "steps": (1, 30),
    "size": ("256x256",),
    "guidance": (0, 7.5),
    "strength": (0.5, 1),
    "style": ("brightness=4", "position=left"),
    "fault": ("clutter",),
    "faults": ("clutter",),
    "sort": ("newest", "stars"),
    "format": ("pick-a-pic", "imagefolder", "label-studio", "csv", "xlsx"),
    "ties": ("keep", "drop"),
    "file": ("text.png",),
    "state": ("done", "failed"),
    "limit": (1, 500),
    "since": ("2026-01-31", "2026-01-31T08:30+08:00"),
    "until": ("2026-12-31",),
    "session": (1,),
    "prompts": ("texts.txt",),
    "kind": ("pairs", "stars"),
    "compare": ("picture", "preset"),
    "source": ("studio_white", "cool_tech"),
    "each": (1, 2),
    "overlap": (1, 3),
    "budget": (1,),
    "choice": ("even", "active"),
    "known": (0, 0.1),
    "repeats": (0, 0.05),
    "entry": ("link", "named"),
    "label": ("Li",),
    "revoke": (1,),
    "rater": ("Li", "local"),
    "name": ("Li",),
    "out": ("folder", "folder/new"),
    "target": ("folder/copy", "folder/copy.zip"),
    "users": ("users",),
    "init": ("photo.png", "1"),
    "mask": ("plain.png",),
    "from_": ("made.png",),
}
ODD = (
    "", " ", "0", "-1", "-0", "1.5", "1e400", "nan", "inf", "٣", "１", "９９", "0x10", "1_000", "9" * 400,
    "true", "null", "a" * 300, "包" * 12_000, "a\x07b", "\u202e", "\ud800", "👜", "é", "{}", "{value}", "%s",
    "-", "--", "'; DROP TABLE rating;--", "<script>alert(1)</script>", "${7*7}", "../../etc/passwd", "--json",
    "=", "1=1", "none=", "backdrop=包", "seed=1..999", "a {red|", "brightness=9",
    "64x64x64", "0x0", "99999x99999", "2026-13-45", "0001-01-01",
    "9999-12-31T23:59:59+14:00", "data:image/png;base64,AA",
)  # fmt: skip
EXPLAINED = Explanation(
    prompt="红色手提包",
    rows=1,
    columns=2,
    words=(WordMap(text="手提包", start=2, end=5, share=1.0, silent=False, levels=(255, 0)),),
)


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A home with two finished variants; the working folder is meanwhile one of good and bad files."""
    before, variables = Path.cwd(), dict(os.environ)
    with temporary_home() as home:
        place = home.parent / "work"
        (place / "folder").mkdir(parents=True)
        Image.new("RGB", (64, 64), "orange").save(place / "photo.png")
        (place / "cut.png").write_bytes((place / "photo.png").read_bytes()[:60])
        (place / "made.png").write_bytes(write_png(Image.new("RGB", (64, 64)), request(), origin()))
        (place / "text.png").write_text("not a picture")
        Image.new("L", (64, 64)).save(place / "plain.png")
        db = open_database(home)
        job = jobs.enqueue(db, request(variants=2))
        for variant in job.variants:
            jobs.finish_variant(db, variant, put_image(db, (place / "photo.png").read_bytes()), origin(variant))
        jobs.finish_job(db, job.id, State.DONE)
        (place / "texts.txt").write_text("红色手提包\nblue mug\n", encoding="utf-8")
        pair = NewItem(text="红色手提包", pictures=tuple(Shown(variant=variant) for variant in job.variants))
        create_session(db, SessionPlan(name="session", kind=SessionKind.PAIRS), [pair])
        for made in get_variants(db, job.variants):
            EXPLAINED.keep_at(explanation_path(home, made))
        db.close()
        os.chdir(place)
        os.environ |= {"T2I_HOME": str(home), "T2I_OFFLINE": "1"}
        try:
            with patch.object(batch, "see_through", _only_stored), patch.object(style_check, "_measure", _not_measured):
                yield home
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(variables)


def _only_stored(db: Database, settings: Settings, begin: Callable[[Engine], Sequence[Job]]) -> tuple[list[Job], bool]:
    """In place of `batch.see_through`: what no model has to be there for."""
    return list(begin(Engine(db, settings))), False


def _not_measured(settings: Settings, name: str, *_: Any) -> bool:
    """In place of the pictures that `style-check` would make."""
    return bool(find_model(settings, name))
