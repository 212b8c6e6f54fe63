"""The one kind of error a user sees: a key into a table of sentences, with the values that fill them.

Packages raise `StudioError("size.indivisible", width=250, step=32)`; the command line and the pages turn it
into one sentence in the user's language. The sentences are data (assets/words/errors.json), because a
translator corrects them, not a programmer.
"""

import json
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh"]
TABLE = Path(__file__).parents[1] / "assets" / "words" / "errors.json"


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return json.loads(TABLE.read_text(encoding="utf-8"))


class StudioError(Exception):
    """Bad input or a fault of the surroundings that a user can mend.

    key: a row of assets/words/errors.json. params: values named in its sentences; all but numbers become texts, so
    that an error can be stored as JSON.
    Raises KeyError at once when the key has no row, so that no error can reach a user wordless.
    """

    def __init__(self, key: str, **params: object) -> None:
        if key not in _sentences():
            raise KeyError(f"no sentence for error {key!r} in {TABLE.name}")
        self.key = key
        self.params = {name: value if isinstance(value, int | float) else str(value) for name, value in params.items()}
        super().__init__(self.sentence("en"))

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.key, self.params)

    def sentence(self, language: Language) -> str:
        """What is wrong, why, and what to do, in `language`; one line, whatever the values are."""
        return " ".join(_sentences()[self.key][language].format(**self.params).splitlines())


def _restore(key: str, params: dict[str, object]) -> StudioError:
    return StudioError(key, **params)
