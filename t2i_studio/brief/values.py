"""Words of a command line, a form or a JSON call → numbers, sizes and adapters, or one sentence why not."""

import re

from t2i_studio.domain import MAX_SIDE, Adapter, check_number
from t2i_studio.errors import StudioError

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]{1,9})\s*[x×*]\s*([0-9]{1,9})", re.IGNORECASE)
_SHOWN = 60


def shown(value: object) -> str:
    """`value` as an error sentence quotes it: printable and short."""
    text = "".join(c if c.isprintable() else "�" for c in str(value)[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def whole(name: str, value: object, low: int, high: int) -> int:
    """Integer in low…high from an int, a float without fraction (forms send 4.0) or digits."""
    number: int | None = None
    if (isinstance(value, str) and _WHOLE.fullmatch(value.strip())) or (
        isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    ):
        number = int(value)
    if number is None:
        raise StudioError("number.invalid", name=name, value=shown(value), low=low, high=high)
    _check_range(name, number, low, high)
    return number


def real(name: str, value: object, low: float, high: float) -> float:
    """Number in low…high from an int, a float or a decimal text."""
    number: float | None = None
    if isinstance(value, str) and _REAL.fullmatch(value.strip()):
        number = float(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        number = float(value) if abs(value) < 1e300 else None
    if number is None:
        raise StudioError("number.invalid", name=name, value=shown(value), low=low, high=high)
    _check_range(name, number, low, high)
    return number


def _check_range(name: str, number: float, low: float, high: float) -> None:
    if not low <= number <= high:
        raise StudioError("number.range", name=name, value=shown(number), low=low, high=high)


def size(value: str) -> tuple[int, int]:
    """(width, height) in pixels from "512x768"."""
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise StudioError("size.invalid", value=shown(value))
    width, height = int(match[1]), int(match[2])
    check_number("width", width, 16, MAX_SIDE)
    check_number("height", height, 16, MAX_SIDE)
    return width, height


def adapter(value: str) -> Adapter:
    """Adapter from "folder" or "folder:scale"; a colon that no number follows belongs to the path."""
    path, _, scale = value.rpartition(":")
    if path and _REAL.fullmatch(scale):
        return Adapter(path=path, scale=real("adapter scale", scale, -4, 4))
    if not value.strip():
        raise StudioError("adapter.empty")
    return Adapter(path=value)
