"""From pictures to the items of a session: which are shown together, and which have a known answer.

Only pictures of the same description are compared: raters judge the picture, not the wish. Where sources are compared
(models, adapters, presets) the pictures of an item come from different ones.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from math import ceil
from typing import Literal

from t2i_studio.domain import NewItem, Noun, Purpose, SessionKind, Shown, Variant
from t2i_studio.errors import StudioError
from t2i_studio.feedback.sources import source_names

Axis = Literal["picture", "model", "adapter", "preset"]
"""What is compared: every picture by itself, or what its request says of the model, the adapters or the preset."""
MAX_KNOWN = 60
"""Known-answer items kept for a session; a rater sees each at most once."""
APPEARANCES = 3
"""How often a picture is at least shown among four."""
SPOILT_STARS = 1


class Candidate(Noun):
    """A picture to be judged. text: the description it was made from."""

    variant: int
    text: str
    source: str | None = None


def candidate(variant: Variant, axis: Axis) -> Candidate:
    """A variant by what is compared."""
    request = variant.request
    sources: dict[Axis, str | None] = {
        "picture": None,
        "model": request.model,
        "adapter": " + ".join(f"{each.path}:{each.scale:g}" for each in request.adapters) or "–",
        "preset": request.preset or "–",
    }
    return Candidate(variant=variant.id, text=request.text, source=sources[axis])


def make_items(
    kind: SessionKind, candidates: Sequence[Candidate], *, seed: int, known: int = MAX_KNOWN, practice: int = 0
) -> list[NewItem]:
    """The items of a session in an order drawn from `seed`, its known-answer items and those to practise on. Sources
    have short names (sources.py).

    Pairs: every pair of a description (of different sources, where sources are compared). Four: as few items as show
    each picture APPEARANCES times. Raises StudioError session.nothing_to_compare when no description has enough
    pictures or all are of one source.
    """
    rng = random.Random(f"items {seed}")
    names = source_names({each.source for each in candidates if each.source is not None})
    candidates = [each.model_copy(update={"source": each.source and names[each.source]}) for each in candidates]
    groups = _by_text(candidates)
    judged = [item for group in groups for item in _items(kind, group, rng)]
    if not judged:
        raise StudioError("session.nothing_to_compare", pictures=kind.pictures)
    rng.shuffle(judged)
    spoilt = _spoilt(kind, candidates, rng)
    practice = min(practice, ceil(len(spoilt) / 2)) if known else practice  # few are shared between both purposes
    return [
        *judged,
        *(item.model_copy(update={"purpose": Purpose.PRACTICE}) for item in spoilt[:practice]),
        *spoilt[practice : practice + known],
    ]


def _by_text(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for each in {each.variant: each for each in candidates}.values():
        groups[each.text].append(each)
    return list(groups.values())


def _items(kind: SessionKind, group: list[Candidate], rng: random.Random) -> list[NewItem]:
    if kind is SessionKind.STARS:
        return [_item([each]) for each in group]
    if kind is SessionKind.PAIRS:
        return [_item(pair) for pair in combinations(group, 2) if _differ(pair)]
    return _fours(group, rng)


def _differ(together: Sequence[Candidate]) -> bool:
    return together[0].source is None or len({each.source for each in together}) > 1


def _fours(group: list[Candidate], rng: random.Random) -> list[NewItem]:
    """Four at a time, always those shown least so far, of as many sources as there are; the same four only once."""
    shown = Counter({each.variant: 0 for each in group})
    found: dict[frozenset[int], NewItem] = {}
    for _ in range(APPEARANCES * len(group)):
        if len(group) < 4 or min(shown.values()) >= APPEARANCES:
            break
        four = _of_many_sources(sorted(group, key=lambda each: (shown[each.variant], rng.random())))
        together = frozenset(each.variant for each in four)
        if together not in found and _differ(four):
            found[together] = _item(four)
            shown.update(together)
    return list(found.values())


def _of_many_sources(order: Sequence[Candidate]) -> list[Candidate]:
    """The first four, one of each source before a second of any."""
    times: Counter[str | None] = Counter()
    ranked = []
    for place, each in enumerate(order):
        rank = times[each.source] if each.source is not None else 0
        ranked.append((rank, place, each))
        times[each.source] += 1
    return [each for _, _, each in sorted(ranked, key=lambda row: row[:2])[:4]]


def _item(together: Sequence[Candidate]) -> NewItem:
    pictures = tuple(Shown(variant=each.variant, source=each.source) for each in together)
    return NewItem(text=together[0].text, pictures=pictures)


def _spoilt(kind: SessionKind, candidates: Sequence[Candidate], rng: random.Random) -> list[NewItem]:
    """Items whose answer is known because all pictures but one are spoilt, or with stars the only one is."""
    count = kind.pictures
    groups = [group for group in _by_text(candidates) if len(group) >= count]
    items: dict[frozenset[tuple[int, bool]], NewItem] = {}
    for group in rng.choices(groups, k=2 * MAX_KNOWN) if groups else ():
        together = rng.sample(group, count)
        sound = rng.randrange(count) if count > 1 else None
        pictures = tuple(
            Shown(variant=each.variant, source=each.source, damaged=place != sound)
            for place, each in enumerate(together)
        )
        expected = SPOILT_STARS if sound is None else sound
        item = NewItem(text=group[0].text, pictures=pictures, purpose=Purpose.KNOWN, expected=expected)
        items.setdefault(frozenset((shown.variant, shown.damaged) for shown in pictures), item)
    return list(items.values())
