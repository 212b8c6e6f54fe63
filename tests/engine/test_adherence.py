"""From a description to a picture of the embedded model, and the judge's word on whether it shows what was asked."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from t2i_studio.brief.requests import make_request
from t2i_studio.brief.stated import stated
from t2i_studio.domain import State
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.judge.adherence import adherence, adherence_by_attribute
from t2i_studio.judge.folder import load_judge
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variants

ASKED = (
    "红色手提包，粉色背景，白色圆形展台", "a blue watch on a white background, square podium",
    "黄色的雨伞，深蓝色背景，气球", "a green teapot, yellow background, on the left",
    "白色运动鞋，绿色背景，居右", "a purple chair, white backdrop, tiered podium",
    "红色的苹果，白色背景", "an acoustic guitar, blue background, with leaves",
)  # fmt: skip

Shown = tuple[list[Image.Image], list[dict[str, str]]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A picture of each description, with what it asked for."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), model="podium", device="cpu", offline=True)
    db, model = open_database(settings.home), find_model(settings, "podium")
    engine = Engine(db, settings)
    engine.start()
    images, facts = [], []
    try:
        requests = [make_request(text, model, seed=3, variants=1) for text in ASKED]
        for request, job in [(request, engine.submit(request)) for request in requests]:
            assert engine.wait(job.id, 300).state is State.DONE
            (variant,) = get_variants(db, job.variants)
            assert variant.image is not None
            images.append(_read(image_path(db, variant.image)))
            facts.append(stated(request, model))
    finally:
        engine.close()
        db.close()
    return images, facts


def _read(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def test_pictures_show_what_was_asked_for_about_as_often_as_the_models_card_says(shown: Shown) -> None:
    images, facts = shown
    found = adherence(load_judge(), images, facts)
    assert found.mean() > 0.85
    told = adherence_by_attribute(load_judge(), images, facts)
    assert told["object"][1] == len(ASKED)
    assert told["object"][0] >= 0.85


def test_they_do_not_show_what_others_asked_for(shown: Shown) -> None:
    images, facts = shown
    own, other = (adherence(load_judge(), images, asked) for asked in (facts, facts[1:] + facts[:1]))
    assert other.mean() < 0.4
    assert np.all(own > other)
