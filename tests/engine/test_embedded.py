"""The engine's promises on the embedded model itself."""

import numpy as np
import pytest
import torch
from PIL import Image

from t2i_studio.domain import Derivation, GenerationRequest, Prompt, State
from t2i_studio.engine import precision
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.denoising import denoise
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.explaining import explain
from t2i_studio.engine.infotext import read_png
from t2i_studio.engine.loading import load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import EMBEDDED_MODEL
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variants

pytestmark = pytest.mark.skipif(
    not (EMBEDDED_MODEL / "model_index.json").is_file(), reason="the embedded model is not in assets/models"
)


@pytest.fixture
def make(db, settings):
    engine = Engine(db, settings.model_copy(update={"model": "podium"}))
    engine.start()

    def made(request=None, **values):
        text = "红色手提包，白色圆形展台，粉色背景"
        given = {"text": text, "prompt": Prompt(text=text), "seed": 11, "variants": 1, **values}
        job = engine.submit(request or GenerationRequest(**given))
        status = engine.wait(job.id, 120)
        assert status.state is State.DONE, status.error
        return get_variants(db, job.variants)

    yield made
    engine.close()


def pixels(db, variant):
    with Image.open(image_path(db, variant.image)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_a_variant_of_a_batch_equals_the_same_request_alone(make, db):
    batch, alone = make(variants=4), make(seed=14)
    assert np.array_equal(pixels(db, batch[3]), pixels(db, alone[0]))
    assert pixels(db, batch[0]).std() > 10


def test_a_pictures_own_settings_make_the_same_pixels_again(make, db):
    (first,) = make()
    (again,) = make(read_png(image_path(db, first.image)))
    assert np.array_equal(pixels(db, first), pixels(db, again))


def test_a_subtle_variation_is_nearer_to_its_parent_than_a_strong_one(make, db):
    (parent,) = make()
    away = {}
    for derivation in (Derivation.VARY_SUBTLE, Derivation.VARY_STRONG):
        children = make(derivation=derivation, init_image=parent.image, parent=parent.id, seed=100, variants=4)
        away[derivation] = np.mean([np.abs(pixels(db, child) - pixels(db, parent)).mean() for child in children])
    assert 0 < away[Derivation.VARY_SUBTLE] < away[Derivation.VARY_STRONG]


def test_half_precision_where_that_is_faster_changes_the_picture_little(db, settings, monkeypatch):
    pictures = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(precision, "fastest_dtype", lambda device, dtype=dtype: dtype)
        model = load_model(find_model(settings, "podium"), torch.device("cpu"), settings, db.home)
        text = Prompt(text="红色手提包，白色圆形展台，粉色背景")
        request = accept(GenerationRequest(text=text.text, prompt=text, model="podium", seed=11), model.card)
        pictures.append(np.asarray(denoise(model, request, [11], lambda step: None)[0]).astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() < 5


def test_the_products_word_acts_where_the_product_is(db, settings):
    model = load_model(find_model(settings, "podium"), torch.device("cpu"), settings, db.home)
    text = "红色手提包，白色圆形展台，灰色背景"
    request = GenerationRequest(text=text, prompt=Prompt(text=text), model="podium", seed=11, variants=1)
    told, picture = explain(model, accept(request, model.card), lambda done: None)
    red, green, _ = np.asarray(picture.resize((told.columns, told.rows), Image.Resampling.BOX), int).transpose(2, 0, 1)
    product = red - green > 40
    assert 0.05 < product.mean() < 0.5
    levels = {word.text: np.reshape(word.levels, (told.rows, told.columns)) for word in told.words}
    bag = levels["手提包"]
    assert bag[product].sum() / bag.sum() > 2 * product.mean()
    assert levels["灰色"][product].mean() < levels["灰色"][~product].mean()
