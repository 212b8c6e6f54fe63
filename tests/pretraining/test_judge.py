"""How the judges learn."""

import numpy as np
import pytest
import torch

from t2i_studio.judge.network import Judge
from t2i_studio.pretraining.attributes import attribute_classes, attribute_sizes, attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.judge import judging_loss, soften
from t2i_studio.pretraining.latents import PatchCode, fit_patch_code
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.second_judge import SecondJudge
from t2i_studio.pretraining.trainer import Chance

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Four pictures of one grey each: only their brightness differs."""
    return np.stack([np.full((128, 128, 3), grey, np.uint8) for grey in (20, 90, 160, 230)])


@pytest.fixture(scope="module")
def code(pictures: np.ndarray) -> PatchCode:
    noise = np.random.default_rng(0).integers(0, 30, (8, 128, 128, 3))
    return fit_patch_code((np.repeat(pictures, 2, 0) * 0.8 + noise).astype(np.uint8), 8)


@pytest.mark.parametrize("network", [Judge, SecondJudge])
def test_a_judge_learns_to_tell_pictures_apart(
    catalogue: Catalogue, pictures: np.ndarray, code: PatchCode, network: type[Judge] | type[SecondJudge]
) -> None:
    torch.manual_seed(0)
    scenes = [sample_scene(np.random.default_rng(n), catalogue, [name]) for n, name in enumerate(catalogue.tier(1)[:4])]
    model = network(attribute_classes(catalogue))
    loss = judging_loss(model, pictures, scenes, catalogue, code, CPU)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for step in range(20):
        scalars = loss(step, Chance.at(0, step))
        losses.append(float(scalars["object"].detach()))
        scalars["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[0] > 4  # as by chance: log 195 = 5.3
    assert np.mean(losses[-3:]) < 1.5


def test_softened_pictures_are_the_same_for_the_same_step_and_stay_near(pictures: np.ndarray, code: PatchCode) -> None:
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    for step in range(8):
        once, again = (soften(x, code, Chance.at(1, step)) for _ in range(2))
        assert torch.equal(once, again)
        assert once.abs().max() <= 1
        assert (once.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() < 0.15


def test_classes_have_names_in_the_order_of_their_numbers(catalogue: Catalogue) -> None:
    classes = attribute_classes(catalogue)
    assert {name: len(ids) for name, ids in classes.items()} == attribute_sizes(catalogue)
    for number in range(50):
        scene = sample_scene(np.random.default_rng(number), catalogue)
        named = {name: classes[name][value] for name, value in attributes(scene, catalogue).items()}
        assert (named["object"], named["backdrop"]) == (scene.object, scene.backdrop)
        assert {name.removeprefix("prop.") for name in named if named[name] == "there"} == set(scene.props)
        assert named["warmth"] == str(scene.style["warmth"])
        assert scene.color in (None, named["color"])
