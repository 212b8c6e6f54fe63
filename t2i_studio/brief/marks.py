"""A reader's corrections when the text under them changes."""

from collections.abc import Sequence
from itertools import takewhile

from t2i_studio.domain import Mark


def moved(marks: Sequence[Mark], before: str, after: str) -> tuple[Mark, ...]:
    """`marks` of the text `before` at their places in the text `after`.

    The texts are compared by their common beginning and end; a mark that reaches into what changed between them, or
    lies outside of the text, is dropped.
    """
    head = _common(before, after)
    rest = min(_common(before[::-1], after[::-1]), min(len(before), len(after)) - head)
    shift = len(after) - len(before)
    kept = []
    for mark in marks:
        if not 0 <= mark.start < mark.end <= len(before):
            continue
        if mark.end <= head:
            kept.append(mark)
        elif mark.start >= len(before) - rest:
            kept.append(mark.model_copy(update={"start": mark.start + shift, "end": mark.end + shift}))
    return tuple(kept)


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
