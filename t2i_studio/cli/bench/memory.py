"""Resident memory over many pictures in a row: an hour's work must not cost more than the first minute's."""

import psutil

from t2i_studio.brief.requests import make_request
from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.console import load_settings
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.store.database import open_database

BATCHES, VARIANTS = 10, 50
WARM = 2
"""Batches until everything that is kept on purpose (weights, caches) is there."""


def measure() -> list[Figure]:
    """With the default model at one step: what stays behind does not depend on how long a picture takes."""
    process, resident = psutil.Process(), []
    with temporary_home() as home:
        settings = load_settings(home=home)
        db = open_database(home)
        engine = Engine(db, settings)
        engine.start()
        card = find_model(settings, settings.model)
        for _ in range(BATCHES):
            job = engine.submit(make_request("红色手提包 red handbag", card, variants=VARIANTS, steps=1))
            if (error := engine.wait(job.id).error) is not None:
                raise RuntimeError(str(error))
            resident.append(process.memory_info().rss)
        engine.close()
        db.close()
    base = resident[WARM - 1]
    drift = 100 * max(abs(value - base) for value in resident[WARM:]) / base
    return [
        Figure(f"resident memory over {BATCHES * VARIANTS} pictures, largest change", drift, "%", 5),
        Figure("resident memory", resident[-1] / 2**20, "MB"),
    ]
