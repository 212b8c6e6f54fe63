"""Weights in 8 bits: what is rounded, what is drawn with rounded weights, and that these learn nevertheless."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.func import functional_call

from t2i_studio.pretraining import drawing, eight_bits
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser

Question = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture
def model(catalogue: Catalogue) -> Denoiser:
    return drawing.new_denoiser(catalogue)


@pytest.fixture
def question(model: Denoiser) -> Question:
    noisy = torch.randn(2, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    return noisy, torch.tensor([0.3, 0.8]), torch.full((2, len(model.table.sizes)), UNSAID)


def answer(model: Denoiser, question: Question) -> torch.Tensor:
    return functional_call(model, eight_bits.straight_through(model), question)


def test_an_answer_is_that_of_the_rounded_network_and_leaves_the_weights_as_they_are(
    model: Denoiser, question: Question
) -> None:
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with torch.no_grad():
        exact, answered = model(*question), answer(model, question)
        assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
        eight_bits.rounded(model.unet)
        assert torch.allclose(answered, model(*question), atol=1e-5)
        assert not torch.allclose(exact, answered, atol=1e-3)


def test_weights_learn_through_their_rounding(model: Denoiser, question: Question) -> None:
    answer(model, question).square().mean().backward()
    wide = [weight for weight in model.unet.parameters() if weight.dim() > 1]
    assert all(weight.grad is not None for weight in wide)
    assert sum(bool(weight.grad.abs().max() > 0) for weight in wide) > 0.9 * len(wide)


def test_matrices_are_nearest_in_eight_bits_and_vectors_as_they_were(model: Denoiser) -> None:
    before = {name: weight.clone() for name, weight in model.unet.state_dict().items()}
    for name, weight in eight_bits.rounded(model.unet).state_dict().items():
        off = (weight - before[name]).abs()
        if weight.dim() > 1:
            assert (
                off <= (before[name].abs() / 16).clamp(min=2**-10)
            ).all()  # three bits behind the point, or subnormal
            assert off.max() > 0
        else:
            assert off.max() == 0


def test_a_file_of_weights_becomes_what_the_network_does(model: Denoiser, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({name: weight.clone() for name, weight in model.unet.state_dict().items()}, path)
    size = path.stat().st_size
    eight_bits.write(path)
    assert path.stat().st_size < 0.27 * size
    eight_bits.rounded(model.unet)
    for name, weight in load_file(path).items():
        assert torch.equal(weight.float(), model.unet.state_dict()[name])
