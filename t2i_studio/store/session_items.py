"""The items of a session: checked when it is made, opened for judging, found again."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from t2i_studio.domain import (
    MAX_ITEMS,
    Item,
    NewItem,
    Purpose,
    SessionKind,
    Shown,
    check_number,
    check_text,
)
from t2i_studio.errors import StudioError
from t2i_studio.store.database import MAX_KEY, Database
from t2i_studio.store.models import UNOPENED, SessionItemRow, SessionPictureRow, SessionRow, VariantRow
from t2i_studio.store.schedule import even_choice, matchups, shuffled

PART = 500
"""Ids in one statement."""
MAX_SOURCE = 300


def check_items(kind: SessionKind, items: Sequence[NewItem]) -> None:
    """Raises StudioError session.no_items, .item_pictures, .item_same, .item_twice, .item_expected, text.too_long …"""
    check_number("items", len(items), 0, MAX_ITEMS)
    if not any(item.purpose is Purpose.JUDGED for item in items):
        raise StudioError("session.no_items")
    seen: set[object] = set()
    for number, item in enumerate(items, 1):
        _check_item(kind, number, item)
        pictures = frozenset((shown.variant, shown.damaged) for shown in item.pictures)
        if (item.purpose, pictures) in seen:
            raise StudioError("session.item_twice", number=number)
        seen.add((item.purpose, pictures))


def _check_item(kind: SessionKind, number: int, item: NewItem) -> None:
    check_text(item.text)
    if len(item.pictures) != kind.pictures:
        raise StudioError("session.item_pictures", number=number, pictures=len(item.pictures), wanted=kind.pictures)
    if len({shown.variant for shown in item.pictures}) < len(item.pictures):
        raise StudioError("session.item_same", number=number)
    for shown in item.pictures:
        check_number("source length", len(shown.source or ""), 0, MAX_SOURCE)
    low, high = (1, 5) if kind is SessionKind.STARS else (0, kind.pictures - 1)
    if item.purpose is Purpose.JUDGED:
        right = item.expected is None
    else:
        right = item.expected is not None and low <= item.expected <= high
    if not right:
        raise StudioError("session.item_expected", number=number, low=low, high=high)


def check_pictures(session: Session, items: Sequence[NewItem], examples: Sequence[int] = ()) -> None:
    """Raises StudioError variant.unknown, rating.no_picture. examples: variants in the guideline."""
    wanted = sorted({*examples, *(shown.variant for item in items for shown in item.pictures)})
    if impossible := [id for id in wanted if not 0 < id <= MAX_KEY]:
        raise StudioError("variant.unknown", id=impossible[0])
    made: dict[int, str | None] = {}
    for part in _parts(wanted):
        query = select(VariantRow.id, VariantRow.image).where(VariantRow.id.in_(part))
        made |= dict(session.execute(query).tuples().all())
    for id in wanted:
        if id not in made:
            raise StudioError("variant.unknown", id=id)
        if made[id] is None:
            raise StudioError("rating.no_picture", id=id)


def _parts(ids: Sequence[int]) -> list[list[int]]:
    return [list(ids[start : start + PART]) for start in range(0, len(ids), PART)]


def add_items(session: Session, row: SessionRow, items: Sequence[NewItem]) -> None:
    """Keep the items, in the order given, and open those that may be judged from the beginning."""
    places, numbers = shuffled(row.seed, len(items)), matchups(items)
    judged = iter(_ranks([place for place, item in zip(places, items, strict=True) if _is_judged(item)]))
    rows = [
        {
            "session_id": row.id,
            "purpose": item.purpose,
            "text": check_text(item.text),
            "expected": item.expected,
            "opened": not _is_judged(item),
            "places": row.overlap if _is_judged(item) else 0,
            "shuffle": next(judged) if _is_judged(item) else place,
            "matchup": number,
        }
        for item, place, number in zip(items, places, numbers, strict=True)
    ]
    adding = insert(SessionItemRow).returning(SessionItemRow.id, sort_by_parameter_order=True)
    ids = session.scalars(adding, rows).all()
    session.execute(
        insert(SessionPictureRow), [one for id, item in zip(ids, items, strict=True) for one in _of(id, item)]
    )
    row.judged = sum(map(_is_judged, items))
    if row.choice == "even":
        open_evenly(session, row)


def _is_judged(item: NewItem) -> bool:
    return item.purpose is Purpose.JUDGED


def _ranks(places: Sequence[int]) -> list[int]:
    """The same order without gaps, from 0: a draw among the items then favours none."""
    rank = {place: number for number, place in enumerate(sorted(places))}
    return [rank[place] for place in places]


def _of(item_id: int, item: NewItem) -> list[dict[str, Any]]:
    return [
        {"item_id": item_id, "place": place, "variant_id": shown.variant}
        | {"source": shown.source, "damaged": shown.damaged}
        for place, shown in enumerate(item.pictures)
    ]


def open_evenly(session: Session, row: SessionRow) -> None:
    """Open items until the session's budget is reached, as many of each matchup."""
    query = select(SessionItemRow.id, SessionItemRow.matchup).where(SessionItemRow.session_id == row.id, UNOPENED)
    waiting = session.execute(query.order_by(SessionItemRow.matchup, SessionItemRow.shuffle)).tuples().all()
    count = len(waiting) if row.budget is None else max(0, row.budget - row.opened)
    chosen = even_choice(waiting, opened_by_matchup(session, row.id), count)
    for part in _parts(chosen):
        session.execute(update(SessionItemRow).where(SessionItemRow.id.in_(part)).values(opened=True))
    row.opened += len(chosen)


def opened_by_matchup(session: Session, session_id: int) -> Counter[int]:
    """How many items of each matchup may be judged."""
    mine = (SessionItemRow.session_id == session_id, SessionItemRow.purpose == Purpose.JUDGED, SessionItemRow.opened)
    query = select(SessionItemRow.matchup, func.count()).where(*mine).group_by(SessionItemRow.matchup)
    return Counter(dict(session.execute(query).tuples().all()))


def pictures_of(session: Session, ids: Collection[int]) -> dict[int, tuple[Shown, ...]]:
    """{item: its pictures in the order kept}."""
    pictures: dict[int, list[Shown]] = defaultdict(list)
    of_picture = SessionPictureRow
    columns = (of_picture.item_id, of_picture.variant_id, of_picture.source, of_picture.damaged)
    for part in _parts([*ids]):
        query = select(*columns).where(of_picture.item_id.in_(part)).order_by(of_picture.item_id, of_picture.place)
        for item, variant, source, damaged in session.execute(query).tuples():
            pictures[item].append(Shown(variant=variant, source=source, damaged=damaged))
    return {item: tuple(shown) for item, shown in pictures.items()}


def get_item(db: Database, item_id: int) -> Item:
    """Raises StudioError session.item_unknown."""
    query = select(SessionItemRow).where(SessionItemRow.id == item_id)
    with db.read() as session:
        row = session.scalar(query) if 0 < item_id <= MAX_KEY else None
        if row is None:
            raise StudioError("session.item_unknown", id=item_id)
        return _to_item(row, pictures_of(session, [row.id])[row.id])


def items_of(db: Database, session_id: int) -> list[Item]:
    """All items of a session, in the order given."""
    query = select(SessionItemRow).where(SessionItemRow.session_id == session_id).order_by(SessionItemRow.id)
    with db.read() as session:
        rows = session.scalars(query).all() if 0 < session_id <= MAX_KEY else []
        pictures = pictures_of(session, [row.id for row in rows])
        return [_to_item(row, pictures[row.id]) for row in rows]


def _to_item(row: SessionItemRow, pictures: tuple[Shown, ...]) -> Item:
    return Item(
        id=row.id,
        session=row.session_id,
        purpose=Purpose(row.purpose),
        text=row.text,
        pictures=pictures,
        expected=row.expected,
        opened=row.opened,
        answers=row.answers,
    )
