"""The noise tells where a product stands and how large it is, where the words do not."""

import numpy as np
import torch
from scipy.stats import kstest

from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.denoiser import DROPPED, stated
from t2i_studio.pretraining.framing import FRAMING, OPEN, coupled, left_open, shares, told_by
from t2i_studio.pretraining.scenes import sample_scene

COUNT = 2_000
CATALOGUE = load_catalogue()


def lessons(facts: set[str], seed: int = 0):
    rng = np.random.default_rng(seed)
    scenes = [sample_scene(rng, CATALOGUE) for _ in range(COUNT)]
    noise = torch.randn(COUNT, 6, 8, 8, generator=torch.Generator().manual_seed(seed))
    return scenes, noise, coupled(noise, scenes, [facts] * COUNT, CATALOGUE, rng)


def test_what_is_open_can_be_read_off_the_noise() -> None:
    scenes, _, noise = lessons(set())
    for name in FRAMING:
        ends = np.cumsum(shares(name, CATALOGUE))
        read = (torch.special.ndtr(told_by(noise, name)).double().numpy()[:, None] > ends[:-1]).sum(1)
        truth = np.array([attributes(scene, CATALOGUE)[name] for scene in scenes])
        assert (read == truth).mean() > 0.999  # but for rounding at the ends


def test_the_noise_of_prompts_that_leave_it_open_stays_standard_normal() -> None:
    rng = np.random.default_rng(1)
    scenes = [sample_scene(rng, CATALOGUE) for _ in range(2 * COUNT)]
    facts = [left_open(scene, set(), CATALOGUE, rng) for scene in scenes]
    before = torch.randn(len(scenes), 6, 8, 8, generator=torch.Generator().manual_seed(1))
    noise = coupled(before, scenes, facts, CATALOGUE, rng)
    for name in FRAMING:
        unsaid = torch.tensor([name not in some for some in facts])
        assert kstest(told_by(noise, name)[unsaid].numpy(), "norm").pvalue > 0.01
        own, old = (x[:, -1 - FRAMING.index(name)].flatten(1) for x in (noise, before))
        across = [x - x.mean(1, keepdim=True) for x in (own, old)]
        assert torch.allclose(*across, atol=1e-5)  # only the one number was changed
    assert torch.equal(noise[:, : -len(FRAMING)], before[:, : -len(FRAMING)])
    together = np.corrcoef([told_by(noise, name).numpy() for name in FRAMING])[0, 1]
    assert abs(together) < 4 / len(scenes) ** 0.5


def test_what_is_said_is_not_told_again() -> None:
    _, before, noise = lessons(set(FRAMING))
    assert torch.equal(noise, before)
    _, before, noise = lessons({"position"})
    assert torch.equal(told_by(noise, "position"), told_by(before, "position"))
    assert not torch.equal(told_by(noise, "distance"), told_by(before, "distance"))


def test_the_given_noise_is_left_as_it_was() -> None:
    rng, scene = np.random.default_rng(0), sample_scene(np.random.default_rng(0), CATALOGUE)
    noise = torch.zeros(1, 6, 8, 8)
    coupled(noise, [scene], [set()], CATALOGUE, rng)
    assert not noise.any()


def test_how_often_framing_is_open_rests_on_what_it_is_and_not_on_the_caption() -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, CATALOGUE) for _ in range(COUNT)]
    said = np.array(["distance" in stated(scene, rng, CATALOGUE) for scene in scenes])
    levels = np.array([scene.style["distance"] for scene in scenes])
    for level, share in enumerate(OPEN["distance"], 1):
        some = said[levels == level]
        expected = (1 - share) * (1 - DROPPED)
        assert abs(some.mean() - expected) < 4 * (expected * (1 - expected) / len(some)) ** 0.5
