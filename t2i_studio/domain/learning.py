"""Learning from ratings: what judgements teach, how a run uses them, and what came of it.

A *learning run* goes through stages: its ratings are looked at (preflight), an adapter is trained, old and new are
compared on descriptions and products that no rating was about, people may judge them blind, and a *verdict* is given.
An adapter with a good verdict may be *adopted*: it is then part of every request of its model and team that names none.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from t2i_studio.domain.noun import Noun


class Method(StrEnum):
    """How ratings are learnt from. RERANK trains no adapter: too few ratings, or all alike."""

    RERANK = "rerank"
    SUPERVISED = "supervised"
    DPO = "dpo"
    KTO = "kto"
    MAPO = "mapo"


class Length(StrEnum):
    """How long to train: the one choice besides which ratings."""

    QUICK = "quick"
    USUAL = "usual"
    LONG = "long"


class Stage(StrEnum):
    """Where a run is. ASKING: a blind session is open for it. DECIDED: it has a verdict. REFUSED: by the preflight."""

    PREFLIGHT = "preflight"
    TRAINING = "training"
    EVALUATING = "evaluating"
    ASKING = "asking"
    DECIDED = "decided"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"


WORKING = (Stage.PREFLIGHT, Stage.TRAINING, Stage.EVALUATING)
"""Stages in which a process works on the run; without one it is interrupted and can be resumed."""


class Part(StrEnum):
    """What a judgement is used for in a run: to train the adapter, or only to check what was learnt."""

    TRAIN = "train"
    CHECK = "check"


class Judgement(Noun):
    """A rating or comparison as a row of the store; exactly one of both is set."""

    rating: int | None = None
    comparison: int | None = None


class Preference(Noun):
    """Two pictures of one description, as one rater prefers them.

    description: what the user asked for, in their words. weight: in (0, 1], lower where it was derived from stars.
    judgements: the rows that say so: one comparison, or two ratings.
    """

    description: str
    better: int
    worse: int
    rater: str
    weight: float = 1.0
    judgements: tuple[Judgement, ...] = ()


class Opinion(Noun):
    """One rater for or against one picture. stars: None where faults or a choice say it."""

    description: str
    variant: int
    good: bool
    rater: str
    stars: int | None = None
    faults: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()


class Scope(Noun):
    """Which ratings a run may use: of one model's pictures; of a session or of all; of a team or of all.

    team: whose adapter it becomes; "" is everybody's.
    """

    model: str
    session: int | None = None
    team: str = ""


class Evidence(Noun):
    """What the ratings of a scope say, ready for training. left_out: number of judgements that say nothing, by reason:
    `excluded` (by the organiser), `check` (practice, known answers, repeats), `withdrawn` (their rater has), `revised`
    (by a later one of the same rater), `deleted` (or lost pictures), `other_model` (or other weights), `from_picture`
    (made from another picture), `mixed` (pictures of different descriptions), `tie`, `middle` (three stars, no faults).
    """

    scope: Scope
    preferences: tuple[Preference, ...]
    opinions: tuple[Opinion, ...]
    left_out: dict[str, int] = {}  # noqa: RUF012  (pydantic copies it)


class Verdict(Noun):
    """The gate's decision about an adapter, with every number behind it; shares in 0–1.

    scale: of the adapter, as it was compared and would be used.
    judge: who compared old and new: "people" or "reward". win_rate: of the new one, ties half, with its 95 % interval.
    adherence_drop, diversity_drop: old minus new, in points of 100; None where nothing can measure it. reasons: keys of
    sentences with their parameters: why not, and what would help.
    """

    adopt: bool
    scale: float = 1.0
    judge: str
    compared: int
    win_rate: float
    win_rate_low: float
    win_rate_high: float
    adherence_drop: float | None = None
    fault_drop: float | None = None
    diversity_drop: float | None = None
    reasons: tuple[dict[str, Any], ...] = ()


class LearningRun(Noun):
    """A run as the store keeps it. preflight: what was found (`learning.preflight.Preflight` as JSON). plan: method and
    settings, as training reads them. progress: of the running stage, {"done", "of", "seconds_left", "loss"}.
    examples: how many judgements it uses; a judgement that is deleted since still counts. forgotten: raters behind
    them have withdrawn since. anyway: it is wanted although no taste can be told from the ratings.
    """

    id: int
    scope: Scope
    length: Length
    stage: Stage
    interrupted: bool = False
    preflight: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    examples: int = 0
    forgotten: bool = False
    anyway: bool = False
    session: int | None = Field(None, description="the blind session that decides it")
    verdict: Verdict | None = None
    error: dict[str, Any] | None = Field(None, description="{'key': …, 'params': …} of the StudioError that ended it")
    user: str
    created: datetime


class LearntAdapter(Noun):
    """An adapter that a run made. version: counts from 1 for its model and team. hash: sha256 of its weights.

    forgotten: raters behind it have withdrawn since; it is to be trained again without them.
    """

    id: int
    run: int
    model: str
    model_hash: str
    team: str
    version: int
    path: str
    hash: str
    adopted: bool = False
    forgotten: bool = False
    created: datetime
