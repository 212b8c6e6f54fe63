"""Before anything is trained: what the ratings are, whether they agree and are enough, for which method, at what cost.

It takes seconds and no deep-learning library.
"""

import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

from pydantic import Field

from t2i_studio.domain import Evidence, Judgement, Length, Method, Noun, Part, Scope, Vote
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.weights import weight_hash
from t2i_studio.feedback.agreement import Agreement
from t2i_studio.feedback.raters import rater_measures
from t2i_studio.learning.consistency import Contradicted, agreements, contradicted, none
from t2i_studio.learning.evidence import Rated, rated
from t2i_studio.learning.held_out import product_of
from t2i_studio.learning.ladder import Sentence, Tally, choose, lacks, tally
from t2i_studio.learning.plan import SMALL, plan_training
from t2i_studio.learning.split import Split, split
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database

GONE = ("deleted", "other_model", "from_picture", "withdrawn", "excluded")
"""Why judgements are left out, where a user would miss them."""


class Measured(Noun):
    """What a step of training was seen to cost. other_seconds: of all that is done besides, looking at ratings, making
    and comparing pictures; None where no run came to a verdict yet. gigabytes: the most memory that was in use.
    """

    seconds_per_step: float
    other_seconds: float | None = None
    gigabytes: float | None = None

    def seconds(self, steps: int) -> float:
        """That a run takes with so many steps; at least."""
        return steps * self.seconds_per_step + (self.other_seconds or 0)


class Preflight(Noun):
    """What was found; no rater's id is in it. left_out: judgements that say nothing, by reason (`domain.Evidence`).

    raters: how many; flags: how many of them seem to answer carelessly, by how (feedback.raters.Flag). products: how
    many judgements are about each. method, reason: how the ratings are learnt from and why. refusals: why not, when
    they are not (method RERANK). warnings: what to know all the same. trained, checked: judgements on each side of the
    split, which is by product, or by description where there is one product only. steps: of training. seconds: of
    the whole run, or of training alone where none was seen to its end. seconds, gigabytes: None where no step was
    measured.
    """

    scope: Scope
    length: Length
    found: Tally
    left_out: dict[str, int]
    raters: int
    flags: dict[str, int]
    choices: Agreement
    stars: Agreement
    contradicted: Contradicted
    products: dict[str, int]
    method: Method
    reason: Sentence
    refusals: tuple[Sentence, ...] = ()
    warnings: tuple[Sentence, ...] = ()
    trained: int = 0
    checked: int = 0
    apart_by: Literal["product", "description"] = "product"
    steps: int = 0
    seconds: float | None = None
    gigabytes: float | None = Field(None, description="the most memory in use, as measured")


@dataclass(frozen=True)
class Examined:
    """The ratings of a scope, what they are enough for, and the judgements with their parts, for the store."""

    evidence: Evidence
    preflight: Preflight
    examples: list[tuple[Judgement, Part]]


def examine(
    db: Database,
    settings: Settings,
    scope: Scope,
    length: Length,
    measured: Measured | None = None,
    *,
    short_of_memory: bool = False,
) -> Examined:
    """Look at the ratings of a scope as they are now. Raises StudioError model.unknown, model.corrupt, session.unknown.

    What refuses is in the preflight, not raised.
    """
    card = find_model(settings, scope.model)
    weights = weight_hash(card.folder, db.home / "cache" / "weights.json") if card.folder else None
    ratings = rated(db, scope, weights)
    size = network_size(card.folder) if card.folder else None
    apart = split(ratings.evidence, lambda text: product_of(text, card))
    found = look(ratings, apart, length, size, measured, short_of_memory=short_of_memory)
    return Examined(ratings.evidence, found, list(apart.parts.items()))


def look(
    ratings: Rated,
    apart: Split,
    length: Length,
    size: int | None = None,
    measured: Measured | None = None,
    *,
    short_of_memory: bool = False,
) -> Preflight:
    """The preflight of ratings and their split. size: weights of the network that learns; None: not known."""
    evidence = ratings.evidence
    found, clash = tally(evidence), contradicted(evidence.preferences)
    choices, stars = agreements(ratings.judged)
    method, reason = choose(found, short_of_memory=short_of_memory)
    refusals = list(_refusals(found, evidence, method, reason, clash, (choices, stars)))
    if refusals:
        method, reason = Method.RERANK, refusals[0]
    trained = apart.count(Part.TRAIN)
    steps = 0 if method is Method.RERANK else plan_training(method, trained, length, size or SMALL).steps
    raters = {vote.rater for vote in ratings.judged}
    measures = [each for each in rater_measures(_of_sessions(ratings)) if each.rater in raters]
    preflight = Preflight(
        scope=ratings.scope,
        length=length,
        found=found,
        left_out=evidence.left_out,
        raters=len(raters),
        flags=dict(Counter(flag.value for each in measures for flag in each.flags)),
        choices=choices,
        stars=stars,
        contradicted=clash,
        products=apart.products,
        method=method,
        reason=reason,
        refusals=tuple(refusals),
        trained=trained,
        checked=apart.count(Part.CHECK),
        apart_by=apart.by,
        steps=steps,
        seconds=measured.seconds(steps) if measured else None,
        gigabytes=measured.gigabytes if measured else None,
    )
    flagged = sum(bool(each.flags) for each in measures)
    return preflight.model_copy(update={"warnings": tuple(_warnings(preflight, flagged))})


def _of_sessions(ratings: Rated) -> list[Vote]:
    """Only there it is known for sure where each picture stood, and how long it was in sight."""
    return [vote for vote in ratings.votes if vote.assignment > 0]


def _refusals(
    found: Tally,
    evidence: Evidence,
    method: Method,
    reason: Sentence,
    clash: Contradicted,
    agreed: tuple[Agreement, Agreement],
) -> Iterator[Sentence]:
    """The one to be told first comes first."""
    left_out, model = evidence.left_out, evidence.scope.model
    if not found.usable:
        gone = [(count, why) for why in GONE if (count := left_out.get(why, 0))]
        for count, why in sorted(gone, reverse=True):
            yield Sentence(key=f"learning.all_{why}", params={"count": count, "model": model})
        if not gone:
            key = "learning.all_alike" if left_out.get("tie") or left_out.get("middle") else "learning.nothing_rated"
            count = left_out.get("tie", 0) + left_out.get("middle", 0)
            yield Sentence(key=key, params={"count": count, "model": model})
        return
    if method is Method.RERANK:
        yield from lacks(found) or [reason]
    if clash.much:
        percent, pairs = round(100 * (clash.value or 0)), clash.pairs
        yield Sentence(key="learning.contradictory", params={"percent": percent, "pairs": pairs})
    elif any(none(each) for each in agreed):
        worst = min((each for each in agreed if none(each)), key=lambda each: each.alpha or 0)
        yield Sentence(key="learning.no_agreement", params={"items": worst.items, "alpha": round(worst.alpha or 0, 2)})


def _warnings(found: Preflight, flagged: int) -> Iterator[Sentence]:
    if found.raters == 1:
        yield Sentence(key="learning.one_rater")
    elif found.raters and not (found.choices.items or found.stars.items):
        yield Sentence(key="learning.agreement_unknown", params={"raters": found.raters})
    if flagged:
        yield Sentence(key="learning.careless", params={"flagged": flagged, "raters": found.raters})
    if found.found.usable:
        for why in GONE:
            if count := found.left_out.get(why, 0):
                yield Sentence(key=f"learning.left_{why}", params={"count": count})
    if found.method is not Method.RERANK:
        if not found.checked:
            yield Sentence(key="learning.nothing_checks", params={"products": len(found.products)})
        elif found.apart_by == "description":
            yield Sentence(key="learning.one_product", params={"product": next(iter(found.products))})


def network_size(folder: Path) -> int | None:
    """How many weights the network of a diffusers folder has, by the headers of its files; None for other formats.

    A header is 8 bytes (its length, little-endian) and JSON with each tensor's shape (safetensors' README, Format).
    """
    for part in ("unet", "transformer"):
        files = sorted((folder / part).glob("*.safetensors"))
        files = [file for file in files if ".fp16." not in file.name] or files
        if files:
            return sum(map(_weights, files))
    return None


def _weights(file: Path) -> int:
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header = json.loads(opened.read(length))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
