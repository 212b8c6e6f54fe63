"""Views of a product."""

import numpy as np

from t2i_studio.pretraining.shop.views import EACH, TURN, views
from tests.pretraining.shop.conftest import boots, bottle, cut, lamp


def mirrored(picture: np.ndarray) -> np.ndarray:
    return picture[:, ::-1]


def test_every_picture_comes_first_as_it_is_and_then_varied() -> None:
    cuts = [cut(lamp), cut(bottle)]
    made = views(cuts, False, np.random.default_rng(0))
    assert len(made) == 2 * EACH
    assert made[:2] == cuts
    assert all(
        np.abs(np.asarray(view.resize((320, 320)), float) - np.asarray(cuts[0], float)).mean() > 0.5
        for view in made[2:]
    )


def test_views_differ_little_from_the_picture() -> None:
    picture = cut(bottle)
    for view in views([picture], False, np.random.default_rng(1)):
        grown = max(view.size) / max(picture.size) - 1
        assert grown < 2 * np.sin(np.radians(TURN))
        left, top = (np.array(view.size) - picture.size) // 2
        same = view.crop((left, top, left + picture.width, top + picture.height))
        assert np.abs(np.asarray(same, float) - np.asarray(picture, float)).mean() < 12


def test_a_picture_is_mirrored_only_where_that_is_allowed() -> None:
    picture = cut(boots)  # toes to the right
    alpha = np.asarray(picture.resize((64, 64)).getchannel("A"), float)
    for allowed in (False, True):
        made = [view for seed in range(4) for view in views([picture], allowed, np.random.default_rng(seed))]
        seen = [np.asarray(view.resize((64, 64)).getchannel("A"), float) for view in made]
        turned = [np.abs(each - mirrored(alpha)).mean() < np.abs(each - alpha).mean() for each in seen]
        assert any(turned) == allowed
        assert not all(turned)
