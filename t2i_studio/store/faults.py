"""The fault tags: a table in assets/faults.json, in the order the pages show them."""

from pydantic import BaseModel, TypeAdapter

from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS


class Words(BaseModel):
    """A text in both languages."""

    en: str
    zh: str


class Fault(BaseModel):
    """A way in which a picture can be wrong. source: whose label it is."""

    code: str
    name: Words
    description: Words
    source: str


class _Table(BaseModel):
    source: str
    date: str
    faults: list[Fault]


FAULTS: dict[str, Fault] = {
    fault.code: fault for fault in TypeAdapter(_Table).validate_json((ASSETS / "faults.json").read_bytes()).faults
}


def check_fault(code: str) -> None:
    """Raises StudioError choice.unknown."""
    if code not in FAULTS:
        raise StudioError("choice.unknown", name="fault", value=code[:40], choices=", ".join(FAULTS))
