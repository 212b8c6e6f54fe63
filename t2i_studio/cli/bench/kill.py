"""`kill -9` at random moments of a batch and of rating: what was confirmed is there, once; the rest resumes.

A child process makes batches and rates what is finished, saying each thing once it is confirmed to it; this
process kills it and holds what it said against the store.
"""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from t2i_studio.brief.requests import make_request
from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.console import load_settings
from t2i_studio.domain import State
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import ROOT
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import image_path
from t2i_studio.store.jobs import list_jobs, mark_interrupted
from t2i_studio.store.maintenance import check_store
from t2i_studio.store.raters import rater_named
from t2i_studio.store.ratings import rate, ratings_of
from t2i_studio.store.variants import get_variant

KILLS = 50
LONGEST = 2.0
"""Seconds after its first sign within which the child is killed."""
VARIANTS, STEPS = 3, 2


def measure() -> list[Figure]:
    """What KILLS kills have cost."""
    dice = random.Random(0)
    lost_pictures = lost_ratings = doubled = unsound = 0
    with temporary_home() as home:
        open_database(home).close()
        said: list[list[str]] = []
        for _ in range(KILLS):
            said += _run_and_kill(home, dice.uniform(0, LONGEST))
        db = open_database(home)
        unsound += sum(not problem.harmless for problem in check_store(db))
        for kind, variant, proof in said:
            if kind == "picture":
                lost_pictures += not _has_picture(db, int(variant), proof)
            else:
                times = sum(str(rating.id) == proof for rating in ratings_of(db, int(variant)))
                lost_ratings += times == 0
                doubled += times > 1
        mark_interrupted(db)
        interrupted = len(list_jobs(db, (State.INTERRUPTED,), limit=1000))
        unfinished = _resume_all(db, home)
        db.close()
    confirmed = [kind for kind, _, _ in said]
    return [
        Figure("kills", KILLS, "times"),
        Figure("pictures confirmed", confirmed.count("picture"), "pictures"),
        Figure("ratings confirmed", confirmed.count("rating"), "ratings"),
        Figure("confirmed pictures lost or changed", lost_pictures, "pictures", 0),
        Figure("confirmed ratings lost", lost_ratings, "ratings", 0),
        Figure("confirmed ratings doubled", doubled, "ratings", 0),
        Figure("lost or damaged things in the store", unsound, "problems", 0),
        Figure("interrupted batches shown", interrupted, "batches"),
        Figure("interrupted batches that did not resume", unfinished, "batches", 0),
    ]


def _run_and_kill(home: Path, after: float) -> list[list[str]]:
    """What the child had said when it was killed, `after` seconds from its first line."""
    command = [sys.executable, "-c", f"from {__name__} import work; work({str(home)!r})"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        if not first:
            raise RuntimeError("the working process ended before its first picture")
        threading.Timer(after, child.kill).start()
        lines = [first, *child.stdout]
    return [line.split() for line in lines if line.endswith("\n")]


def work(home: str) -> None:
    """The child: make and rate pictures without end. Run in a process of its own."""
    settings = load_settings(home=home)
    db = open_database(settings.home)
    engine = Engine(db, settings)
    engine.start()
    card = find_model(settings, settings.model)
    me = rater_named(db, str(os.getpid()))
    while True:
        job = engine.submit(make_request("红色手提包 red handbag", card, variants=VARIANTS, steps=STEPS))
        told: set[int] = set()
        while len(told) < VARIANTS:
            for variant in engine.status(job.id).variants:
                if variant.image and variant.id not in told:
                    told.add(variant.id)
                    print("picture", variant.id, variant.image, flush=True)
                    for stars in range(1, 6):
                        print("rating", variant.id, rate(db, variant.id, me, stars=stars).id, flush=True)
            time.sleep(0.005)


def _has_picture(db: Database, variant: int, sha: str) -> bool:
    found = get_variant(db, variant)
    content = image_path(db, sha).read_bytes()
    return found.image == sha and hashlib.sha256(content).hexdigest() == sha


def _resume_all(db: Database, home: Path) -> int:
    """Resume every interrupted batch; how many did not end well."""
    engine = Engine(db, load_settings(home=home))
    engine.start()
    batches = [job.id for job in list_jobs(db, (State.INTERRUPTED,), limit=1000)]
    for batch in batches:
        engine.resume(batch)
    ended = [engine.wait(batch, 600).state for batch in batches]
    engine.close()
    return sum(state is not State.DONE for state in ended)
