"""`kill -9` at random moments of a learning run: it goes on to the same adapter, and no half of one is ever offered."""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.console import load_settings
from t2i_studio.cli.simulation.made_up import made_up_pairs
from t2i_studio.cli.simulation.tastes import taste_judge
from t2i_studio.domain import Stage
from t2i_studio.engine.adapters import readable
from t2i_studio.settings import ROOT
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import open_database

KILLS = 20
PAIRS = 120
NOISE = 1e-6
"""Largest difference of a weight that rounding may make."""


def measure() -> list[Figure]:
    """One run left alone, and one of the same ratings killed KILLS times."""
    dice = random.Random(0)
    with temporary_home() as folder:
        ratings, alone, killed = (folder / name for name in ("ratings", "alone", "killed"))
        db = open_database(ratings)
        settings = load_settings(home=ratings)
        made_up_pairs(
            db, folder / "cache", settings, taste="warm_rich", pairs=PAIRS, seed=0, judge=taste_judge(Path("nowhere"))
        )
        db.close()
        shutil.copytree(ratings, alone)
        shutil.copytree(ratings, killed)
        begun = time.monotonic()
        _run(alone, None)
        whole = time.monotonic() - begun
        stages: list[str] = []
        halves = 0
        for _ in range(KILLS):
            _run(killed, dice.uniform(0.2, 0.6) * min(whole, 60.0))
            stage, half = _state(killed)
            stages.append(stage)
            halves += half
        while _state(killed)[0] != Stage.DECIDED:
            _run(killed, None)
        return [
            Figure("kills", KILLS, "times"),
            Figure("stages in which they fell", len(set(stages)), "stages"),
            Figure("half adapters offered", halves, "adapters", 0),
            Figure("largest difference of a weight", _difference(alone, killed), "", NOISE),
            Figure("verdicts that differ", float(_verdict(alone) != _verdict(killed)), "verdicts", 0),
        ]


def _run(home: Path, seconds: float | None) -> None:
    """Begin the run of a home or take it on; kill it after so many seconds."""
    begun = _runs_of(home)
    words = ["resume", "1"] if begun else ["run", "--length", "quick"]
    command = [sys.executable, "-m", "t2i_studio", "finetune", *words, "--home", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()


def _runs_of(home: Path) -> int:
    """How many runs a home has."""
    db = open_database(home)
    try:
        return len(learning_runs.list_runs(db))
    finally:
        db.close()


def _state(home: Path) -> tuple[str, int]:
    """The stage of the run, and how many adapters are offered whose file is not whole."""
    db = open_database(home)
    try:
        offered = learnt_adapters.list_adapters(db)
        runs = learning_runs.list_runs(db)
        return (runs[0].stage if runs else "none"), sum(not readable(Path(each.path)) for each in offered)
    finally:
        db.close()


def _verdict(home: Path) -> str:
    db = open_database(home)
    try:
        verdict = learning_runs.get_run(db, 1).verdict
        return json.dumps(verdict and verdict.model_dump(mode="json"))
    finally:
        db.close()


def _difference(a: Path, b: Path) -> float:
    first, second = (load_file(next(home.glob("learning/run-1/adapter/*.safetensors"))) for home in (a, b))
    if first.keys() != second.keys():
        return float("inf")
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)
