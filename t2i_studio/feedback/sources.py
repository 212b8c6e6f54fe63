"""What sources are called in a session: short, told apart, and without the folders of the machine they lie on."""

import re
from collections.abc import Collection
from itertools import count

JOIN = " + "
_PATH = re.compile(r"^([/\\~.]|[a-zA-Z]:[/\\])|[/\\].*[/\\]")
"""A path, but neither "podium" nor a hub's "owner/model"."""


def source_names(sources: Collection[str]) -> dict[str, str]:
    """A name for each source: of paths as many of the last parts as tell all sources apart."""
    parts = {source: [each.replace("\\", "/").rstrip("/") for each in source.split(JOIN)] for source in sources}
    for depth in count(1):
        names = {source: JOIN.join(_last(each, depth) for each in own) for source, own in parts.items()}
        deepest = max((each.count("/") for own in parts.values() for each in own), default=0)
        if len(set(names.values())) == len(names) or depth > deepest:
            return names
    raise AssertionError


def _last(name: str, depth: int) -> str:
    return "/".join(name.split("/")[-depth:]) if _PATH.search(name) else name
