"""What a variant costs in seconds, learnt from those made before; kept between runs."""

import json
from contextlib import suppress
from pathlib import Path

from t2i_studio.domain import GenerationRequest
from t2i_studio.engine.kept import keep

NEWEST = 0.3
"""Weight of the newest measurement in the running mean."""


def cost_key(request: GenerationRequest) -> str:
    """Requests with equal keys take equally long a step."""
    guided = "guided" if (request.guidance or 0) > 1 else "plain"
    return f"{request.model} {request.width}x{request.height} {guided} {request.sampler} {len(request.adapters)}"


def steps_of(request: GenerationRequest) -> int:
    """Steps that a complete request really takes: a derived picture starts part of the way."""
    steps = request.steps or 1
    return steps if request.strength is None else max(1, min(steps, int(steps * request.strength)))


class Costs:
    """Running means of the seconds a step takes and of what comes around the steps (encoding, decoding,
    writing).
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._step: dict[str, float] = {}
        self._rest: dict[str, float] = {}
        with suppress(OSError, ValueError, TypeError):  # the first run, or a damaged file: it is learnt anew
            self._step, self._rest = (dict(part) for part in json.loads(kept.read_text()))

    def observe_step(self, key: str, seconds: float) -> None:
        self._step[key] = _mean(self._step.get(key), seconds)

    def observe_rest(self, key: str, seconds: float) -> None:
        self._rest[key] = _mean(self._rest.get(key), seconds)

    def seconds(self, key: str, steps: int) -> float | None:
        """For a variant with that many steps to go; None while nothing like it has been measured."""
        if key not in self._step:
            return None
        return self._step[key] * steps + self._rest.get(key, 0.0)

    def save(self) -> None:
        keep(self._kept, json.dumps([self._step, self._rest]))


def _mean(old: float | None, new: float) -> float:
    return new if old is None else old + NEWEST * (new - old)
