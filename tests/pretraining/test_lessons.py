"""What drawing is learnt from."""

import numpy as np
import pytest
import torch

from t2i_studio.domain import NEUTRAL
from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue, load_catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.latents import CELLS
from t2i_studio.pretraining.lessons import (
    BATCH,
    FAVOUR,
    WORDINGS,
    LatentScenes,
    beforehand,
    lessons_of,
    said_of,
    wordings,
)
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.trainer import Chance


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


@pytest.fixture(scope="module")
def some(catalogue: Catalogue) -> LatentScenes:
    """Scenes whose latents and masks are their own number everywhere."""
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, catalogue) for _ in range(20)]
    numbers = torch.arange(20.0).half()[:, None, None, None]
    return LatentScenes(numbers.expand(20, 3, CELLS, CELLS), numbers[:, 0].expand(20, CELLS, CELLS) / 20, scenes)


def test_a_lesson_drawn_beforehand_tells_of_its_own_scene(some: LatentScenes, catalogue: Catalogue) -> None:
    draw = beforehand(some, catalogue, torch.device("cpu"), size=200)
    lesson = draw(Chance.at(0, 0))
    assert lesson.clean.shape == lesson.noise.shape == (200, 3, CELLS, CELLS)
    assert lesson.sigmas.shape == (200,)
    numbers = lesson.clean[:, 0, 0, 0].long()
    assert torch.allclose(lesson.mask[:, 0, 0] * 20, numbers.float(), atol=0.02)
    for number, said in zip(numbers.tolist(), lesson.said, strict=True):
        full = 1 + torch.tensor(list(attributes(some.scenes[number], catalogue).values()))
        assert ((said == full) | (said == UNSAID)).all()
    assert len({tuple(said.tolist()) for said in lesson.said[numbers == numbers[0]]}) > 1  # more than one wording


def test_lessons_drawn_beforehand_state_what_those_drawn_one_by_one_do(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(1)
    scenes = [sample_scene(rng, catalogue) for _ in range(600)]
    worded = wordings(scenes, catalogue)
    assert worded.shape == (600, WORDINGS, len(attributes(scenes[0], catalogue)))
    shares = (worded.reshape(-1, worded.shape[-1]) != UNSAID).mean(0)
    ours = (said_of(scenes * WORDINGS, np.random.default_rng(2), catalogue) != UNSAID).mean(0)
    assert np.abs(shares - ours).max() < 0.06  # four times the chance of 2,400 wordings of 600 scenes


def test_the_lesson_of_a_step_is_always_the_same_one_and_another_steps_is_not(
    some: LatentScenes, catalogue: Catalogue
) -> None:
    draw = beforehand(some, catalogue, torch.device("cpu"), size=8)
    first, again, other = draw(Chance.at(3, 5)), draw(Chance.at(3, 5)), draw(Chance.at(3, 6))
    assert torch.equal(first.noise, again.noise)
    assert torch.equal(first.said, again.said)
    assert not torch.equal(first.noise, other.noise)


def test_a_processor_has_its_lessons_written_as_it_needs_them(some: LatentScenes, catalogue: Catalogue) -> None:
    assert len(lessons_of(some, catalogue, torch.device("cpu"))(Chance.at(0, 0)).clean) == BATCH
