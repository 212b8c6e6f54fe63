"""Prices, offers, and facts about size in a normalised description."""

import re
from collections.abc import Iterator

_NUMBER = r"\d+(?:[.,]\d+)*"
_PRICE = re.compile(
    rf"(?:[¥$€£]|rmb|usd|hk\$|nt\$|us\$)\s?{_NUMBER}(?:\s?[k万])?"
    rf"|{_NUMBER}\s?(?:元|块钱|块|圆|美元|欧元|日元|usd|eur|gbp|dollars|euros|pounds|yuan)(?![a-z])"
    rf"|{_NUMBER}\s?%\s?off|满\s?{_NUMBER}\s?减\s?{_NUMBER}|立减\s?{_NUMBER}|[1-9](?:\.\d)?\s?折|买[一二三\d]送[一二三\d]"
    r"|half price|buy one,? get one(?: free)?|bogo|半价"
)
_UNIT = (
    "厘米|毫米|公分|英寸|米|寸|公斤|千克|毫升|升|克|斤|码|英尺|片|粒|支装|只装|件套|瓦|毫安"
    "|cm|mm|m|inch(?:es)?|in|ft|kg|g|mg|ml|l|oz|lbs?|mah|w|v|gb|tb|pack|pcs|pieces|piece set"
)
_SIZE = re.compile(rf"{_NUMBER}(?:\s?[x×*]\s?{_NUMBER}){{0,2}}\s?-?(?:{_UNIT})(?![a-z])|{_NUMBER}\s?\"")


def find_prices(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, words) of each price or offer: ¥199, 20% off, 满300减40, 买一送一."""
    yield from ((match.start(), match.end(), match[0].strip()) for match in _PRICE.finditer(text))


def find_sizes(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, words) of each measure with its unit: 500ml, 20 × 30 cm, 24寸."""
    yield from ((match.start(), match.end(), match[0].strip()) for match in _SIZE.finditer(text))
