"""`variants` and `show`: finding pictures again."""

from datetime import datetime
from typing import Annotated, Any

import typer

from t2i_studio.brief.values import shown, whole
from t2i_studio.cli.console import Home, Json, answer, identifier, studio
from t2i_studio.domain import Variant
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.ratings import ratings_of
from t2i_studio.store.variants import MAX_PAGE, VariantQuery, family, get_variant, search


def moment(value: str | None) -> datetime | None:
    """An aware time from "2026-11-25" or "2026-11-25T08:30"; local time when it names no zone."""
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value.strip()).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise StudioError("date.invalid", value=shown(value)) from error


def summary(db: Database, variant: Variant) -> dict[str, Any]:
    """A variant as the lists print it. path: None until it has a picture."""
    return {
        "id": variant.id,
        "batch": variant.job,
        "state": variant.state.value,
        "text": variant.request.text,
        "seed": variant.seed,
        "stars": variant.stars,
        "faults": list(variant.faults),
        "favourite": variant.favourite,
        "model": variant.request.model,
        "sha256": variant.image,
        "path": str(image_path(db, variant.image)) if variant.image else None,
        "created": variant.created.isoformat(),
    }


def variants(
    text: Annotated[str, typer.Argument(metavar="[WORDS]", help="Words of the description.")] = "",
    stars: Annotated[str | None, typer.Option(metavar="N", help="At least so many stars.")] = None,
    favourite: Annotated[bool, typer.Option("--favourite", help="Only favourites.")] = False,
    unrated: Annotated[bool, typer.Option("--unrated", help="Only without stars.")] = False,
    fault: Annotated[str | None, typer.Option(metavar="F", help="With this fault tag.")] = None,
    model: Annotated[str | None, typer.Option(metavar="M", help="Made by this model.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this day or time on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Before this day or time.")] = None,
    sort: Annotated[str, typer.Option(metavar="ORDER", help="newest, oldest or stars.")] = "newest",
    deleted: Annotated[bool, typer.Option("--deleted", help="The deleted ones instead.")] = False,
    limit: Annotated[str, typer.Option(metavar="N", help=f"1 to {MAX_PAGE}.")] = "20",
    after: Annotated[str | None, typer.Option(metavar="PLACE", help="`next` of the page before.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List or search the variants made so far."""
    query = VariantQuery(
        words=text,
        stars_min=None if stars is None else whole("stars", stars, 1, 5),
        favourite=favourite or None,
        unrated=unrated or None,
        fault=fault,
        model=model,
        since=moment(since),
        until=moment(until),
        sort=sort,
        deleted=deleted,
    )
    with studio(home) as (_, db):
        page = search(db, query, after, whole("limit", limit, 1, MAX_PAGE))
        found = [summary(db, variant) for variant in page.items]
    lines = [f"{v['id']:>7}  {'★' * (v['stars'] or 0):<5}  {v['created'][:16]}  {v['text']}" for v in found]
    data = {"variants": found, "next": page.next, "total": page.total}
    answer(data, "\n".join([*lines, f"{len(found)} / {page.total}"]), json)


def show(
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="Number of the variant.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """All that made a variant, its ratings and its relations."""
    number = identifier("variant", variant)
    with studio(home) as (_, db):
        found = get_variant(db, number)
        relations = family(db, number)
        data = {
            **summary(db, found),
            "preset": found.request.preset,
            "corrections": found.request.corrections,
            "request": found.request.model_dump(mode="json"),
            "origin": found.origin.model_dump(mode="json") if found.origin else None,
            "ratings": [rating.model_dump(mode="json") for rating in ratings_of(db, number)],
            "ancestors": [ancestor.id for ancestor in relations.ancestors],
            "children": [child.id for child in relations.children],
        }
    answer(data, "\n".join(_outline(data)), json)


def _outline(data: object, indent: str = "") -> list[str]:
    """Nested data as indented `name: value` lines."""
    if not isinstance(data, dict):
        return [f"{indent}{data}"]
    lines = []
    for name, value in data.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{name}:", *_outline(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{indent}{name}:"] + [line for item in value for line in _outline(item, indent + "  ")]
        elif value not in (None, [], {}, ""):
            lines.append(f"{indent}{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return lines
