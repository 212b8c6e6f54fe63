"""Several variants at once, and memory that runs short."""

import dataclasses
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from t2i_studio.engine import precision
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.denoising import Start
from t2i_studio.engine.lanes import make_pictures
from t2i_studio.errors import StudioError
from tests.engine.conftest import BUILDERS, SIDE

SEEDS = [4, 5, 6, 7]


def mixed(model):
    """The model as on a GPU: one lane, several variants in a forward pass."""
    return dataclasses.replace(model, lanes=1, together=4)


def pixels(made):
    return np.asarray(made.picture).astype(int)


@pytest.mark.parametrize("name", BUILDERS)
def test_variants_side_by_side_equal_those_made_alone_bit_for_bit(load, request_for, name):
    model = load(name)
    assert model.lanes == 2
    request = accept(request_for(name), model.card)
    lanes = set()
    side_by_side = make_pictures(model, request, SEEDS, lambda *_: lanes.add(threading.get_ident()))
    assert len(lanes) >= 2
    for seed, made in zip(SEEDS, side_by_side, strict=True):
        (alone,) = make_pictures(model, request, [seed], lambda *_: None)
        assert made.together == 1
        assert np.array_equal(pixels(alone), pixels(made))


@pytest.mark.parametrize("name", BUILDERS)
def test_calls_side_by_side_may_start_from_a_picture_in_half_precision(load, request_for, monkeypatch, name):
    monkeypatch.setattr(precision, "fastest_dtype", lambda device: torch.bfloat16)
    model = load(name)
    request = accept(request_for(name), model.card)
    start = Start(Image.new("RGB", (SIDE, SIDE), "red"))
    for _ in range(5):
        assert len(make_pictures(model, request, SEEDS, lambda *_: None, start)) == len(SEEDS)


@pytest.mark.parametrize("name", BUILDERS)
def test_variants_in_the_same_passes_agree_with_those_made_alone(load, request_for, name):
    model = load(name)
    request = accept(request_for(name), model.card)
    for seed, made in zip(SEEDS, make_pictures(mixed(model), request, SEEDS, lambda *_: None), strict=True):
        (alone,) = make_pictures(model, request, [seed], lambda *_: None)
        assert made.together == 4
        error = np.square(pixels(alone) - pixels(made)).mean()
        assert 10 * np.log10(255**2 / max(error, 1e-9)) > 45


def run_out_of_memory(model, above):
    """Make the network fail for more than `above` variants; returns the numbers it was called with."""
    calls = []
    forward = model.pipe.unet.forward

    def short(sample, *args, **kwargs):
        calls.append(len(sample) // 2)
        if len(sample) // 2 > above:
            raise torch.OutOfMemoryError("out of memory")
        return forward(sample, *args, **kwargs)

    model.pipe.unet.forward = short
    return calls


def test_when_memory_is_short_the_group_is_split(load, request_for):
    model = load()
    request = accept(request_for(), model.card)
    plain = make_pictures(model, request, SEEDS, lambda *_: None)
    calls = run_out_of_memory(model, above=1)
    seen = set()
    pictures = make_pictures(mixed(model), request, SEEDS, lambda places, _: seen.update(places))
    assert [made.together for made in pictures] == [1, 1, 1, 1]
    assert max(calls) == 4
    assert seen == {0, 1, 2, 3}
    for one, other in zip(plain, pictures, strict=True):
        assert np.abs(pixels(one) - pixels(other)).max() <= 2


def test_when_memory_stays_short_all_measures_are_taken_and_a_sentence_told(load, request_for):
    model = load()
    taken = []
    model.rungs.append(lambda: taken.append("last"))
    run_out_of_memory(model, above=0)
    with pytest.raises(StudioError) as told:
        make_pictures(model, accept(request_for(), model.card), SEEDS, lambda *_: None)
    assert told.value.key == "memory.short"
    assert taken == ["last"]
    assert model.pipe.vae.use_tiling


def test_a_shortage_of_two_lanes_is_mended_by_one(load, request_for):
    model = load()
    request = accept(request_for(), model.card)
    forward, busy = model.pipe.unet.forward, threading.Lock()

    def one_at_a_time(*args, **kwargs):
        if not busy.acquire(blocking=False):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        try:
            return forward(*args, **kwargs)
        finally:
            busy.release()

    model.pipe.unet.forward = one_at_a_time
    assert len(make_pictures(model, request, SEEDS, lambda *_: None)) == 4


def test_other_errors_are_not_taken_for_a_shortage(load, request_for):
    model = load()
    model.pipe.unet.forward = lambda *_, **__: 1 / 0
    with pytest.raises(ZeroDivisionError):
        make_pictures(model, accept(request_for(), model.card), [1], lambda *_: None)
