"""From the request of a batch to its variants and what made them."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from t2i_studio.domain.brief import Mark
from t2i_studio.domain.noun import Noun, check_number, check_text
from t2i_studio.domain.style import StyleSettings
from t2i_studio.errors import StudioError

MAX_VARIANTS = 64
MAX_SIDE = 4096
MAX_STEPS = 200
MAX_SEED = 2**32 - 1
MAX_GUIDANCE = 50.0


class Prompt(Noun):
    """What the model gets.

    dropped: words of the description the model does not know and that were left out. replaced: (word, what the
    model draws for it, being the closest it knows).
    """

    text: str
    negative: str = ""
    edited: bool = False
    dropped: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()


class Adapter(Noun):
    """A LoRA folder and its scale; `hash` is filled in by the engine when it is loaded."""

    path: str
    scale: float = 1.0
    hash: str | None = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        check_number("adapter scale", self.scale, -4, 4)
        return self

    @property
    def folder(self) -> Path:
        """Where its files are; `path` may also name the file of weights in it."""
        path = Path(os.path.expanduser(self.path))
        return path.parent if path.suffix == ".safetensors" else path


class Derivation(StrEnum):
    """How a variant came to be."""

    TEXT = "text"
    VARY_SUBTLE = "vary-subtle"
    VARY_STRONG = "vary-strong"
    IMAGE = "image"
    INPAINT = "inpaint"


class GenerationRequest(Noun):
    """One batch: what the user asked for, before any model has looked at it.

    seed: of variant 0; variant k has (seed + k) mod 2³². None for width, height, steps, guidance and sampler means
    the model's own default (the engine fills them in before the job is stored). marks: corrections of how the text was
    read. preset: id of the look that `style` and the prompt began with. market: id of where the creative is to run;
    it changes nothing of the picture. init_image and mask are content hashes of stored pictures; mask is white where
    the picture is to change. strength in (0, 1].
    """

    text: str
    prompt: Prompt
    marks: tuple[Mark, ...] = ()
    style: StyleSettings = StyleSettings()
    preset: str | None = None
    market: str | None = None
    model: str = "podium"
    adapters: tuple[Adapter, ...] = ()
    seed: int
    variants: int = 4
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    derivation: Derivation = Derivation.TEXT
    parent: int | None = None
    init_image: str | None = None
    mask: str | None = None
    strength: float | None = None
    user: str = "local"

    @model_validator(mode="after")
    def _rules(self) -> Self:
        check_text(self.text)
        check_text(self.prompt.negative, empty_ok=True)
        check_number("seed", self.seed, 0, MAX_SEED)
        check_number("variants", self.variants, 1, MAX_VARIANTS)
        for name, value, low, high in (
            ("width", self.width, 16, MAX_SIDE),
            ("height", self.height, 16, MAX_SIDE),
            ("steps", self.steps, 1, MAX_STEPS),
            ("guidance", self.guidance, 0, MAX_GUIDANCE),
            ("strength", self.strength, 0.01, 1),
        ):
            if value is not None:
                check_number(name, value, low, high)
        if self.derivation is not Derivation.TEXT and self.init_image is None:
            raise StudioError("request.init_missing")
        if self.derivation is Derivation.INPAINT and self.mask is None:
            raise StudioError("request.mask_missing")
        return self

    @property
    def corrections(self) -> list[str]:
        """The marks as `Mark.parse` takes them: field=words of the text."""
        return [mark.said(check_text(self.text)) for mark in self.marks]

    def seed_of(self, index: int) -> int:
        """Seed of variant `index`."""
        return (self.seed + index) % (MAX_SEED + 1)


class State(StrEnum):
    """Of a job and of each of its variants. A job row exists before anything runs."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Origin(Noun):
    """All that made a variant's pixels, recorded by the engine when it is finished."""

    pipeline: str = Field(description="diffusers class, e.g. StableDiffusionPipeline")
    model: str
    model_hash: str = Field(description="sha256 over the weight files")
    adapters: tuple[Adapter, ...] = ()
    seed: int
    sampler: str
    steps: int
    guidance: float
    width: int
    height: int
    prompt: str
    negative: str
    strength: float | None = None
    device: str
    dtype: str
    computed_together: int = Field(1, description="how many variants shared the forward passes")
    seconds: float
    versions: dict[str, str]


class Variant(Noun):
    """A picture, made or still to be made. `image` (content hash) and `origin` are set once state is DONE."""

    id: int
    job: int
    index: int
    state: State
    request: GenerationRequest
    seed: int
    image: str | None = None
    origin: Origin | None = None
    favourite: bool = False
    stars: int | None = Field(None, description="the newest rating of any rater")
    faults: tuple[str, ...] = ()
    created: datetime
    deleted: bool = False


class Job(Noun):
    """A batch on its way through the queue."""

    id: int
    state: State
    request: GenerationRequest
    variants: tuple[int, ...]
    error: dict[str, Any] | None = Field(None, description="{'key': …, 'params': …} of the StudioError that ended it")
    created: datetime
