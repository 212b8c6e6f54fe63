"""The nouns everyone shares. Plain, frozen data; the rules that hold for any model are checked when it is made."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from t2i_studio.errors import StudioError

MAX_TEXT = 10_000
MAX_VARIANTS = 64
MAX_SIDE = 4096
MAX_STEPS = 200
MAX_SEED = 2**32 - 1
MAX_GUIDANCE = 50.0
MAX_MARKS = 500

StyleControl = Literal[
    "brightness", "warmth", "saturation", "richness", "distance", "softness", "contrast", "playfulness"
]
STYLE_CONTROLS: tuple[StyleControl, ...] = StyleControl.__args__  # type: ignore[attr-defined]
Position = Literal["auto", "left", "centre", "right"]
NEUTRAL = 3


class Noun(BaseModel):
    """Base of the frozen nouns; unknown fields are refused so that a misspelt one never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Raise StudioError unless low ≤ value ≤ high (NaN fails)."""
    if not low <= value <= high:
        raise StudioError("number.range", name=name, value=value, low=low, high=high)


def check_text(text: str, *, empty_ok: bool = False) -> str:
    """NFC text without surrounding space; StudioError when empty, over MAX_TEXT or holding control characters."""
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not clean and not empty_ok:
        raise StudioError("text.empty")
    if len(clean) > MAX_TEXT:
        raise StudioError("text.too_long", length=len(clean), limit=MAX_TEXT)
    for character in clean:
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            raise StudioError("text.control", character=f"U+{ord(character):04X}")
    return clean


_HAN = re.compile("[㐀-䶿一-鿿豈-﫿]")
_LATIN = re.compile(r"[^\W\d_㐀-䶿一-鿿豈-﫿]")
_LETTER = re.compile("[a-zA-Z0-9]")


def language_of(text: str) -> Literal["en", "zh", "mixed"]:
    """By script: Chinese characters, letters of an alphabet, or both."""
    chinese, latin = bool(_HAN.search(text)), bool(_LATIN.search(text))
    return "mixed" if chinese and latin else "zh" if chinese else "en"


class StyleSettings(Noun):
    """The style sliders: levels 1–5, 3 is neutral (unsaid); and where the product stands."""

    brightness: int = NEUTRAL
    warmth: int = NEUTRAL
    saturation: int = NEUTRAL
    richness: int = NEUTRAL
    distance: int = NEUTRAL
    softness: int = NEUTRAL
    contrast: int = NEUTRAL
    playfulness: int = NEUTRAL
    position: Position = "auto"

    @field_validator(*STYLE_CONTROLS)
    @classmethod
    def _level(cls, value: int, info: Any) -> int:
        if value not in range(1, 6):
            raise StudioError("style.level", name=info.field_name, value=value, levels="1, 2, 3, 4, 5")
        return value

    @classmethod
    def parse(cls, words: list[str], base: Self | None = None) -> Self:
        """From `control=level` words, as on the command line; `base` (None: neutral) says the rest. StudioError on an
        unknown control or level.
        """
        values: dict[str, int | str] = {}
        for word in words:
            name, _, value = word.partition("=")
            if name == "position":
                if value not in Position.__args__:  # type: ignore[attr-defined]
                    raise StudioError("style.level", name=name, value=value, levels="auto, left, centre, right")
                values[name] = value
            elif name not in STYLE_CONTROLS:
                raise StudioError("style.unknown", name=name, names=", ".join((*STYLE_CONTROLS, "position")))
            elif value not in {"1", "2", "3", "4", "5"}:
                raise StudioError("style.level", name=name, value=value, levels="1, 2, 3, 4, 5")
            else:
                values[name] = int(value)
        return (base or cls()).model_copy(update=values)


class Found(Noun):
    """Something a description says. value: its canonical English name or code; text[start:end] is where it says so."""

    value: str
    start: int
    end: int


BriefField = Literal[
    "product", "colors", "backdrop", "materials", "pattern", "setting", "props", "season", "campaign", "audience",
    "selling_points", "price", "sizes", "exclude",
]  # fmt: skip
BRIEF_FIELDS: tuple[BriefField, ...] = BriefField.__args__  # type: ignore[attr-defined]


def _as_word(said: str) -> str:
    """A pattern of `said` that letters beside it do not make part of another word: no "red" in "hundred"."""
    before = "(?<![a-zA-Z0-9])" if _LETTER.match(said) else ""
    return f"{before}{re.escape(said)}" + ("(?![a-zA-Z0-9])" if _LETTER.match(said[-1:]) else "")


class Mark(Noun):
    """A reader's correction: text[start:end] is `field`, or with None is nothing of the kind."""

    field: BriefField | None
    start: int
    end: int

    @classmethod
    def parse(cls, words: list[str], text: str) -> tuple[Self, ...]:
        """From `field=what text says` words, as on the command line; text: as `check_text` returns it.

        Every place that says so is marked, of a product the first; of marks that overlap the last counts.
        StudioError on an unknown field, on what the text does not say and on more than MAX_MARKS places.
        """
        marks: list[Self] = []
        for word in words:
            new = cls._of(word, text)
            marks = [old for old in marks if not any(mark._replaces(old) for mark in new)] + new
            check_number("corrections", len(marks), 0, MAX_MARKS)
        return tuple(marks)

    @classmethod
    def _of(cls, word: str, text: str) -> list[Self]:
        name, _, said = (part.strip() for part in unicodedata.normalize("NFC", word).partition("="))
        if name not in (*BRIEF_FIELDS, "none"):
            raise StudioError("mark.unknown", name=name[:60], names=", ".join((*BRIEF_FIELDS, "none")))
        if not said:
            raise StudioError("mark.empty", word=word[:60])
        places = list(re.finditer(_as_word(said), text, re.IGNORECASE))
        if not places:
            raise StudioError("mark.absent", said=said[:60])
        field: Any = None if name == "none" else name
        marks = [cls(field=field, start=place.start(), end=place.end()) for place in places]
        return marks[:1] if name == "product" else marks

    def _replaces(self, other: Self) -> bool:
        return (self.start < other.end and other.start < self.end) or self.field == other.field == "product"

    def said(self, text: str) -> str:
        """As `parse` takes it, for the text it is a place of."""
        return f"{self.field or 'none'}={text[self.start : self.end]}"


class Brief(Noun):
    """What a description says, each thing with its place in `text`. Made by `brief.reading.read`.

    product: what is sold; its value is the head noun as a name (English where a dictionary has one), product_zh
    and product_en name it in both languages where known. colors: of the product; basic English names. backdrop:
    basic colour names. setting: where it stands (beach, kitchen). campaign: a festival or sale. exclude: what must
    not be in the picture. repeated: (field, what was found) of a value that was said before; the fields have each value
    once. unknown: words nothing was made of. scenes: the parts of a text that tells of several
    pictures, at most 6, one for most texts.
    """

    text: str
    language: Literal["en", "zh", "mixed"]
    product: Found | None = None
    product_en: str | None = None
    product_zh: str | None = None
    category: str | None = None
    colors: tuple[Found, ...] = ()
    backdrop: tuple[Found, ...] = ()
    materials: tuple[Found, ...] = ()
    pattern: tuple[Found, ...] = ()
    setting: tuple[Found, ...] = ()
    props: tuple[Found, ...] = ()
    season: tuple[Found, ...] = ()
    campaign: tuple[Found, ...] = ()
    audience: tuple[Found, ...] = ()
    selling_points: tuple[Found, ...] = ()
    price: tuple[Found, ...] = ()
    sizes: tuple[Found, ...] = ()
    exclude: tuple[Found, ...] = ()
    repeated: tuple[tuple[BriefField, Found], ...] = ()
    unknown: tuple[Found, ...] = ()
    scenes: tuple[tuple[int, int], ...] = ()


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


class Rating(Noun):
    """One judgement; append-only, a changed mind is a new row. faults: codes of assets/faults.json."""

    id: int
    variant: int
    rater: str
    stars: int | None
    faults: tuple[str, ...] = ()
    note: str = ""
    created: datetime
