"""Adherence: right facts against wrong ones."""

import numpy as np
import pytest
from PIL import Image

from t2i_studio.judge.adherence import adherence, adherence_by_attribute, hits, knows
from t2i_studio.judge.network import Judge

Scenes = list[tuple[Image.Image, dict[str, str]]]


def test_pictures_adhere_to_their_own_facts_and_not_to_those_of_others(judge: Judge, scenes: Scenes) -> None:
    images, facts = ([each[n] for each in scenes] for n in (0, 1))
    own = adherence(judge, images, facts)
    other = adherence(judge, images, facts[1:] + facts[:1])
    assert own.shape == (24,)
    assert own.mean() > 0.93
    assert (own > other).all()


@pytest.mark.parametrize("attribute", ["object", "color", "backdrop"])
def test_one_wrong_fact_costs_its_share(judge: Judge, scenes: Scenes, attribute: str) -> None:
    image, facts = next(each for each in scenes if each[1].get("color") and adherence(judge, *[[x] for x in each]) == 1)
    asked = {name: facts[name] for name in ("object", "color", "backdrop", "podium")}
    wrong = next(id for id in sorted(judge.taught) + list(judge.classes[attribute]) if id in judge.classes[attribute]
                 and id not in ("", asked[attribute]))  # fmt: skip
    assert adherence(judge, [image], [asked]) == 1
    assert adherence(judge, [image], [{**asked, attribute: wrong}]) == 0.75


def test_what_is_left_open_does_not_count(judge: Judge, scenes: Scenes) -> None:
    image, facts = scenes[0]
    assert np.isnan(adherence(judge, [image], [{}])).all()
    assert list(hits(judge, [image], [{"object": facts["object"]}])[0]) == ["object"]


def test_what_it_was_not_taught_is_left_out(judge: Judge, scenes: Scenes) -> None:
    stranger = next(id for id in judge.classes["object"] if id not in judge.taught)
    asked = {"object": stranger, "color": "ultraviolet", "smell": "fresh", "position": scenes[0][1]["position"]}
    assert hits(judge, [scenes[0][0]], [asked]) == [{"position": True}]
    assert not knows(judge, "object", stranger)


@pytest.mark.parametrize(
    ("wanted", "right"),
    [("1", {"1", "2"}), ("2", {"1", "2"}), ("3", {"2", "3", "4"}), ("4", {"4", "5"}), ("5", {"4", "5"})],
)
def test_a_level_is_right_near_the_wanted_one_on_its_side(
    judge: Judge, scenes: Scenes, wanted: str, right: set[str]
) -> None:
    images = [image for image, _ in scenes]
    from t2i_studio.judge.seeing import most_likely, see

    levels = [most_likely(seen)["distance"] for seen in see(judge, images)]
    marks = [each["distance"] for each in hits(judge, images, [{"distance": wanted}] * len(images))]
    assert marks == [level in right for level in levels]


def test_shares_are_told_by_attribute_with_their_counts(judge: Judge, scenes: Scenes) -> None:
    images, facts = ([each[n] for each in scenes] for n in (0, 1))
    told = adherence_by_attribute(judge, images, [{**each, "object": "handbag"} for each in facts])
    assert told["object"] == (pytest.approx(1 / 24), 24)
    assert told["props"][1] == sum(name.startswith("prop.") for each in facts for name in each)
    assert "prop.leaves" not in told


def test_every_picture_needs_its_facts(judge: Judge, scenes: Scenes) -> None:
    with pytest.raises(ValueError, match="zip"):
        adherence(judge, [image for image, _ in scenes], [{"object": "handbag"}])
