"""Answers given in Label Studio, back in the studio: its JSON export of projects that came from `exports`."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from t2i_studio.domain import MAX_TEXT, Noun, Purpose, Vote
from t2i_studio.errors import StudioError
from t2i_studio.store.comparisons import MAX_COMPARED, compare
from t2i_studio.store.database import MAX_KEY, Database
from t2i_studio.store.faults import FAULTS
from t2i_studio.store.raters import rater_named
from t2i_studio.store.ratings import rate

SIDES = {"left": 0, "right": 1, "1": 0, "2": 1, "3": 2, "4": 3}
"""Places by what they are called in our labelling set-up and by the Pairwise tag."""
MAX_HOURS = 24
"""Of working on one task; a longer lead time is a tab left open and is not kept."""


class _Result(BaseModel):
    type: str
    from_name: str = ""
    value: dict[str, Any] = Field(default_factory=dict)
    meta: dict[str, Any] = Field(default_factory=dict)


class _Annotation(BaseModel):
    id: int | str | None = None
    completed_by: int | dict[str, Any] | None = None
    updated_by: int | dict[str, Any] | None = None
    was_cancelled: bool = False
    lead_time: float | None = None
    created_at: datetime | None = None
    result: list[_Result] = Field(default_factory=list)


class _Data(BaseModel):
    prompt: str
    variants: tuple[int, ...] = Field(min_length=1, max_length=MAX_COMPARED)


class _Task(BaseModel):
    id: int | str | None = None
    data: _Data
    annotations: list[_Annotation]


class Imported(Noun):
    """Answers of a Label Studio export. rater: "Label Studio" and the number of the account there. own: answers that
    the studio had sent along and that came back unchanged; one that somebody changed there is an answer of theirs.
    skipped: answers that cannot be used, by reason (`cancelled`, `no_answer`).
    """

    votes: tuple[Vote, ...]
    own: int
    skipped: dict[str, int]


def read_label_studio(data: bytes, path: str = "") -> Imported:
    """What people answered there, as votes; numbers of assignments and items count within the file.

    path: of the file, for the sentence. Raises StudioError import.unreadable.
    """
    try:
        tasks = TypeAdapter(list[_Task]).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StudioError("import.unreadable", path=path, reason=f"{place}: {first['msg']}"[:200]) from error
    votes: list[Vote] = []
    skipped, own = Counter[str](), 0
    for item, task in enumerate(tasks, 1):
        for annotation in task.annotations:
            if _is_own(annotation, len(task.data.variants)):
                own += 1
            elif annotation.was_cancelled:
                skipped["cancelled"] += 1
            elif (vote := _vote(task, annotation, item, len(votes) + 1)) is None:
                skipped["no_answer"] += 1
            else:
                votes.append(vote)
    return Imported(votes=tuple(votes), own=own, skipped=dict(skipped))


def mark_of(result: Sequence[Mapping[str, Any]], pictures: int) -> str:
    """16 hex digits that stand for what the results of an annotation say; the export writes them into each `meta` as
    `said`, so that an answer that was changed there is told from the one that was sent.
    """
    return _mark(_Annotation.model_validate({"result": result}), pictures)


def _mark(annotation: _Annotation, pictures: int) -> str:
    said = [_single(annotation) if pictures == 1 else _compared(annotation, pictures), _comment(annotation)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _is_own(annotation: _Annotation, pictures: int) -> bool:
    """Whether the studio sent this answer, and it still says the same. What carries no mark was sent by an older
    version, and is taken for unchanged.
    """
    ours = [result.meta for result in annotation.result if "rater" in result.meta]
    return bool(ours) and all(meta.get("said", mark) == mark for mark in [_mark(annotation, pictures)] for meta in ours)


def _vote(task: _Task, annotation: _Annotation, item: int, number: int) -> Vote | None:
    """None when the annotation answers nothing, or with what is no answer here (six stars, a third of two)."""
    variants = task.data.variants
    if len(set(variants)) < len(variants) or not all(0 < variant <= MAX_KEY for variant in variants):
        return None
    said = _single(annotation) if len(variants) == 1 else _compared(annotation, len(variants))
    if said is None:
        return None
    seconds = annotation.lead_time
    return Vote(
        assignment=number,
        item=item,
        rater=_rater(annotation),
        purpose=Purpose.JUDGED,
        position=0,
        prompt=task.data.prompt,
        sources=("",) * len(variants),
        variants=variants,
        comment=_comment(annotation),
        active_ms=round(1000 * seconds) if seconds is not None and 0 <= seconds <= 3600 * MAX_HOURS else None,
        created=_aware(annotation.created_at),
        **said,
    )


def _compared(annotation: _Annotation, pictures: int) -> dict[str, Any] | None:
    for result in annotation.result:
        chosen = result.value.get("selected") if result.type == "pairwise" else _only(result, "choice")
        if chosen in ("tie", "bad"):
            return {"bad": chosen == "bad"}
        if isinstance(chosen, str) and SIDES.get(chosen, pictures) < pictures:
            return {"chosen": SIDES[chosen]}
    return None


def _only(result: _Result, name: str) -> object:
    choices = result.value.get("choices")
    is_it = result.type == "choices" and result.from_name == name and isinstance(choices, list) and len(choices) == 1
    return choices[0] if is_it else None  # type: ignore[index]


def _single(annotation: _Annotation) -> dict[str, Any] | None:
    stars, faults = None, set[str]()
    for result in annotation.result:
        rating, choices = result.value.get("rating"), result.value.get("choices")
        if result.type == "rating" and type(rating) is int and 1 <= rating <= 5:
            stars = rating
        elif result.type == "choices" and isinstance(choices, list):
            faults |= {code for code in choices if isinstance(code, str) and code in FAULTS}
    return {"stars": stars, "faults": tuple(sorted(faults))} if stars or faults else None


def _comment(annotation: _Annotation) -> str:
    """What was written, in one line of characters that can be shown."""
    lists = [result.value.get("text") for result in annotation.result if result.type == "textarea"]
    texts = [text for some in lists for text in (some if isinstance(some, list) else [some]) if isinstance(text, str)]
    shown = "".join(
        sign for sign in " ".join(" ".join(texts).split()) if unicodedata.category(sign) not in ("Cc", "Cs")
    )
    return shown[:MAX_TEXT]


def _rater(annotation: _Annotation) -> str:
    """By number only: an export can hold e-mail addresses, which are not let in."""
    edited = any("rater" in result.meta for result in annotation.result)
    by = annotation.updated_by if edited and annotation.updated_by is not None else annotation.completed_by
    number = by.get("id") if isinstance(by, dict) else by
    return f"Label Studio {number if isinstance(number, int) and 0 < number <= MAX_KEY else 0}"


def _aware(created: datetime | None) -> datetime:
    if created is None:
        return datetime.now(UTC)
    return created if created.tzinfo else created.replace(tzinfo=UTC)


def keep_imported(db: Database, votes: Sequence[Vote]) -> None:
    """Add answers read from elsewhere to the judgements given outside sessions.

    An answer that was imported before is known by its nonce and adds nothing. The account's name is kept as every
    rater's name is, and can be forgotten. Raises StudioError as `rate` and `compare`; those before it stay added.
    """
    for vote in votes:
        rater, nonce, said = rater_named(db, vote.rater), _nonce(vote), vote.comment
        if len(vote.variants) == 1:
            rate(db, vote.variants[0], rater, stars=vote.stars, faults=vote.faults, note=said, nonce=nonce)
        else:
            winner = None if vote.chosen is None else vote.variants[vote.chosen]
            compare(db, vote.variants, rater, winner=winner, bad=vote.bad, comment=said, nonce=nonce)


def _nonce(vote: Vote) -> str:
    """The same for the same answer, in whichever export of the project it comes."""
    said = vote.model_dump_json(exclude={"assignment", "item", "comment", "active_ms", "wall_ms", "judgement"})
    return f"label-studio-{hashlib.sha256(said.encode()).hexdigest()}"
