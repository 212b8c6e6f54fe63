"""What is learnt from ratings, whether it is more than chance, and what it says in words."""

import numpy as np
import pytest

from t2i_studio.domain import Judgement, Opinion, Preference
from t2i_studio.errors import StudioError
from t2i_studio.learning.features import Look
from t2i_studio.learning.reward import NEEDED, Seen, _told, fit
from t2i_studio.learning.taste_words import TRAITS, Leaning, leanings, reason, sureness, told
from tests.learning.looks import evidence, look, scenes


def warm(seen: Look) -> float:
    return 2.5 * seen.measures["warmth"] / 8 - 1.5 * seen.measures["distance"] / 0.1


def test_a_taste_is_found_and_called_by_its_name() -> None:
    seen, said, _ = scenes(1, 150, warm)
    reward = fit(said, seen)
    assert reward.usable
    assert reward.judgements == 150
    assert {(one.trait, one.more) for one in leanings(reward)} >= {("warmth", True), ("size", False)}
    assert "warmer colours" in reason(leanings(reward), "en")
    assert "更暖的色调" in reason(leanings(reward), "zh")
    assert "150" in sureness(reward, "en")


def test_held_out_pairs_are_ordered_as_the_taste_does() -> None:
    seen, said, _ = scenes(1, 150, warm)
    reward = fit(said, seen)
    rng = np.random.default_rng(9)
    pictures = [look(rng) for _ in range(400)]
    columns = reward.columns(pictures, [{}] * 400)
    liked = np.array([warm(one) for one in pictures])
    mean, spread = reward.score(columns)
    assert np.corrcoef(mean, liked)[0, 1] > 0.7
    assert (spread > 0).all()
    chance = reward.probability(columns[:200], columns[200:])
    assert ((chance > 0.5) == (liked[:200] > liked[200:])).mean() > 0.75


def test_noise_is_no_taste() -> None:
    said_so = 0
    for seed in range(20):
        seen, said, _ = scenes(100 + seed, 40, lambda _: 0.0)
        said_so += fit(said, seen).usable
    assert said_so <= 1


def test_the_words_of_noise_are_few() -> None:
    told_of = 0
    for seed in range(6):
        seen, said, _ = scenes(200 + seed, 60, lambda _: 0.0)
        told_of += len(leanings(fit(said, seen)))
    assert told_of <= 4


def test_the_check_tells_of_every_held_out_pair_once() -> None:
    seen, said, _ = scenes(2, 60, warm)
    check = fit(said, seen).check
    assert sum(each.pairs for each in check.calibration) == check.accuracy.answers == 60
    assert check.accuracy.low is not None
    assert check.accuracy.value is not None
    assert check.accuracy.low < check.accuracy.value


def test_opinions_teach_too() -> None:
    rng = np.random.default_rng(5)
    seen = {number: Seen(look=look(rng), product=f"product {number % 9}") for number in range(120)}
    opinions = [
        Opinion(
            description=f"text {number % 9}", variant=number, good=warm(one.look) > 0, rater="ann",
            judgements=(Judgement(rating=number + 1),),
        )
        for number, one in seen.items()
    ]  # fmt: skip
    reward = fit(evidence([], opinions), seen)
    assert reward.usable
    assert ("warmth", True) in {(one.trait, one.more) for one in leanings(reward)}


def test_too_few_say_how_many_more() -> None:
    seen, said, _ = scenes(1, 10, warm)
    with pytest.raises(StudioError) as refusal:
        fit(said, seen)
    assert refusal.value.key == "reward.too_few"
    assert refusal.value.params["more"] == NEEDED - 10
    with pytest.raises(StudioError, match="rate 16 more"):
        fit(evidence([]), {})


def test_pictures_that_are_gone_say_nothing() -> None:
    seen, said, _ = scenes(1, 40, warm)
    del seen[0], seen[3]
    assert fit(said, seen).judgements == 38


def test_a_choice_among_four_and_derived_pairs_are_not_counted_more_than_once() -> None:
    seen = {number: Seen(look=look(np.random.default_rng(number))) for number in range(4)}
    one = (Judgement(comparison=1),)
    choice = [Preference(description="a", better=0, worse=k, rater="r", judgements=one) for k in (1, 2, 3)]
    weighed, _ = _told(evidence(choice), seen)
    assert [each.weight for each in weighed] == [0.5] * 3
    rows = [Judgement(rating=number) for number in range(4)]
    derived = [
        Preference(description="a", better=b, worse=w, rater="r", judgements=(rows[b], rows[w]))
        for b, w in ((0, 2), (0, 3), (1, 2), (1, 3))
    ]
    opinion = Opinion(description="a", variant=0, good=True, rater="r", stars=5, judgements=(rows[0],))
    weighed, opinions = _told(evidence(derived, [opinion]), seen)
    assert sum(each.weight for each in weighed) == 2
    assert not opinions


def test_pictures_that_are_all_alike_teach_nothing_and_break_nothing() -> None:
    same = look(np.random.default_rng(0))
    _, said, _ = scenes(1, 30, warm)
    reward = fit(said, {number: Seen(look=same) for number in range(60)})
    assert not reward.usable
    assert not leanings(reward)


def test_every_trait_has_words_in_both_languages() -> None:
    for trait in TRAITS:
        for more in (True, False):
            leaning = Leaning(trait=trait.name, more=more, effect=1, low=0.5, high=1.5)
            assert told(leaning, "en") != told(leaning, "zh")
