"""Finding variants again: by id, by search, by family."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import model_validator
from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from t2i_studio.domain import GenerationRequest, Noun, Origin, State, Variant, check_number
from t2i_studio.errors import StudioError
from t2i_studio.store.database import MAX_KEY, Database, get_row
from t2i_studio.store.faults import check_fault
from t2i_studio.store.models import DELETED, SHOWN, JobWordRow, VariantFaultRow, VariantRow, now
from t2i_studio.store.words import search_terms

SORTS = ("newest", "oldest", "stars")
MAX_PAGE = 500
MAX_WORDS = 200
"""Characters of the words of a search."""
PLACE = re.compile(r"[0-5]\.[0-9]{1,18}")
"""Of a row in a search: stars and id."""


class VariantQuery(Noun):
    """What to look for among finished variants; what is left out does not matter.

    words: each must be in the description or the prompt. unrated: True only without stars, False only with.
    since (inclusive), until (exclusive): of this machine's zone when they name none. deleted: only deleted
    ones.
    """

    words: str = ""
    stars_min: int | None = None
    favourite: bool | None = None
    fault: str | None = None
    model: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    unrated: bool | None = None
    sort: str = "newest"
    deleted: bool = False

    @model_validator(mode="after")
    def _rules(self) -> "VariantQuery":
        if self.stars_min is not None:
            check_number("stars", self.stars_min, 1, 5)
        if self.fault is not None:
            check_fault(self.fault)
        if self.sort not in SORTS:
            raise StudioError("choice.unknown", name="sort", value=self.sort[:40], choices=", ".join(SORTS))
        if len(self.words) > MAX_WORDS:
            raise StudioError("search.too_long", length=len(self.words), limit=MAX_WORDS)
        for time in filter(None, (self.since, self.until)):
            check_number("year", time.year, 1970, 9000)
        return self


class VariantPage(Noun):
    """A page of a search. next: the `after` of the next page, None on the last. total: over all pages."""

    items: tuple[Variant, ...]
    next: str | None
    total: int


class Family(Noun):
    """Where a variant comes from (nearest parent first) and what was derived from it (oldest first)."""

    ancestors: tuple[Variant, ...]
    children: tuple[Variant, ...]


def to_variant(row: VariantRow) -> Variant:
    return Variant(
        id=row.id,
        job=row.job_id,
        index=row.index,
        state=State(row.state),
        request=GenerationRequest.model_validate(row.job.request),
        seed=row.seed,
        image=row.image,
        origin=Origin.model_validate(row.origin) if row.origin else None,
        favourite=row.favourite,
        stars=row.stars or None,
        faults=tuple(fault.code for fault in row.faults),
        created=row.created,
        deleted=row.deleted_at is not None,
    )


def _load(session: Session, ids: Sequence[int]) -> list[Variant]:
    rows: dict[int, VariantRow] = {}
    for part in _parts(ids):
        rows |= {row.id: row for row in session.scalars(select(VariantRow).where(VariantRow.id.in_(part)))}
    _check_all(ids, rows)
    return [to_variant(rows[id]) for id in ids]


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    """The ids a database can hold, in lists short enough for one statement."""
    possible = [id for id in ids if 0 < id <= MAX_KEY]
    return (possible[start : start + MAX_PAGE] for start in range(0, len(possible), MAX_PAGE))


def _check_all(ids: Collection[int], known: Collection[int]) -> None:
    if missing := set(ids).difference(known):
        raise StudioError("variant.unknown", id=min(missing))


def get_variant(db: Database, variant_id: int) -> Variant:
    """Raises StudioError variant.unknown."""
    return get_variants(db, [variant_id])[0]


def get_variants(db: Database, ids: Sequence[int]) -> list[Variant]:
    """In the order of `ids`. Raises StudioError variant.unknown."""
    with db.read() as session:
        return _load(session, ids)


def search(db: Database, query: VariantQuery, after: str | None = None, limit: int = 48) -> VariantPage:
    """One page. Pages go by the last row's place, not by counting, so new variants do not shift them.

    Raises StudioError search.page when `after` is not a place, number.range for a limit outside 1–500.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    matches = _matches(query)
    page = select(VariantRow.id, VariantRow.stars).where(matches)
    if after is not None:
        page = page.where(_beyond(query.sort, after))
    with db.read() as session:
        places = session.execute(_ordered(page, query.sort).limit(limit + 1)).all()
        total = session.scalar(select(func.count()).select_from(VariantRow).where(matches)) or 0
        shown = places[:limit]
        more = len(places) > limit
        return VariantPage(
            items=tuple(_load(session, [place.id for place in shown])),
            next=f"{shown[-1].stars}.{shown[-1].id}" if more else None,
            total=total,
        )


def _matches(query: VariantQuery) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = []
    if query.stars_min is not None:
        terms.append(VariantRow.stars >= query.stars_min)
    if query.unrated is not None:
        terms.append((VariantRow.stars == 0) == query.unrated)
    if query.favourite is not None:
        terms.append(VariantRow.favourite == query.favourite)
    if query.model is not None:
        terms.append(VariantRow.model == query.model)
    if query.since is not None:
        terms.append(VariantRow.created >= query.since)
    if query.until is not None:
        terms.append(VariantRow.created < query.until)
    if query.fault is not None:
        of_fault = select(VariantFaultRow.variant_id).where(VariantFaultRow.code == query.fault)
        terms.append(VariantRow.id.in_(of_fault))
    terms += [VariantRow.job_id.in_(jobs) for jobs in _jobs_with(query.words)]
    return and_(DELETED if query.deleted else SHOWN, *terms)


def _jobs_with(words: str) -> list[Select[int]]:
    whole, beginnings = search_terms(words)
    exact = [select(JobWordRow.job_id).where(JobWordRow.word == word) for word in sorted(whole)]
    prefixes = [
        select(JobWordRow.job_id).where(JobWordRow.word >= word, JobWordRow.word < word + "\U0010ffff")
        for word in sorted(beginnings)
    ]
    return exact + prefixes


def _ordered(page: Select[int, int], sort: str) -> Select[int, int]:
    if sort == "stars":
        return page.order_by(VariantRow.stars.desc(), VariantRow.id.desc())
    return page.order_by(VariantRow.id if sort == "oldest" else VariantRow.id.desc())


def _beyond(sort: str, after: str) -> ColumnElement[bool]:
    if not PLACE.fullmatch(after):
        raise StudioError("search.page", page=after[:40])
    stars, last = map(int, after.split("."))
    if sort == "stars":
        return tuple_(VariantRow.stars, VariantRow.id) < tuple_(stars, last)
    return VariantRow.id > last if sort == "oldest" else VariantRow.id < last


def family(db: Database, variant_id: int) -> Family:
    """Raises StudioError variant.unknown. Children without a picture and deleted ones are left out."""
    with db.read() as session:
        get_row(session, VariantRow, variant_id, "variant.unknown")
        line = select(VariantRow.parent_id.label("id")).where(VariantRow.id == variant_id).cte(recursive=True)
        parent = aliased(VariantRow)
        line = line.union_all(select(parent.parent_id).where(parent.id == line.c.id))
        ancestors = select(VariantRow.id).where(VariantRow.id.in_(select(line.c.id))).order_by(VariantRow.id.desc())
        children = select(VariantRow.id).where(VariantRow.parent_id == variant_id, SHOWN).order_by(VariantRow.id)
        return Family(
            ancestors=tuple(_load(session, session.scalars(ancestors).all())),
            children=tuple(_load(session, session.scalars(children).all())),
        )


def set_favourite(db: Database, variant_id: int, favourite: bool) -> None:
    """Raises StudioError variant.unknown."""
    _set(db, [variant_id], favourite=favourite)


def delete(db: Database, ids: Collection[int]) -> None:
    """Hide variants from the gallery; all is kept for `restore`. Raises StudioError variant.unknown."""
    _set(db, ids, deleted_at=now())


def restore(db: Database, ids: Collection[int]) -> None:
    """Undo `delete`. Raises StudioError variant.unknown."""
    _set(db, ids, deleted_at=None)


def _set(db: Database, ids: Collection[int], **values: Any) -> None:
    with db.write() as session:
        changed: set[int] = set()
        for part in _parts(ids):
            change = update(VariantRow).where(VariantRow.id.in_(part)).values(**values)
            changed |= set(session.scalars(change.returning(VariantRow.id)))
        _check_all(ids, changed)
