"""How much sooner the studio has four variants than a plain call of diffusers on the same folder."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from t2i_studio.brief.requests import make_request
from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.bench.variants import DESCRIPTION
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.settings import Settings

TURNS, VARIANTS = 5, 4
SCRIPT = """
import sys, time, torch
from diffusers import StableDiffusionPipeline
folder, text, steps, guidance, variants = sys.argv[1:]
pipe = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)
for line in sys.stdin:
    began = time.perf_counter()
    pipe(text, num_inference_steps=int(steps), guidance_scale=float(guidance), num_images_per_prompt=int(variants))
    print(time.perf_counter() - began, flush=True)
"""


def measure() -> list[Figure]:
    """Both used once; then they take turns, and the medians count."""
    from t2i_studio.engine.engine import Engine
    from t2i_studio.store.database import open_database

    with temporary_home() as home:
        settings = Settings(home=home)
        card = find_model(settings, settings.model)
        with closing(open_database(home)) as db, closing(Engine(db, settings)) as engine, _plain(card) as plain:
            engine.start()
            _ours(engine, card)
            turns = [(_ours(engine, card), _theirs(plain)) for _ in range(TURNS)]
    own, other = (statistics.median(times) for times in zip(*turns, strict=True))
    return [
        Figure("4 variants, the studio's engine", own, "s"),
        Figure("4 variants, a plain pipeline", other, "s"),
        Figure("its time, the engine's being 1", other / own, "×", 1.5, at_least=True),
    ]


def _ours(engine: Any, card: ModelCard) -> float:
    """Seconds from the request to the last of its pictures, which are then on disk and in the store."""
    began = time.perf_counter()
    job = engine.submit(make_request(DESCRIPTION, card, variants=VARIANTS))
    engine.wait(job.id, 120)
    return time.perf_counter() - began


@contextmanager
def _plain(card: ModelCard) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that runs SCRIPT, without the studio's settings of the libraries."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "MKL_"))}
    told = [card.source, DESCRIPTION, str(card.steps), str(card.guidance), str(VARIANTS)]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *told], env=mine, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            _theirs(process)
            yield process
        finally:
            process.kill()


def _theirs(plain: subprocess.Popen[str]) -> float:
    """Seconds of one call."""
    assert plain.stdin
    assert plain.stdout
    print(file=plain.stdin, flush=True)
    return float(plain.stdout.readline())
