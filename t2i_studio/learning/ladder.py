"""Which method the ratings are enough for, and why.

The numbers are judgement, from reports of how much each method needs; they are here to be corrected.
"""

from typing import Any

from pydantic import Field

from t2i_studio.domain import Evidence, Method, Noun, Opinion, Preference
from t2i_studio.errors import StudioError

FLOOR = 30
"""Usable ratings below which no adapter is trained."""
PAIRS = 100
SINGLES = 100
SIDE = 10
"""Opinions that each side must have, for and against, to be learnt from as such."""
LIKED = 30


class Sentence(Noun):
    """A row of assets/words/errors.json and what fills it."""

    key: str
    params: dict[str, Any] = Field(default_factory=dict)

    @property
    def error(self) -> StudioError:
        """To be raised, or said in a language."""
        return StudioError(self.key, **self.params)


class Tally(Noun):
    """How much the ratings say. usable: judgements that say something. preferences: those derived from stars too. good,
    bad: opinions by stars, faults and "all bad", not by choices. liked: pictures with more answers for than against,
    choices too; chosen: those of them that no stars speak for. pictures, descriptions: how many were judged. alike: all
    ratings say the same of every picture.
    """

    usable: int = 0
    preferences: int = 0
    derived: int = 0
    good: int = 0
    bad: int = 0
    liked: int = 0
    chosen: int = 0
    pictures: int = 0
    descriptions: int = 0
    alike: bool = False


def tally(evidence: Evidence) -> Tally:
    """Count what the evidence says."""
    rows: tuple[Preference | Opinion, ...] = (*evidence.preferences, *evidence.opinions)
    compared = {judgement for each in evidence.preferences for judgement in each.judgements if judgement.comparison}
    singles = [each for each in evidence.opinions if not compared.intersection(each.judgements)]
    balance: dict[int, int] = {}
    for each in evidence.opinions:
        balance[each.variant] = balance.get(each.variant, 0) + (1 if each.good else -1)
    liked = {variant for variant, points in balance.items() if points > 0}
    by_stars = {each.variant for each in singles if each.good}
    said = {each.good for each in singles} | ({None} if evidence.left_out.get("middle") else set())
    return Tally(
        usable=len({judgement for each in rows for judgement in each.judgements}),
        preferences=len(evidence.preferences),
        derived=sum(len(each.judgements) > 1 for each in evidence.preferences),
        good=sum(each.good for each in singles),
        bad=sum(not each.good for each in singles),
        liked=len(liked),
        chosen=len(liked - by_stars),
        pictures=len(balance.keys() | {id for each in evidence.preferences for id in (each.better, each.worse)}),
        descriptions=len({each.description for each in rows}),
        alike=not evidence.preferences and len(said) <= 1,
    )


def choose(found: Tally, *, short_of_memory: bool = False) -> tuple[Method, Sentence]:
    """The method and why. RERANK's reason is why no adapter can be trained, and what would help."""
    if lacking := lacks(found):
        return Method.RERANK, lacking[0]
    if found.preferences >= PAIRS:
        method = Method.MAPO if short_of_memory else Method.DPO
        return method, Sentence(
            key=f"learning.by_{method}", params={"pairs": found.preferences, "derived": found.derived}
        )
    if found.good + found.bad >= SINGLES and min(found.good, found.bad) >= SIDE:
        params = {"good": found.good, "bad": found.bad, "pairs": found.preferences, "need": PAIRS}
        return Method.KTO, Sentence(key="learning.by_kto", params=params)
    if found.liked >= LIKED:
        params = {"liked": found.liked, "pairs": found.preferences, "need": PAIRS, "more": PAIRS - found.preferences}
        way = "chosen" if found.chosen > found.liked / 2 else "liked"
        return Method.SUPERVISED, Sentence(key=f"learning.by_{way}", params=params)
    more = PAIRS - found.preferences
    params = {"liked": found.liked, "need": LIKED, "pairs": found.preferences, "need_pairs": PAIRS, "more": more}
    return Method.RERANK, Sentence(key="learning.too_few_liked", params=params)


def lacks(found: Tally) -> list[Sentence]:
    """Why no adapter can be trained from ratings like these, whatever the method; empty: nothing stands against it."""
    why: list[tuple[bool, str, dict[str, int]]] = [
        (found.usable < FLOOR, "too_few", {"have": found.usable, "need": FLOOR, "more": FLOOR - found.usable}),
        (found.descriptions < 2, "one_description", {"count": found.usable}),
        (found.alike, "all_alike", {"count": found.usable}),
    ]
    return [Sentence(key=f"learning.{key}", params=params) for holds, key, params in why if holds]
