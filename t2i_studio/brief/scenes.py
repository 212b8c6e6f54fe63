"""A text that tells of several pictures, cut into its scenes."""

import re
from itertools import pairwise

MOST = 6
_LEAST = 6
"""Characters a scene has at least."""
_KIND = "场景|画面|镜头|图|第|scene|shot|frame|picture|image"
_UNIT = "张|幅|幕|个|屏|页"
_MARKER = re.compile(
    rf"(?:^|(?<=[\n。；;]))[ \t]*(?:(?:{_KIND})[ \t]*[一二三四五六1-6][ \t]*(?:{_UNIT})?(?:图|画面|场景|镜头)?"
    r"[ \t]*[:：、.，,)）-]|[1-6①-⑥][.、)）：:][ \t]*(?=\D))",
    re.IGNORECASE,
)


def split_scenes(text: str) -> tuple[tuple[int, int], ...]:
    """(start, end) of each scene in the normalised text, markers included. One scene unless the text numbers
    them (场景一：…, "Scene 2: …", 1. …) at the beginning of lines or sentences; what comes before the first
    number belongs to no scene.
    """
    starts = [match.start() for match in _MARKER.finditer(text)]
    spans = [(a, b) for a, b in pairwise([*starts, len(text)]) if len(text[a:b].strip()) >= _LEAST]
    return tuple(spans[:MOST]) if len(spans) > 1 else ((0, len(text)),)
