"""What the judge sees in pictures whose content is known."""

import numpy as np
import pytest
from PIL import Image

from t2i_studio.judge.network import FEATURES, Judge
from t2i_studio.judge.seeing import features, most_likely, see

Scenes = list[tuple[Image.Image, dict[str, str]]]


@pytest.mark.parametrize(
    ("attribute", "share"), [("object", 0.9), ("color", 0.85), ("backdrop", 0.9), ("podium", 0.9), ("position", 0.95)]
)
def test_it_names_what_a_composed_scene_shows(judge: Judge, scenes: Scenes, attribute: str, share: float) -> None:
    seen = [most_likely(each)[attribute] for each in see(judge, [image for image, _ in scenes])]
    right = [best == facts[attribute] for best, (_, facts) in zip(seen, scenes, strict=True) if attribute in facts]
    assert np.mean(right) >= share


def test_it_sees_props_where_they_are_and_only_there(judge: Judge, scenes: Scenes) -> None:
    pictures = see(judge, [image for image, _ in scenes])
    props = [name for name in judge.classes if name.startswith("prop.")]
    marks = [
        most_likely(seen)[prop] == facts.get(prop, "absent")
        for seen, (_, facts) in zip(pictures, scenes, strict=True)
        for prop in props
    ]
    assert np.mean(marks) >= 0.97


def test_levels_of_style_rise_with_the_levels_of_the_scene(judge: Judge, scenes: Scenes) -> None:
    pictures = see(judge, [image for image, _ in scenes])
    for control in ("distance", "richness", "brightness", "warmth"):
        seen = [sum(int(level) * share for level, share in picture[control].items()) for picture in pictures]
        wanted = [int(facts[control]) for _, facts in scenes]
        assert np.corrcoef(seen, wanted)[0, 1] > 0.7, control


def test_likelihoods_are_plain_data_that_adds_up_and_are_the_same_again(judge: Judge, scenes: Scenes) -> None:
    images = [image for image, _ in scenes[:3]]
    seen = see(judge, images)
    assert seen == see(judge, images)
    for picture in seen:
        assert list(picture) == list(judge.classes)
        assert all(abs(sum(likely.values()) - 1) < 1e-5 for likely in picture.values())
        assert all(tuple(picture[name]) == ids for name, ids in judge.classes.items())


def test_a_picture_of_another_size_or_mode_is_the_same_picture(judge: Judge, scenes: Scenes) -> None:
    image = scenes[0][0]
    large = image.resize((512, 512), Image.Resampling.NEAREST)
    plain, *others = see(judge, [image, large, large.convert("RGBA")])
    assert all(abs(other["object"]["handbag"] - plain["object"]["handbag"]) < 1e-3 for other in others)


def test_no_pictures_no_verdicts(judge: Judge) -> None:
    assert see(judge, []) == []
    assert features(judge, []).shape == (0, FEATURES)


def test_features_tell_pictures_apart_and_not_copies(judge: Judge, scenes: Scenes) -> None:
    images = [image for image, _ in scenes[:6]]
    found = features(judge, [*images, images[0]])
    assert found.shape == (7, FEATURES)
    assert found.dtype == np.float32
    apart = np.linalg.norm(found[:, None] - found[None], axis=-1)
    assert apart[0, 6] < 1e-3 * apart[0, 1:6].min()
