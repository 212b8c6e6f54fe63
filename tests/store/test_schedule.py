from collections import Counter
from itertools import pairwise

import pytest

from t2i_studio.domain import NewItem, Shown
from t2i_studio.store.schedule import (
    BLOCK,
    checks_due,
    even_choice,
    matchups,
    picture_order,
    shuffled,
    starting_place,
)


def due(rater: str, share: float, positions: int, seed: int = 7) -> list[int]:
    return [checks_due(seed, rater, "known", share, position) for position in range(positions)]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.33, 0.5])
def test_checks_come_one_at_a_time_and_in_their_share(share: float):
    raters = [due(f"r{n}", share, 10 * BLOCK) for n in range(60)]
    for counts in raters:
        assert all(0 <= after - before <= 1 for before, after in pairwise([0, *counts]))
        assert abs(counts[-1] - share * 10 * BLOCK) <= 1
    short = [counts[9] for counts in raters]  # ten positions: the share is exact on average already
    assert sum(short) / 600 == pytest.approx(share, abs=0.06)


def test_checks_are_spread_and_not_at_places_one_could_learn():
    places = Counter()
    for n in range(400):
        counts = due(f"r{n}", 0.1, 3 * BLOCK)
        places.update(place for place, (before, after) in enumerate(pairwise([0, *counts])) if after > before)
    assert set(places) == set(range(3 * BLOCK))
    assert max(places.values()) < 3 * min(places.values())
    assert due("r1", 0.1, 60) != due("r2", 0.1, 60)
    assert due("r1", 0.1, 60) != due("r1", 0.1, 60, seed=8)


def test_sides_are_balanced_within_each_rater_and_not_alternating():
    blocks = Counter()
    for n in range(200):
        orders = [picture_order(3, f"r{n}", "judged", count, 2) for count in range(40)]
        assert Counter(orders) == {(0, 1): 20, (1, 0): 20}
        blocks.update(tuple(orders[start : start + 4]) for start in range(0, 40, 4))
    assert len(blocks) == 6  # every arrangement of two and two
    assert max(blocks.values()) < 1.5 * min(blocks.values())


def test_four_pictures_stand_in_any_order():
    orders = Counter(picture_order(3, f"r{n}", "judged", count, 4) for n in range(60) for count in range(40))
    assert len(orders) == 24
    assert sum((seen - 100) ** 2 / 100 for seen in orders.values()) < 49.7  # χ², 23 degrees of freedom, p = 0.001
    assert picture_order(3, "r", "judged", 0, 1) == (0,)


def test_what_is_drawn_can_be_drawn_again():
    assert picture_order(1, "r", "judged", 5, 4) == picture_order(1, "r", "judged", 5, 4)
    assert sorted(shuffled(5, 100)) == list(range(100))
    assert shuffled(5, 100) == shuffled(5, 100) != shuffled(6, 100)
    assert {starting_place(1, f"r{n}", 0, 10) for n in range(200)} == set(range(10))
    assert starting_place(1, "r", 0, 0) == 0


def test_items_of_the_same_sources_are_a_matchup_in_either_order():
    def item(*sources: str | None) -> NewItem:
        shown = tuple(Shown(variant=place, source=source) for place, source in enumerate(sources, 1))
        return NewItem(text="a", pictures=shown)

    made = [item("a", "b"), item("b", "a"), item("a", "c"), item(None, None)]
    assert matchups(made) == [0, 0, 1, 2]


def test_an_even_choice_gives_each_matchup_as_many():
    items = [(number, number % 3) for number in range(30)]
    chosen = even_choice(items, {}, 12)
    assert Counter(number % 3 for number in chosen) == {0: 4, 1: 4, 2: 4}
    assert len(set(chosen)) == 12
    more = even_choice([each for each in items if each[0] not in chosen], {0: 4, 1: 4, 2: 6}, 7)
    assert Counter(number % 3 for number in more) == {0: 3, 1: 3, 2: 1}
    assert sorted(even_choice(items, {}, 99)) == list(range(30))
    assert even_choice([], {}, 5) == []
