"""The sentences of a verdict's reasons, in both languages (assets/words/verdicts.json)."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from t2i_studio.errors import Language
from t2i_studio.settings import ASSETS

TABLE = ASSETS / "words" / "verdicts.json"
ATTRIBUTES: dict[str, dict[Language, str]] = {
    "object": {"en": "the product", "zh": "产品"},
    "color": {"en": "its colour", "zh": "产品颜色"},
    "backdrop": {"en": "the backdrop", "zh": "背景"},
    "podium": {"en": "the podium", "zh": "展台"},
    "position": {"en": "where the product stands", "zh": "产品位置"},
    "props": {"en": "the props", "zh": "道具"},
}
"""What adherence is made of; style levels go by "style"."""
STYLE: dict[Language, str] = {"en": "the style", "zh": "风格"}


@cache
def sentences() -> dict[str, dict[Language, str]]:
    """key → language → sentence with {names} of values."""
    table: dict[str, dict[Language, str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def sentence(reason: Mapping[str, Any], language: Language) -> str:
    """A reason of a verdict in plain words. Raises KeyError for a key without a row."""
    values = dict(reason)
    if "attribute" in values:
        named = ATTRIBUTES.get(values["attribute"], STYLE)
        values |= {"attribute_en": named["en"], "attribute_zh": named["zh"]}
    return sentences()[reason["key"]][language].format(**values)
