"""How the adapter in use joins requests that name none."""

from collections.abc import Sequence
from pathlib import Path

from t2i_studio.brief.styles import own_adapters
from t2i_studio.domain import Adapter, GenerationRequest
from t2i_studio.engine.registry import find_model
from t2i_studio.learning.adoption import adapters_in_use
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.store.learnt_adapters import WEIGHTS


def join(
    db: Database, settings: Settings, requests: Sequence[GenerationRequest], team: str = ""
) -> tuple[GenerationRequest, ...]:
    """The requests with what was learnt for their models and this team.

    Where one of them names an adapter of the user's own, all stay as they are: what is compared must not change.
    Raises StudioError model.unknown, model.corrupt.
    """
    if any(own_adapters(request.adapters, request.model) for request in requests):
        return tuple(requests)
    models = {request.model for request in requests}
    learnt = {model: usable(db, settings, model, team) for model in models}
    return tuple(
        request.model_copy(update={"adapters": (*learnt[request.model], *request.adapters)}) for request in requests
    )


def usable(db: Database, settings: Settings, model: str, team: str = "") -> tuple[Adapter, ...]:
    """What is in use for a model and team; nothing where its file is gone, which must not stop people's work."""
    learnt = adapters_in_use(db, find_model(settings, model), team)
    return tuple(adapter for adapter in learnt if (Path(adapter.path) / WEIGHTS).is_file())
