"""How long and how strongly to train, decided from the ratings and the model's size."""

import tomllib
from functools import cache

from pydantic import Field

from t2i_studio.domain import Length, Method, Noun
from t2i_studio.settings import ASSETS

TABLE = ASSETS / "learning" / "training.toml"

SMALL = 150_000_000
"""Weights of a network below which it learns at rates of small networks."""
MOST_PASSES = 60


class TrainingPlan(Noun):
    """Everything training depends on besides its examples; kept with the run.

    batch: pairs or pictures a step (and process). rate: of AdamW, after a warm-up of a tenth, falling to 0 over the
    last third. beta: of the objective. kl: weight of staying near the reference beside DPO, in units of beta. keep: of
    the guard on the loser's gradient (objectives.loser_scale). clip: of the gradient's norm. eight_bit: AdamW keeps
    its state in 8 bits (Dettmers et al., ICLR 2022; bitsandbytes). share: of what was learnt that the adapter carries;
    between none and all lie adapters that keep more of what the model knew (Wortsman et al., WiSE-FT, CVPR 2022).
    """

    method: Method
    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    rate: float = Field(gt=0)
    beta: float = Field(gt=0)
    kl: float = Field(0.0, ge=0)
    keep: float = Field(0.0, ge=0, le=1)
    share: float = Field(1.0, gt=0, le=1)
    rank: int = Field(8, ge=1)
    weight_decay: float = Field(1e-4, ge=0)
    clip: float = Field(1.0, gt=0)
    eight_bit: bool = False
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Of the step that follows `step` others."""
        warmup, cooldown = max(1, self.steps // 10), max(1, self.steps // 3)
        return self.rate * min(1.0, (step + 1) / warmup, (self.steps - step) / cooldown)


class Strength(Noun):
    """A row of assets/learning/training.toml."""

    rate: float = Field(gt=0)
    beta: float = Field(1.0, gt=0)
    kl: float = Field(0.0, ge=0)
    keep: float = Field(0.0, ge=0, le=1)
    share: float = Field(1.0, gt=0, le=1)
    batch: int = Field(ge=1)
    rank: int = Field(ge=1)


class Strengths(Noun):
    """Of networks of one size."""

    steps: dict[Length, int]
    dpo: Strength
    mapo: Strength
    kto: Strength
    supervised: Strength


@cache
def strengths() -> dict[str, Strengths]:
    """ "small" and "large" networks, as the table has them."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: Strengths.model_validate(row) for name, row in table.items()}


def plan_training(method: Method, examples: int, length: Length, weights: int) -> TrainingPlan:
    """examples: pairs or pictures to learn from; few are not gone through more often than MOST_PASSES, because then
    they are learnt by heart. weights: of the network.
    """
    rows = strengths()["small" if weights < SMALL else "large"]
    strength: Strength = getattr(rows, method)
    most = max(20, MOST_PASSES * examples // strength.batch)
    return TrainingPlan(method=method, steps=min(rows.steps[length], most), **strength.model_dump())
