"""What a page can ask for: polling a job, judging, varying, finding, hiding. Answers are plain data.

Anyone who reaches the server can post anything here, so every payload is validated; an exception would reach
the page as a bare 500, so refusals are answers: {"error": sentence in the visitor's language}.
"""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import gradio as gr
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, validate_call
from typing_extensions import TypedDict, Unpack  # pydantic takes those of typing from Python 3.12 on

from t2i_studio.brief.requests import make_request
from t2i_studio.domain import Derivation, GenerationRequest, LearntAdapter, State, Variant
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.style_effects import effects_of
from t2i_studio.errors import StudioError
from t2i_studio.store import ratings, variants
from t2i_studio.store.grids import get_grid, grids_of
from t2i_studio.store.jobs import get_job, list_jobs
from t2i_studio.store.learnt_adapters import list_adapters
from t2i_studio.ui.learnt import MANY, learnt_of
from t2i_studio.ui.studio import Studio, Visitor, visitor_of

Answer = dict[str, Any]
Ids = Annotated[list[int], Field(min_length=1, max_length=500)]
PAGE = 48


def server_function(studio: Studio, action: Callable[..., Answer]) -> Callable[..., Answer]:
    """`action(studio, visitor, **payload)` as a function that Gradio can call from a script."""
    call = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(action)

    def function(payload: Any, request: gr.Request) -> Answer:
        visitor = visitor_of(request)
        try:
            return call(studio, visitor, **TypeAdapter(dict[str, Any]).validate_python(payload))
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "payload"
            return {"error": StudioError("page.payload", name=place).sentence(visitor.language)}
        except StudioError as error:
            return {"error": error.sentence(visitor.language), "key": error.key}

    function.__name__ = action.__name__
    function.__doc__ = inspect.getdoc(action)
    return function


def card(variant: Variant) -> Answer:
    """What a card shows of a variant."""
    request, origin = variant.request, variant.origin
    return {
        "id": variant.id,
        "job": variant.job,
        "index": variant.index,
        "state": variant.state,
        "image": variant.image,
        "width": origin.width if origin else request.width,
        "height": origin.height if origin else request.height,
        "text": request.text,
        "seed": variant.seed,
        "stars": variant.stars,
        "faults": list(variant.faults),
        "favourite": variant.favourite,
        "derivation": request.derivation,
        "parent": request.parent,
        "created": variant.created.isoformat(),
        "deleted": variant.deleted,
    }


def poll(studio: Studio, visitor: Visitor, *, job: int) -> Answer:
    """A job and its cards as they are now."""
    status = studio.engine.status(job)
    request = get_job(studio.db, job).request
    made = variants.get_variants(studio.db, [live.id for live in status.variants])
    cards = []
    for variant, live in zip(made, status.variants, strict=True):
        if not variant.deleted:
            now = {"state": live.state, "step": live.step, "steps": live.steps, "preview": live.preview}
            cards.append(card(variant) | now)
    return {
        "job": {
            "id": job,
            "state": status.state,
            "ahead": status.ahead,
            "left": status.seconds_left,
            "text": request.text,
            "derivation": request.derivation,
            "parent": request.parent,
            "dropped": list(request.prompt.dropped),
            "error": sentence(status.error, visitor),
        },
        "cards": cards,
    }


def sentence(error: Any, visitor: Visitor) -> str | None:
    """The sentence of a job's stored error."""
    return StudioError(error["key"], **error["params"]).sentence(visitor.language) if error else None


def interrupted(studio: Studio, visitor: Visitor) -> Answer:
    """The five newest batches, or whole grids (by their number in `sheet`), that a stopped process left unfinished."""
    jobs = list_jobs(studio.db, (State.INTERRUPTED,), limit=1000)
    grids = grids_of(studio.db, [job.id for job in jobs])
    rows: dict[tuple[int | None, int | None], Answer] = {}
    for job in jobs:
        sheet = grids.get(job.id)
        key = (sheet, None if sheet else job.id)
        if key in rows:
            continue
        if len(rows) == 5:
            break
        members = get_grid(studio.db, sheet).jobs if sheet else (job,)
        numbers = [number for member in members for number in member.variants]
        done = sum(v.state is State.DONE for v in variants.get_variants(studio.db, numbers))
        rows[key] = {"id": job.id, "sheet": sheet, "text": job.request.text, "done": done, "of": len(numbers)}
    return {"jobs": list(rows.values())}


def recent(studio: Studio, visitor: Visitor) -> Answer:
    """The newest pictures, for a page with no job on it."""
    page = variants.search(studio.db, variants.VariantQuery(), limit=12)
    return {"cards": [card(variant) for variant in page.items], "total": page.total}


def style_effects(studio: Studio, visitor: Visitor, *, model: str) -> Answer:
    """How well each style slider works with a model, as far as that was measured."""
    known = effects_of(find_model(studio.settings, model), studio.db.home / "cache")
    return {"effects": {name: one.model_dump(mode="json") | {"works": one.works} for name, one in known.items()}}


def cancel(studio: Studio, visitor: Visitor, *, job: int) -> Answer:
    studio.engine.cancel(job)
    return {"job": job}


def resume(studio: Studio, visitor: Visitor, *, job: int) -> Answer:
    return {"job": studio.engine.resume(job).id}


def rate(
    studio: Studio,
    visitor: Visitor,
    *,
    id: int,
    stars: Annotated[int, Field(ge=1, le=5)] | None = None,
    faults: Annotated[list[str], Field(max_length=20)] = [],  # noqa: B006  (pydantic copies it)
    note: str = "",
    nonce: str | None = None,
) -> Answer:
    """A whole judgement; on the disk before the page says thank you."""
    ratings.rate(studio.db, id, visitor.rater, stars=stars, faults=faults, note=note, nonce=nonce)
    return {"card": card(variants.get_variant(studio.db, id))}


def favourite(studio: Studio, visitor: Visitor, *, id: int, on: bool) -> Answer:
    variants.set_favourite(studio.db, id, on)
    return {"card": card(variants.get_variant(studio.db, id))}


def vary(studio: Studio, visitor: Visitor, *, id: int, how: Literal["subtle", "strong"]) -> Answer:
    """New variants near an old one: as many as its batch had, at most four."""
    parent = variants.get_variant(studio.db, id)
    if parent.image is None:
        raise StudioError("request.parent_unfinished", variant=id)
    request = make_request(
        **_same(studio, parent.request),
        variants=min(4, parent.request.variants) if parent.request.variants > 1 else 4,
        derivation=Derivation.VARY_SUBTLE if how == "subtle" else Derivation.VARY_STRONG,
        parent=parent,
        user=visitor.user,
    )
    return {"job": studio.engine.submit(request).id}


def again(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """The same settings with new seeds."""
    old = variants.get_variant(studio.db, id).request
    fresh = make_request(**_same(studio, old), user=visitor.user)
    kept = old.model_copy(update={"seed": fresh.seed, "user": visitor.user})
    return {"job": studio.engine.submit(GenerationRequest.model_validate(kept.model_dump())).id}


def _same(studio: Studio, old: GenerationRequest) -> dict[str, Any]:
    """What a derived batch keeps of the batch it came from."""
    return {
        "text": old.text,
        "model": find_model(studio.settings, old.model),
        "style": old.style,
        "marks": old.marks,
        "preset": old.preset,
        "market": old.market,
        "negative": old.prompt.negative,
        "prompt": old.prompt.text if old.prompt.edited else None,
        "adapters": old.adapters,
        "size": (old.width, old.height) if old.width and old.height else None,
        "steps": old.steps,
        "guidance": old.guidance,
        "sampler": old.sampler,
    }


def remove(studio: Studio, visitor: Visitor, *, ids: Ids) -> Answer:
    variants.delete(studio.db, ids)
    return {"ids": ids}


def restore(studio: Studio, visitor: Visitor, *, ids: Ids) -> Answer:
    variants.restore(studio.db, ids)
    return {"ids": ids}


class Filters(TypedDict, total=False):
    """Of the gallery; empty ones do not matter."""

    words: str
    rating: Literal["", "1", "2", "3", "4", "5", "none"]
    favourite: bool
    fault: str
    model: str
    days: Literal["", "1", "7", "30", "365"]
    deleted: bool


def query_of(sort: str, filters: Filters) -> variants.VariantQuery:
    rating, days = filters.get("rating", ""), filters.get("days", "")
    return variants.VariantQuery(
        words=filters.get("words", "")[:200],
        stars_min=int(rating) if rating.isdigit() else None,
        unrated=True if rating == "none" else None,
        favourite=True if filters.get("favourite") else None,
        fault=filters.get("fault") or None,
        model=filters.get("model") or None,
        since=datetime.now(UTC) - timedelta(days=int(days)) if days else None,
        sort=sort,
        deleted=filters.get("deleted", False),
    )


def find(
    studio: Studio, visitor: Visitor, *, sort: str = "newest", after: str | None = None, **filters: Unpack[Filters]
) -> Answer:
    """A page of the gallery."""
    page = variants.search(studio.db, query_of(sort, filters), after, PAGE)
    return {"cards": [card(v) for v in page.items], "next": page.next, "total": page.total}


def detail(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """A variant with all that made it, its family and its ratings."""
    variant = variants.get_variant(studio.db, id)
    family = variants.family(studio.db, id)
    batch = variants.get_variants(studio.db, get_job(studio.db, variant.job).variants)
    known = list_adapters(studio.db, limit=MANY)
    return {
        "variant": _whole(variant, known),
        "ancestors": [_whole(v, known) for v in family.ancestors],
        "children": [_whole(v, known) for v in family.children],
        "batch": [card(v) for v in batch if v.image and not v.deleted],
        "ratings": [
            {
                "stars": rating.stars,
                "faults": list(rating.faults),
                "note": rating.note,
                "created": rating.created.isoformat(),
                "mine": rating.rater == visitor.rater,
            }
            for rating in ratings.ratings_of(studio.db, id)
        ],
    }


def _whole(variant: Variant, known: list[LearntAdapter]) -> Answer:
    origin = variant.origin.model_dump(mode="json") if variant.origin else None
    request = variant.request
    told = {"request": request.model_dump(mode="json"), "corrections": request.corrections, "origin": origin}
    told["learnt"] = learnt_of(variant, known)
    return card(variant) | told


CARD_ACTIONS = (rate, favourite, vary, remove, restore)
