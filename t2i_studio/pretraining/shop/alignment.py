"""Does a row say what its pictures show? The studio's judge looks at them, where it knows what is said.

Measured on 85 objects that the judge was never taught, in their own rows and in exchanged ones: a wrong colour is found
in 56 of 100 (a right one doubted in 4), a wrong category in 6 of 100 (a right one doubted in 2). Categories are told by
objects: only where the product looks like one the judge knows does it tell them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.errors import StudioError
from t2i_studio.judge.network import Judge
from t2i_studio.judge.seeing import see
from t2i_studio.pretraining.catalogue import Catalogue, Product
from t2i_studio.pretraining.cutouts import parse_rgb, to_oklab
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.shop.views import EACH

BACKDROPS = ("grey", "blue")  # two, so that no product goes unseen
UNLIKELY = 0.02  # likelihood of what is said, at most, for a doubt
SURE_OF_COLOR, SURE_OF_CATEGORY = 0.6, 0.95  # and of what is seen, at least
APART = 0.2  # distance in Oklab of two colours that nobody takes for each other
DISTANCE = 4


def doubts(product: Product, renderer: Renderer, judge: Judge, studio: Catalogue) -> Iterator[StudioError]:
    """What the judge sees otherwise: shop.color_seen, shop.category_seen. studio: the catalogue of its lessons."""
    pictures = [Image.fromarray(renderer.render(scene)) for scene in _scenes(product)]
    colors, objects = _means(judge, pictures, "color"), _means(judge, pictures, "object")
    said, color = product.natural, max(colors, key=lambda id: colors[id])
    if said and color and colors[said] <= UNLIKELY and colors[color] >= SURE_OF_COLOR:
        one, other = (to_oklab(parse_rgb(studio.colors[id].rgb)) for id in (said, color))
        if np.linalg.norm(one - other) >= APART:
            yield StudioError("shop.color_seen", said=said, seen=color)
    kinds: dict[str, float] = defaultdict(float)
    for id, likely in objects.items():
        if id in judge.taught and id in studio.objects:
            kinds[studio.objects[id].category] += likely
    kind = max(kinds, key=lambda name: kinds[name])
    if kinds.get(product.category, 1) <= UNLIKELY and kinds[kind] >= SURE_OF_CATEGORY:
        seen = max(objects, key=lambda id: objects[id])
        yield StudioError("shop.category_seen", said=product.category, seen=kind, object=studio.objects[seen].en)


def _scenes(product: Product) -> Iterator[Scene]:
    """Each picture of the product as it is, alone, large and in even light."""
    style: dict[str, int] = {**dict.fromkeys(STYLE_CONTROLS, NEUTRAL), "distance": DISTANCE}
    for view in range(product.views // EACH):
        for backdrop in BACKDROPS:
            yield Scene(product.id, None, backdrop, "round", (), "centre", style, view)


def _means(judge: Judge, pictures: Sequence[Image.Image], attribute: str) -> dict[str, float]:
    seen = [each[attribute] for each in see(judge, pictures)]
    return {id: float(np.mean([likely[id] for likely in seen])) for id in seen[0]}
