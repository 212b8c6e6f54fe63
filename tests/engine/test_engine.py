"""The engine's promises, kept on every class of model."""

import io
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from t2i_studio.domain import Derivation, State
from t2i_studio.engine.infotext import read_png
from t2i_studio.engine.loading import TOGETHER
from t2i_studio.store.images import image_path, put_image
from t2i_studio.store.jobs import get_job
from t2i_studio.store.variants import get_variants
from tests.engine.conftest import BUILDERS, SIDE

CLASSES = tuple(BUILDERS)


def make(engine, db, request):
    """The finished variants of a request."""
    job = engine.submit(request)
    status = engine.wait(job.id, 120)
    assert status.error is None, status.error
    assert status.state is State.DONE
    return get_variants(db, job.variants)


def pixels(db, sha):
    with Image.open(image_path(db, sha)) as picture:
        return np.asarray(picture.convert("RGB"))


def stored(db, picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return put_image(db, buffer.getvalue())


def gradient():
    ramp = np.linspace(0, 255, SIDE, dtype=np.uint8)
    return Image.fromarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(128)), -1))


def right_half():
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:, SIDE // 2 :] = 255
    return Image.fromarray(mask)


@pytest.mark.parametrize("name", CLASSES)
def test_a_variant_of_a_batch_equals_the_same_request_alone_bit_for_bit(engine, db, request_for, name):
    batch = make(engine, db, request_for(name, variants=3, seed=11))
    alone = make(engine, db, request_for(name, variants=1, seed=13))
    assert np.array_equal(pixels(db, batch[2].image), pixels(db, alone[0].image))
    assert not np.array_equal(pixels(db, batch[0].image), pixels(db, batch[1].image))
    assert batch[2].origin.computed_together == 1
    assert batch[2].origin.pipeline == type(BUILDERS[name]()).__name__


@pytest.mark.parametrize("name", CLASSES)
def test_a_pictures_own_settings_make_the_same_pixels_again(engine, db, request_for, name):
    (first,) = make(engine, db, request_for(name))
    request = read_png(image_path(db, first.image))
    (again,) = make(engine, db, request)
    assert np.array_equal(pixels(db, first.image), pixels(db, again.image))


@pytest.mark.parametrize("name", CLASSES)
def test_inpainting_changes_the_mask_and_nothing_else(engine, db, request_for, name):
    request = request_for(
        name,
        derivation=Derivation.INPAINT,
        init_image=stored(db, gradient()),
        mask=stored(db, right_half()),
        variants=2,
    )
    first, second = make(engine, db, request)
    made = pixels(db, first.image)
    half = SIDE // 2
    assert np.array_equal(made[:, :half], np.asarray(gradient())[:, :half])
    assert np.abs(made[:, half + 4 :].astype(int) - np.asarray(gradient())[:, half + 4 :]).mean() > 5
    assert not np.array_equal(made, pixels(db, second.image))


@pytest.mark.parametrize("name", CLASSES)
def test_each_step_has_a_preview(engine, db, request_for, name):
    job = engine.submit(request_for(name, steps=8, variants=2))
    seen = set()
    while engine.status(job.id).state in (State.WAITING, State.RUNNING):
        for variant in engine.status(job.id).variants:
            if picture := engine.preview(variant.id):
                Image.open(io.BytesIO(picture)).load()
                seen.add((variant.id, variant.preview))
        time.sleep(0.001)
    assert engine.status(job.id).state is State.DONE
    assert {number for number, _ in seen} == set(job.variants)


@pytest.mark.parametrize("derivation", [Derivation.VARY_SUBTLE, Derivation.VARY_STRONG])
def test_variations_start_from_the_parent(engine, db, request_for, derivation):
    (parent,) = make(engine, db, request_for(steps=8))
    request = request_for(derivation=derivation, init_image=parent.image, parent=parent.id, seed=50, steps=8)
    (child,) = make(engine, db, request)
    assert child.request.parent == parent.id
    assert child.origin.strength == {"vary-subtle": 0.4, "vary-strong": 0.7}[derivation]
    assert not np.array_equal(pixels(db, child.image), pixels(db, parent.image))


def test_cancelling_keeps_what_is_finished(engine, db, request_for):
    job = engine.submit(request_for(steps=60, variants=6))
    while engine.status(job.id).variants[0].state is not State.DONE:
        time.sleep(0.005)
    engine.cancel(job.id)
    status = engine.wait(job.id, 30)
    states = [variant.state for variant in status.variants]
    assert status.state is State.CANCELLED
    assert states[0] is State.DONE
    assert State.CANCELLED in states
    assert set(states) == {State.DONE, State.CANCELLED}


def test_a_cancelled_batch_can_be_resumed_to_the_same_pixels(engine, db, request_for):
    whole = make(engine, db, request_for(steps=30, variants=3))
    job = engine.submit(request_for(steps=30, variants=3))
    engine.cancel(job.id)
    engine.wait(job.id, 30)
    engine.resume(job.id)
    assert engine.wait(job.id, 60).state is State.DONE
    resumed = get_variants(db, job.variants)
    for one, other in zip(whole, resumed, strict=True):
        assert np.array_equal(pixels(db, one.image), pixels(db, other.image))


def test_closing_leaves_unfinished_jobs_interrupted(engine, db, request_for):
    job = engine.submit(request_for(steps=100, variants=8))
    while engine.status(job.id).variants[0].step == 0:
        time.sleep(0.005)
    engine.close()
    assert get_job(db, job.id).state is State.INTERRUPTED


def test_a_waiting_users_first_variant_is_not_blocked_by_a_long_batch(engine, db, request_for):
    long = engine.submit(request_for(steps=40, variants=24, user="a"))
    short = engine.submit(request_for(steps=40, variants=1, user="b"))
    assert engine.status(short.id).ahead <= 1
    engine.wait(short.id, 60)
    done = [variant.state is State.DONE for variant in engine.status(long.id).variants]
    assert sum(done) < 2 * TOGETHER  # those being made when it came, and those that kept it company
    engine.cancel(long.id)


def test_time_left_is_told_once_a_step_is_measured(engine, db, request_for):
    job = engine.submit(request_for(steps=60, variants=4))
    told = None
    while told is None and engine.status(job.id).state is not State.DONE:
        told = engine.status(job.id).seconds_left
    assert told is not None
    assert told > 0
    engine.cancel(job.id)


def test_importing_the_engine_does_not_import_torch():
    code = "import sys, t2i_studio.engine.engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
