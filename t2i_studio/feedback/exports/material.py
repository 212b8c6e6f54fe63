"""What every export is made of: answers that lead to nobody, and the pictures they are about."""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from pydantic import Field

from t2i_studio.domain import Noun, Purpose, Variant, Vote
from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports.pixels import only_pixels

SECOND = 1000
"""Milliseconds."""
PATH = re.compile(r"[.~]|/|\\\\|[A-Za-z]:[/\\]")
"""Beginning of a folder's name, on any system."""


class Choices(Noun):
    """What the organiser decides of an export.

    keep_ties: answers "equally good" become rows with half a point each where the format can say so.
    comments: what raters wrote goes along; they may have written of themselves.
    """

    keep_ties: bool = False
    comments: bool = False


class Tally(Noun):
    """What a format made of the answers. ties_dropped: answers, not rows. left_out: answers, by reason."""

    rows: int
    ties_dropped: int = 0
    left_out: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """Answers under new rater ids, and the pictures that may be exported (PNG files by variant)."""

    votes: tuple[Vote, ...]
    variants: Mapping[int, Variant]
    files: Mapping[int, Path]
    choices: Choices

    def judged(self) -> tuple[list[Vote], Counter[str]]:
        """The answers that teach, and how many others there are by reason.

        Practice and known answers say more of the rater than of the picture, a repeat would count its rater twice,
        and a picture that was deleted is not to leave the studio.
        """
        kept, left_out = [], Counter[str]()
        for vote in self.votes:
            if vote.purpose is not Purpose.JUDGED:
                left_out[vote.purpose.value] += 1
            elif not self.files.keys() >= set(vote.variants):
                left_out["no_picture"] += 1
            else:
                kept.append(vote)
        return kept, left_out

    def picture(self, variant: int) -> bytes:
        """PNG of nothing but pixels. Raises StudioError export.picture_damaged."""
        try:
            return only_pixels(self.files[variant].read_bytes())
        except ValueError as error:
            raise StudioError("export.picture_damaged", variant=variant) from error

    def caption(self, variants: Collection[int], otherwise: str) -> str:
        """The prompt that all these pictures were made from, in one line; `otherwise` where they differ.

        In one line, because caption files are read by lines.
        """
        prompts = {self.variants[variant].request.prompt.text for variant in variants}
        return " ".join((prompts.pop() if len(prompts) == 1 else otherwise).split())

    def model(self, variant: int) -> str:
        """Name of the model and its adapters."""
        request = self.variants[variant].request
        adapters = [f"{_last_part(adapter.path)}:{adapter.scale:g}" for adapter in request.adapters]
        return " + ".join([_without_folders(request.model), *adapters])


def _without_folders(name: str) -> str:
    """A name as it is, "owner/model" too; of a path the last part, for its folders name this machine's user."""
    return _last_part(name) if PATH.match(name) else name


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def gather(
    votes: Sequence[Vote], variants: Mapping[int, Variant], file_of: Callable[[str], Path], choices: Choices
) -> tuple[Material, int]:
    """The material, and how many answers of excluded raters are not in it.

    variants: each that a vote shows. file_of: PNG by content hash, or StudioError.
    """
    counted = [vote for vote in votes if not vote.excluded]
    files = {}
    for id, variant in variants.items():
        if variant.image and not variant.deleted:
            try:
                files[id] = file_of(variant.image)
            except StudioError:  # its file is lost, which is for check-store to tell
                continue
    return Material(tuple(_nameless(counted, choices.comments)), variants, files, choices), len(votes) - len(counted)


def _nameless(votes: Sequence[Vote], comments: bool) -> list[Vote]:
    """Votes with rater ids made anew and nothing that leads back to them: of times the day, whole seconds, numbers
    of answers by their place in the file, which is by item and new rater id.
    """
    renamed = {rater: f"r{secrets.token_hex(6)}" for rater in {vote.rater for vote in votes}}
    ordered = sorted(votes, key=lambda vote: (vote.item, renamed[vote.rater], vote.assignment))
    numbers = {vote.assignment: number for number, vote in enumerate(ordered, 1)}
    return [
        vote.model_copy(
            update={
                "rater": renamed[vote.rater],
                "assignment": numbers[vote.assignment],
                "repeat_of": numbers.get(vote.repeat_of or 0),
                "position": 0,
                "sources": tuple(map(_without_folders, vote.sources)),
                "comment": vote.comment if comments else "",
                "judgement": None,
                "active_ms": _whole_seconds(vote.active_ms),
                "wall_ms": _whole_seconds(vote.wall_ms),
                "created": vote.created.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0),
            }
        )
        for vote in ordered
    ]


def _whole_seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else round(milliseconds / SECOND) * SECOND


def rater_number(rater: str) -> int:
    """A new rater id as a number below 2⁴⁸, which every spreadsheet and JSON reader holds exactly."""
    return int(rater[1:], 16)


def picture_name(variant: int) -> str:
    """Of its file; the same width, so that names sort by number."""
    return f"{variant:08d}.png"
