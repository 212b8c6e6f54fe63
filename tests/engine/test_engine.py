"""The engine's promises, kept on every class of model."""

from t2i_studio.domain import State
from t2i_studio.store.variants import get_variants


def test_makes_the_asked_variants(engine, db, request_for):
    job = engine.submit(request_for(variants=3))
    status = engine.wait(job.id, 60)
    assert status.error is None
    assert status.state is State.DONE
    assert len({variant.image for variant in get_variants(db, job.variants)}) == 3
