"""A person's judgement of a picture."""

from datetime import datetime

from t2i_studio.domain.noun import Noun


class Rating(Noun):
    """One judgement; append-only, a changed mind is a new row. faults: codes of assets/faults.json."""

    id: int
    variant: int
    rater: str
    stars: int | None
    faults: tuple[str, ...] = ()
    note: str = ""
    created: datetime
