"""How long and how strongly to train, decided from the ratings and the model's size."""

from pydantic import Field

from t2i_studio.domain import Length, Method, Noun

SMALL = 150_000_000
"""Weights of a network below which it learns at rates of small networks."""


class TrainingPlan(Noun):
    """Everything training depends on besides its examples; kept with the run.

    batch: pairs or pictures a step (and process). rate: of AdamW, after a warm-up of a tenth, falling to 0 over the
    last third. beta: of the objective. anchor: share of supervised training beside DPO. keep: of the guard on the
    loser's gradient (objectives.loser_scale). clip: of the gradient's norm.
    """

    method: Method
    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    rate: float = Field(gt=0)
    beta: float = Field(gt=0)
    anchor: float = Field(0.0, ge=0)
    keep: float = Field(0.9, ge=0, le=1)
    rank: int = Field(8, ge=1)
    weight_decay: float = Field(1e-4, ge=0)
    clip: float = Field(1.0, gt=0)
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Of the step that follows `step` others."""
        warmup, cooldown = max(1, self.steps // 10), max(1, self.steps // 3)
        return self.rate * min(1.0, (step + 1) / warmup, (self.steps - step) / cooldown)


def plan_training(method: Method, examples: int, length: Length, weights: int) -> TrainingPlan:
    """examples: pairs or pictures to learn from. weights: of the network."""
    small = weights < SMALL
    steps = {Length.QUICK: 150, Length.USUAL: 300, Length.LONG: 900}[length]
    rates = {Method.DPO: 3e-3, Method.KTO: 3e-3, Method.MAPO: 3e-3, Method.SUPERVISED: 3e-3}
    betas = {Method.DPO: 1000.0, Method.KTO: 1000.0, Method.MAPO: 0.1, Method.SUPERVISED: 1.0}
    return TrainingPlan(
        method=method,
        steps=steps,
        batch=8 if small else 2,
        rate=rates[method] if small else 1e-4,
        beta=betas[method],
    )
