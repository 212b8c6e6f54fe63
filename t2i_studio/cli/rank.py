"""`rank`: a batch best first, by the taste that the ratings of its model tell."""

from typing import Annotated

import typer

from t2i_studio.cli.console import Home, Json, answer, identifier, language, studio
from t2i_studio.cli.library import summary
from t2i_studio.learning.ranking import Tastes
from t2i_studio.learning.taste_words import reason, sureness, told
from t2i_studio.store.jobs import get_job
from t2i_studio.store.variants import get_variants


def rank(
    job: Annotated[str, typer.Option("--job", metavar="N", help="Number of the batch.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Order a batch's variants best first, and say which traits the ratings prefer and how sure that is."""
    number = identifier("batch", job)
    with studio(home) as (settings, db):
        batch = get_job(db, number)
        tastes = Tastes(db, settings)
        taste = tastes.taste(batch.request.model)
        made = {variant.id: variant for variant in get_variants(db, batch.variants) if not variant.deleted}
        places = tastes.ranked(taste, list(made.values()))
        rows = [summary(db, made[place.variant]) for place in places]
    accuracy = taste.reward.check.accuracy
    why, sure = reason(taste.leanings, language()), sureness(taste.reward, language())
    data = {
        "batch": number,
        "variants": [
            row | {"probability": round(place.probability, 4), "score": round(place.score, 4), "sd": round(place.sd, 4)}
            for row, place in zip(rows, places, strict=True)
        ],
        "reason": why,
        "sure": sure,
        "traits": [one.model_dump(mode="json") | {"words": told(one, language())} for one in taste.leanings],
        "ratings": taste.reward.judgements,
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "calibration": [each.model_dump(mode="json") for each in taste.reward.check.calibration],
    }
    lines = [f"{place.probability:>5.0%}  {row['path']}" for row, place in zip(rows, places, strict=True)]
    answer(data, "\n".join([*lines, why, sure]), json)
