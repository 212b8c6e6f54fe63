"""`rate`: one judgement of one variant."""

from typing import Annotated

import typer

from t2i_studio.brief.values import whole
from t2i_studio.cli.console import Home, Json, answer, identifier, studio, words
from t2i_studio.errors import StudioError
from t2i_studio.store import ratings
from t2i_studio.store.raters import rater_named


def rate(
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="Number of the variant.")],
    stars: Annotated[str | None, typer.Option(metavar="N", help="1 to 5.")] = None,
    fault: Annotated[list[str] | None, typer.Option(metavar="F", help="A fault tag; repeat for more.")] = None,
    note: Annotated[str, typer.Option(metavar="T", help="A remark.")] = "",
    rater: Annotated[str, typer.Option(metavar="R", help="Name of the rater.")] = "local",
    home: Home = None,
    json: Json = False,
) -> None:
    """Rate a variant; it is on the disk when the command returns."""
    number = identifier("variant", variant)
    given = None if stars is None else whole("stars", stars, 1, 5)
    if given is None and not fault and not note.strip():
        raise StudioError("rating.empty")
    with studio(home) as (_, db):
        rating = ratings.rate(db, number, rater_named(db, rater), stars=given, faults=fault or (), note=note)
    line = words(f"Rated variant {number}.", f"已为变体 {number} 评分。")
    answer(rating.model_dump(mode="json"), line, json)
