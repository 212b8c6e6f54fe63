"""What a rater is shown next, and how: decisions that follow from the session's seed, the rater and a count alone.

Every draw is seeded by these, so a place in a session can be computed again, and no rater's draws tell of another's.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence

from t2i_studio.domain import NewItem

BLOCK = 20
"""Positions over which checks are spread evenly: within each block their places are random."""
SIDES = 4
"""Pairs over which sides are balanced: of each four shown to a rater, two stand as stored and two swapped."""
REPEAT_DISTANCE = 5
"""Positions that lie at least between an item and its swapped repeat."""


def dice(seed: int, *what: object) -> random.Random:
    """Random numbers of their own for each thing decided. what: names it (rater, purpose, count …)."""
    name = "\x1f".join(map(str, (seed, *what)))
    return random.Random(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]))


def checks_due(seed: int, rater: str, kind: str, share: float, position: int) -> int:
    """How many checks of this kind (known answer, repeat) the rater is to have seen once `position` is given.

    share: part of the positions that are such checks, 0–0.5. Positions count from 0, without practice. By the end of
    block k there are ⌊share·BLOCK·(k+1) + u⌋ of them, u uniform in [0, 1) by rater, so that the share is exact on
    average however few positions there are; within the block their positions are drawn without repetition.
    """
    block, within = divmod(position, BLOCK)
    start = dice(seed, rater, kind).random()
    before, after = (int(share * BLOCK * blocks + start) for blocks in (block, block + 1))
    places = dice(seed, rater, kind, block).sample(range(BLOCK), after - before)
    return before + sum(place <= within for place in places)


def picture_order(seed: int, rater: str, purpose: str, count: int, pictures: int) -> tuple[int, ...]:
    """Places of an item's pictures as shown, left to right. count: of such items this rater was given before.

    Two pictures: of each SIDES items of a purpose, half stand as stored and half swapped, in random order. Four: any
    order, each as likely.
    """
    if pictures != 2:
        return tuple(dice(seed, rater, "order", purpose, count).sample(range(pictures), pictures))
    block, within = divmod(count, SIDES)
    swapped = dice(seed, rater, "sides", purpose, block).sample([False, True] * (SIDES // 2), SIDES)
    return (1, 0) if swapped[within] else (0, 1)


def starting_place(seed: int, rater: str, position: int, items: int) -> int:
    """From where in the session's shuffled items (0 … items - 1) a rater's next one is looked for."""
    return dice(seed, rater, "start", position).randrange(max(1, items))


def shuffled(seed: int, count: int) -> list[int]:
    """A random order: the place of each of `count` items in it."""
    return dice(seed, "shuffle").sample(range(count), count)


def matchups(items: Sequence[NewItem]) -> list[int]:
    """A number for each item, the same for items that compare the same sources, in whatever order they are given."""
    numbers: dict[tuple[str, ...], int] = {}
    return [
        numbers.setdefault(tuple(sorted(shown.source or "" for shown in item.pictures)), len(numbers)) for item in items
    ]


def even_choice(matchups: Sequence[tuple[int, int]], already: dict[int, int], count: int) -> list[int]:
    """Which `count` items to open so that each matchup has as many as any other, as far as its items reach.

    matchups: (item id, matchup) in the order in which a matchup's items are to be taken. already: open
    items by matchup.
    """
    waiting: dict[int, list[int]] = defaultdict(list)
    for item, matchup in reversed(matchups):
        waiting[matchup].append(item)
    opened = {matchup: already.get(matchup, 0) for matchup in waiting}
    chosen: list[int] = []
    while waiting and len(chosen) < count:
        fewest = min(waiting, key=lambda matchup: (opened[matchup], matchup))
        chosen.append(waiting[fewest].pop())
        opened[fewest] += 1
        if not waiting[fewest]:
            del waiting[fewest]
    return chosen
