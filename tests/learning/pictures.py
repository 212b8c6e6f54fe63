"""Makes pictures of known weights to be judged."""

from t2i_studio.domain import State
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin, request
from tests.store.studio import png

NOW = "0" * 64


def pictures(db: Database, text: str = "a red bag", count: int = 4, weights: str = NOW, **asked: object) -> list[int]:
    """Finished pictures of one description, made by these weights."""
    job = jobs.enqueue(db, request(text, variants=count, **asked))
    jobs.claim(db, job.id)
    for variant in job.variants:
        made = origin(variant).model_copy(update={"model_hash": weights})
        jobs.finish_variant(db, variant, put_image(db, png(variant)), made)
    jobs.finish_job(db, job.id, State.DONE)
    return list(job.variants)
