"""What was learnt, where pictures are asked for and shown: the switch on the Create page, and a variant's details."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from t2i_studio.brief.styles import own_adapters
from t2i_studio.domain import GenerationRequest, LearntAdapter, Variant
from t2i_studio.errors import StudioError
from t2i_studio.learning.joining import join, usable
from t2i_studio.store.learnt_adapters import list_adapters
from t2i_studio.ui.studio import Studio, Visitor

Answer = dict[str, Any]
MANY = 1000


class Taste(BaseModel):
    """The switch as its part of the page sends it: whether what was learnt joins, and for which team."""

    model_config = ConfigDict(frozen=True)

    on: bool = True
    team: str = ""


AS_USUAL = Taste()
"""The switch as it begins."""


def taste_of(value: Any) -> Taste:
    """None is the switch as it begins. Raises StudioError page.payload."""
    try:
        return Taste.model_validate(value or {})
    except ValidationError as error:
        raise StudioError("page.payload", name="learnt") from error


def with_taste(studio: Studio, requests: Sequence[GenerationRequest], taste: Taste) -> tuple[GenerationRequest, ...]:
    """The requests as they are made: with what was learnt, where that is wanted and none names an adapter."""
    return join(studio.db, studio.settings, requests, taste.team) if taste.on else tuple(requests)


def shown_taste(studio: Studio, request: GenerationRequest, *, exactly: bool) -> Answer | None:
    """The switch for a request that is shown in the form: on for one made with what is in use now; off for one made
    without, where it is shown to be made `exactly` so again. None: it stays as it is.
    """
    own = own_adapters(request.adapters, request.model)
    if (team := in_use(studio, request)) is not None:
        return Taste(on=True, team=team).model_dump()
    return Taste(on=False).model_dump() if exactly and not own else None


def in_use(studio: Studio, request: GenerationRequest) -> str | None:
    """The team whose adapter, in use now, is the request's only one."""
    own = own_adapters(request.adapters, request.model)
    if len(own) != 1:
        return None
    for adapter in list_adapters(studio.db, request.model, limit=MANY):
        used = usable(studio.db, studio.settings, adapter.model, adapter.team) if adapter.adopted else ()
        if [(one.path, one.scale) for one in used] == [(own[0].path, own[0].scale)]:
            return adapter.team
    return None


def learnt_tastes(studio: Studio, visitor: Visitor, *, model: str) -> Answer:
    """What is in use for a model, each team's own; works: whether it can be used now."""
    adopted = [one for one in list_adapters(studio.db, model, limit=MANY) if one.adopted]
    return {
        "tastes": [
            {
                "team": one.team,
                "version": one.version,
                "run": one.run,
                "works": bool(usable(studio.db, studio.settings, model, one.team)),
            }
            for one in sorted(adopted, key=lambda one: one.team)
        ]
    }


def learnt_of(variant: Variant, known: Iterable[LearntAdapter]) -> Answer | None:
    """Which of the learnt adapters a variant was made with, by its weights; a request not yet made, by its folder."""
    origin = variant.origin
    used = origin.adapters if origin else variant.request.adapters
    for adapter in used:
        for one in known:
            if adapter.hash == one.hash or (adapter.hash is None and adapter.path == one.path):
                return {"version": one.version, "run": one.run, "model": one.model, "team": one.team}
    return None
