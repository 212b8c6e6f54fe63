"""Answers by what was judged, for tools in which people go on judging."""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from t2i_studio.domain import SessionKind, Vote
from t2i_studio.feedback.exports.material import Material


@dataclass(frozen=True)
class Task:
    """Pictures of one description and the answers about them; variants in the order of the task."""

    number: int
    prompt: str
    variants: tuple[int, ...]
    votes: list[Vote] = field(default_factory=list)

    def choice(self, vote: Vote) -> str:
        """What a comparison came to, as the tools store it: place in this task from "1" on, "tie" or "bad".

        Raters see sides in an order of their own, so the place is looked up by the picture.
        """
        if vote.bad:
            return "bad"
        return "tie" if vote.chosen is None else str(self.variants.index(vote.variants[vote.chosen]) + 1)


def tasks_by_kind(material: Material) -> tuple[dict[str, list[Task]], Counter[str]]:
    """The tasks of each kind (a kind is a project of its own there), and what was left out by reason."""
    votes, left_out = material.judged()
    tasks: dict[tuple[str, tuple[int, ...]], Task] = {}
    for vote in votes:
        variants = tuple(sorted(vote.variants))
        task = tasks.setdefault((vote.prompt, variants), Task(len(tasks) + 1, vote.prompt, variants))
        task.votes.append(vote)
    kinds: dict[str, list[Task]] = {}
    for task in tasks.values():
        kinds.setdefault(kind_of(len(task.variants)), []).append(task)
    return kinds, left_out


def kind_of(pictures: int) -> str:
    """Name of the kind that shows so many pictures."""
    names = {kind.pictures: kind.value for kind in SessionKind}
    return names.get(pictures, f"best-of-{pictures}")


def data_uri(png: bytes) -> str:
    """The picture inside the JSON itself: no file server to set up, no path of this machine."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def write_list(path: Path, objects: Iterable[object], limit: float = inf) -> int:
    """A JSON list, written object by object, for all their pictures may not fit into memory; how many there were.

    limit: bytes of a file, where whoever reads it has one; the list goes on in NAME-2.json and so on. An object that
    is larger by itself has a file of its own.
    """
    count = parts = size = 0
    with ExitStack() as stack:
        for one in objects:
            text = json.dumps(one, ensure_ascii=False).encode()
            if parts == 0 or size + len(text) > limit:
                stack.close()
                parts, size = parts + 1, 0
                file = stack.enter_context(
                    path.with_stem(f"{path.stem}-{parts}" if parts > 1 else path.stem).open("wb")
                )
                stack.callback(file.write, b"\n]\n")
            size += file.write((b",\n" if size else b"[\n") + text)
            count += 1
    return count
