"""What the denoiser is shown."""

import numpy as np
import torch

from t2i_studio.domain import NEUTRAL
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.denoiser import FAVOUR, LatentScenes
from t2i_studio.pretraining.scenes import sample_scene


def test_favoured_objects_come_more_often_and_no_other_is_lost() -> None:
    rng, objects = np.random.default_rng(0), ["handbag", "teapot", "cake"]
    scenes = [sample_scene(rng, load_catalogue(), [objects[k % 3]]) for k in range(30)]
    numbers = torch.arange(30.0)[:, None, None]
    data = LatentScenes(numbers, numbers, scenes).favouring(["cake"])
    times = {name: [scene.object for scene in data.scenes].count(name) for name in objects}
    assert times == {"handbag": 10, "teapot": 10, "cake": 10 * FAVOUR}
    assert all(scenes[int(number)] is scene for number, scene in zip(data.latents[:, 0, 0], data.scenes, strict=True))


def test_a_style_control_is_favoured_where_it_is_not_neutral() -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, load_catalogue(), ["cake"]) for _ in range(40)]
    moved = sum(scene.style["playfulness"] != NEUTRAL for scene in scenes)
    numbers = torch.arange(40.0)[:, None, None]
    data = LatentScenes(numbers, numbers, scenes).favouring(["playfulness"])
    assert 0 < moved < 40
    assert len(data.scenes) == 40 + (FAVOUR - 1) * moved
