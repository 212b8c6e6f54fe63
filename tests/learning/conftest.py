"""Tiny models of four classes as trainees."""

from collections.abc import Callable

import pytest

from t2i_studio.domain import GenerationRequest
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.learning.trainee import Trainee
from tests.engine.conftest import db, load, request_for, settings, tiny_models

__all__ = ["db", "load", "request_for", "settings", "tiny_models"]


@pytest.fixture
def trainee(
    load: Callable[[str], LoadedModel], request_for: Callable[..., GenerationRequest]
) -> Callable[[str], Trainee]:
    """A tiny model by name, ready to learn."""

    def ready(name: str = "stable-diffusion") -> Trainee:
        model = load(name)
        return Trainee(model, accept(request_for(name), model.card))

    return ready
