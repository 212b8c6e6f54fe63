"""Do rows and pictures agree?"""

from pathlib import Path

import pytest
import torch
from PIL import Image

from t2i_studio.judge.network import Judge
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue, Product
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.shop.alignment import doubts
from t2i_studio.pretraining.shop.views import EACH
from tests.pretraining.shop.conftest import cut, lamp


def judge_that_sees(catalogue: Catalogue, **classes: str) -> Judge:
    """A judge that sees one object and colour in all pictures."""
    judge = Judge(attribute_classes(catalogue))
    with torch.no_grad():
        for attribute, seen in classes.items():
            judge.heads[attribute].weight.zero_()
            judge.heads[attribute].bias.zero_()
            judge.heads[attribute].bias[judge.classes[attribute].index(seen)] = 30
    return judge


@pytest.mark.parametrize(
    ("natural", "category", "said"),
    [
        ("red", "food", []),
        ("", "", []),
        ("orange", "drinks", ["shop.category_seen"]),  # orange is near red
        ("blue", "lampshades of ours", ["shop.color_seen"]),
        ("blue", "bags", ["shop.color_seen", "shop.category_seen"]),
    ],
)
def test_what_is_said_otherwise_than_it_is_seen_is_doubted(
    tmp_path: Path, catalogue: Catalogue, natural: str, category: str, said: list[str]
) -> None:
    product = Product(
        id="lamp", code="shop_lamp", tier=1, category=category, natural=natural, colors=(), recolor="all",
        hypernym_en="", hypernym_zh="", views=EACH, en="ember lamp", zh="余烬台灯", zh_hant="餘燼檯燈",
    )  # fmt: skip
    for number in range(EACH):
        cut(lamp).save(tmp_path / f"{product.view(number)}.webp", lossless=True)
    ours = catalogue.model_copy(update={"objects": {**catalogue.objects, "lamp": product}})
    judge = judge_that_sees(catalogue, object="cake", color="red")
    found = list(doubts(product, Renderer(ours, tmp_path, 128), judge, catalogue))
    assert [doubt.key for doubt in found] == said
    assert all("red" in doubt.sentence("en") or "cake" in doubt.sentence("en") for doubt in found)
    assert Image.open(tmp_path / "shop_lamp-1.webp").mode == "RGBA"
