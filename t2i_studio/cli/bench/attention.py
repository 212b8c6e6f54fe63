"""Where a product's word acts: inside the product, or anywhere in the picture.

Composed scenes, of which it is known where the product is, are put through image to image at low strength, so that it
stays there; each scene shows another product of the model's vocabulary. Needs the cut-outs of training/renders.
"""

import io
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from t2i_studio.brief.vocabulary import load
from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.console import load_settings, report
from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS, Derivation, GenerationRequest, Prompt
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.explanation import Explanation
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.pretraining.captions import canonical
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import Scene, sample_scene
from t2i_studio.settings import ROOT
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import put_image

RENDERS = ROOT / "training" / "renders"
SCENES, STRENGTH, SEED = 32, 0.3, 2026
PATIENCE = 600
"""Seconds a picture or an explanation may take on a busy machine."""


def measure() -> list[Figure]:
    """Share of the word's effect inside the product, over the product's share of the area: 1 is chance."""
    if not RENDERS.is_dir():
        raise StudioError("bench.no_renders", path=RENDERS)
    with temporary_home() as home:
        settings = load_settings(home=home)
        db = open_database(home)
        engine = Engine(db, settings)
        engine.start()
        try:
            folder = find_model(settings, "podium").folder
            ratios = [_ratio(db, engine, number, scene) for number, scene in enumerate(_scenes(folder))]
        finally:
            engine.close()
            db.close()
    mean, lowest = sum(ratios) / len(ratios), min(ratios)
    return [
        Figure(f"word's effect inside the product / its area, mean of {len(ratios)}", mean, "×", 2, at_least=True),
        Figure("the same, lowest of all scenes", lowest, "×"),
    ]


def _scenes(folder: Path | None) -> list[Scene]:
    """One a product, of those that the model's vocabulary has."""
    catalogue, rng = load_catalogue(), np.random.default_rng(SEED)
    vocabulary = load(folder) if folder else None
    known = [name for name, row in catalogue.objects.items() if vocabulary is None or vocabulary.knows(row.zh)]
    return [sample_scene(rng, catalogue, [name]) for name in rng.permutation(known)[:SCENES].tolist()]


def _ratio(db: Database, engine: Engine, number: int, scene: Scene) -> float:
    catalogue = load_catalogue()
    renderer = Renderer(catalogue, RENDERS, 256)
    name = catalogue.objects[scene.object].en if number % 2 else catalogue.objects[scene.object].zh
    plain = replace(scene, props=(), position="centre", style=dict.fromkeys(STYLE_CONTROLS, NEUTRAL))
    prompt = canonical(plain, "en" if number % 2 else "zh", catalogue)  # product, colour, podium and backdrop
    picture = io.BytesIO()
    Image.fromarray(renderer.render(scene)).save(picture, "PNG")
    request = GenerationRequest(
        text=prompt, prompt=Prompt(text=prompt), seed=number, variants=1,
        derivation=Derivation.IMAGE, init_image=put_image(db, picture.getvalue()), strength=STRENGTH,
    )  # fmt: skip
    told = _explained(engine, request)
    begin = prompt.lower().index(name.lower())
    levels = np.zeros((told.rows, told.columns))
    for word in told.words:
        if word.start < begin + len(name) and word.end > begin:
            levels += np.reshape(word.levels, levels.shape)
    mask = renderer.object_mask(scene)
    ratio = float((levels * mask).sum() / levels.sum() / mask.mean())
    report(f"  {name}: {ratio:.2f}")
    return ratio


def _explained(engine: Engine, request: GenerationRequest) -> Explanation:
    job = engine.submit(request)
    engine.wait(job.id, PATIENCE)
    (number,) = job.variants
    engine.explain(number)
    deadline = time.monotonic() + PATIENCE
    while (status := engine.explanation(number)).told is None:
        if status.error or time.monotonic() > deadline:
            raise RuntimeError(str(status.error or "no explanation came"))
        time.sleep(0.05)
    return status.told
