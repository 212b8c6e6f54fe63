"""The style sliders."""

from typing import Any, Literal, Self

from pydantic import field_validator

from t2i_studio.domain.noun import Noun
from t2i_studio.errors import StudioError

StyleControl = Literal[
    "brightness", "warmth", "saturation", "richness", "distance", "softness", "contrast", "playfulness"
]
STYLE_CONTROLS: tuple[StyleControl, ...] = StyleControl.__args__  # type: ignore[attr-defined]
Position = Literal["auto", "left", "centre", "right"]
NEUTRAL = 3


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
