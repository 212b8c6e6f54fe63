"""Best first: variants in the order of the taste that the ratings of their model tell."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from t2i_studio.brief.stated import stated
from t2i_studio.domain import Evidence, Noun, Scope, Variant
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError
from t2i_studio.learning.evidence import gather
from t2i_studio.learning.features import Look, kept_looks, looks
from t2i_studio.learning.held_out import product_of
from t2i_studio.learning.reward import Reward, Seen, fit
from t2i_studio.learning.taste_words import Leaning, leanings
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.store.variants import get_variants

JUDGED = "podium"
"""The model in whose concepts the judge speaks; every model's prompts are read in them."""


class Place(Noun):
    """A variant's place among others. probability: that it is preferred to another one of them, 0–1. score: log-odds,
    which also compares between descriptions; sd: how unsure it is.
    """

    variant: int
    probability: float
    score: float
    sd: float


@dataclass(frozen=True)
class Taste:
    """A reward that is surely better than chance, and what it prefers."""

    reward: Reward

    @cached_property
    def leanings(self) -> tuple[Leaning, ...]:
        return leanings(self.reward)


class Tastes:
    """The tastes of a home, learnt when they are asked for and again when there are other ratings; threads may share
    it. Learning takes a second or two and needs the looks of all rated pictures.
    """

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._settings = db, settings
        self._known: dict[Scope, tuple[str, Taste | StudioError]] = {}
        self._turn = threading.Lock()

    def taste(self, model: str, team: str = "", session: int | None = None) -> Taste:
        """What the ratings of a model tell, or those of one session. Raises StudioError reward.too_few, reward.unsure,
        model.unknown, and those of `features.looks`.
        """
        scope = Scope(model=model, team=team, session=session)
        with self._turn:
            evidence = gather(self._db, scope, _weights(self._db, self._settings, model))
            state = hashlib.sha256(evidence.model_dump_json().encode()).hexdigest()
            if scope not in self._known or self._known[scope][0] != state:
                self._known[scope] = (state, self._learnt(evidence))
            found = self._known[scope][1]
        if isinstance(found, StudioError):
            raise StudioError(found.key, **found.params)
        return found

    def _learnt(self, evidence: Evidence) -> Taste | StudioError:
        try:
            reward = fit(evidence, seen(self._db, self._settings, evidence))
        except StudioError as error:
            return error
        return Taste(reward) if reward.usable else _unsure(evidence.scope.model, reward)

    def ranked(self, taste: Taste, variants: Sequence[Variant]) -> tuple[Place, ...]:
        """Best first, of those that have a readable picture; looks that are not kept yet are computed."""
        return self._ordered(taste, variants, looks(self._db, self._settings, _images(variants)))

    def ranked_so_far(self, taste: Taste, variants: Sequence[Variant]) -> tuple[Place, ...]:
        """As `ranked`, of those only whose looks are kept."""
        return self._ordered(taste, variants, kept_looks(self._db, self._settings, _images(variants)))

    def _ordered(self, taste: Taste, variants: Sequence[Variant], known: dict[str, Look]) -> tuple[Place, ...]:
        there = [variant for variant in variants if variant.image in known]
        if not there:
            return ()
        facts = [facts_of(self._settings, variant) for variant in there]
        columns = taste.reward.columns([known[variant.image or ""] for variant in there], facts)
        scores, spreads = taste.reward.score(columns)
        places = [
            Place(
                variant=variant.id,
                probability=_against_others(taste.reward, columns, number),
                score=float(scores[number]),
                sd=float(spreads[number]),
            )
            for number, variant in enumerate(there)
        ]
        return tuple(sorted(places, key=lambda place: (-place.score, place.variant)))


def _against_others(reward: Reward, columns: np.ndarray, number: int) -> float:
    others = np.delete(columns, number, 0)
    return float(reward.probability(columns[number], others).mean()) if len(others) else 0.5


def seen(db: Database, settings: Settings, evidence: Evidence) -> dict[int, Seen]:
    """The pictures of the evidence as a reward learns from them; those that cannot be read are left out."""
    numbers = {p.better for p in evidence.preferences} | {p.worse for p in evidence.preferences}
    variants = get_variants(db, sorted(numbers | {o.variant for o in evidence.opinions}))
    known = looks(db, settings, _images(variants))
    card = find_model(settings, JUDGED)
    products = {text: product_of(text, card) for text in {variant.request.text for variant in variants}}
    return {
        variant.id: Seen(
            look=known[variant.image],
            facts=facts_of(settings, variant),
            product=products[variant.request.text],
        )
        for variant in variants
        if variant.image in known
    }


def facts_of(settings: Settings, variant: Variant) -> dict[str, str]:
    """What the variant's request asks for, in the judge's ids, whatever model it was made for."""
    return stated(variant.request, find_model(settings, JUDGED))


def _images(variants: Sequence[Variant]) -> list[str]:
    return [variant.image for variant in variants if variant.image]


def _weights(db: Database, settings: Settings, model: str) -> str | None:
    card = find_model(settings, model)
    return weight_hash(card.folder, db.home / "cache" / "weights.json") if card.folder else None


def _unsure(model: str, reward: Reward) -> StudioError:
    accuracy = reward.check.accuracy
    right, low = (f"{value:.0%}" if value is not None else "–" for value in (accuracy.value, accuracy.low))
    return StudioError("reward.unsure", model=model, have=reward.judgements, accuracy=right, low=low)
