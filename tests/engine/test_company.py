"""Which variants share forward passes, and that it is tried whether that changes their bits."""

import dataclasses

import numpy as np
import pytest

from t2i_studio.engine import company
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.company import room, sharing
from t2i_studio.engine.lanes import make_pictures


@pytest.fixture
def model(load):
    loaded = load()
    loaded.lanes, loaded.threads = 2, 1
    return loaded


def telling_company_apart(model):
    """Make the network's answer depend on how many it is asked at once."""
    forward = model.pipe.unet.forward

    def changed(sample, *args, **kwargs):
        told = forward(sample, *args, **kwargs)
        return (told[0] + 0.05 * len(sample), *told[1:])

    model.pipe.unet.forward = changed


@pytest.mark.parametrize(
    ("count", "groups"),
    [(1, [[0]]), (2, [[0], [1]]), (3, [[0, 1], [2]]), (4, [[0, 1], [2, 3]]), (9, [[0, 1, 2], [3, 4, 5], [6, 7, 8]])],
)
def test_variants_are_spread_over_lanes_before_they_share_passes(model, request_for, monkeypatch, count, groups):
    monkeypatch.setattr(company, "_try", lambda *_: True)
    request = accept(request_for(), model.card)
    shares = sharing(model, request, count)
    assert shares.groups == groups
    assert shares.lanes == min(count, 2)
    assert shares.traceless
    assert room(model, request) == 4
    assert room(dataclasses.replace(model, lanes=16), request) == 16


def test_where_company_leaves_a_trace_each_variant_has_passes_of_its_own(model, request_for):
    telling_company_apart(model)
    request = accept(request_for(), model.card)
    shares = sharing(model, request, 3)
    assert shares.groups == [[0], [1], [2]]
    assert room(model, request) == 2
    batch = make_pictures(model, request, [4, 5, 6], lambda *_: None)
    (alone,) = make_pictures(model, request, [6], lambda *_: None)
    assert np.array_equal(np.asarray(batch[2].picture), np.asarray(alone.picture))


def test_it_is_tried_once_for_each_kind_of_request(model, request_for, monkeypatch):
    tried = []
    monkeypatch.setattr(company, "_try", lambda _, request: tried.append(request.guidance) or True)
    request = accept(request_for(), model.card)
    for seed in range(3):
        sharing(model, request.model_copy(update={"seed": seed}), 4)
    assert len(tried) == 1
    sharing(model, request.model_copy(update={"guidance": 1.0}), 4)
    model.adapters = ("another",)
    sharing(model, request, 4)
    assert len(tried) == 3


def test_large_pictures_keep_a_core_busy_alone_and_nothing_is_tried(model, request_for, monkeypatch):
    monkeypatch.setattr(company, "_try", lambda *_: pytest.fail("tried"))
    monkeypatch.setattr(company, "SMALL_MAP", 10)
    assert sharing(model, accept(request_for(), model.card), 4).groups == [[0], [1], [2], [3]]


def test_a_machine_without_room_for_company_does_without(model, request_for):
    forward = model.pipe.unet.forward

    def short(sample, *args, **kwargs):
        if len(sample) > 2:  # two of a guided variant
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return forward(sample, *args, **kwargs)

    model.pipe.unet.forward = short
    assert len(make_pictures(model, accept(request_for(), model.card), [1, 2, 3], lambda *_: None)) == 3
