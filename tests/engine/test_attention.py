"""Which regions answer to which word: what is heard in attention layers, of any kind of network."""

import numpy as np
import pytest
import torch

from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.attention import Answers, listening
from t2i_studio.engine.denoising import denoise
from t2i_studio.engine.explaining import explain
from t2i_studio.errors import StudioError
from tests.engine.conftest import BUILDERS, SIDE, unet

ROWS, TEXT = 3, 5


def pixart():
    from diffusers import PixArtTransformer2DModel

    sizes = {"num_attention_heads": 2, "attention_head_dim": 8, "cross_attention_dim": 16, "caption_channels": 16}
    return PixArtTransformer2DModel(in_channels=4, num_layers=2, sample_size=8, norm_num_groups=2, **sizes), {
        "timestep": torch.tensor([5.0]).expand(ROWS),
        "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
    }


def sana():
    from diffusers import SanaTransformer2DModel

    sizes = {"num_cross_attention_heads": 2, "cross_attention_head_dim": 8, "cross_attention_dim": 16}
    network = SanaTransformer2DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=2,
        caption_channels=16,
        sample_size=4,
        **sizes,
    )
    return network, {"timestep": torch.tensor([5.0]).expand(ROWS)}


def sd3():
    from diffusers import SD3Transformer2DModel

    network = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        caption_projection_dim=16,
        pooled_projection_dim=8,
        out_channels=4,
    )
    return network, {"timestep": torch.tensor([5.0]).expand(ROWS), "pooled_projections": torch.zeros(ROWS, 8)}


def u_net():
    return unet(16), {"timestep": 5}


def run(network, more):
    """One step for three prompts on the same latents; the last prompt equals the first."""
    generator = torch.Generator().manual_seed(3)
    side = 4 if "Sana" in type(network).__name__ else 8
    sample = torch.randn(1, 4, side, side, generator=generator).expand(ROWS, -1, -1, -1)
    text = torch.randn(2, TEXT, 16, generator=generator)[[0, 1, 0]]
    with torch.inference_mode():
        return network(sample, encoder_hidden_states=text, return_dict=False, **more)[0]


@pytest.mark.parametrize("build", [u_net, pixart, sana, sd3])
def test_only_a_prompt_that_differs_is_heard_and_nothing_computed_changes(build):
    torch.manual_seed(7)
    network, more = build()
    network.eval()
    plain = run(network, more)
    before = [part.processor for part in network.modules() if hasattr(part, "set_processor")]
    answers = Answers(ROWS, (4, 4))
    with listening(network, answers):
        heard = run(network, more)
    assert torch.equal(plain, heard)
    assert [part.processor for part in network.modules() if hasattr(part, "set_processor")] == before
    different, alike = answers.maps()
    assert different.min() > 0
    assert alike.max() < 1e-3 * different.max()


def test_processors_come_back_after_an_error():
    network, _ = u_net()
    before = network.attn_processors
    with pytest.raises(TypeError), listening(network, Answers(ROWS, (4, 4))):
        run(network, {"timestep": None})
    assert network.attn_processors == before


def test_a_guided_network_counts_only_the_half_that_has_the_prompt():
    answers, guided = Answers(2, (1, 2)), Answers(2, (1, 2))
    pair = torch.tensor([[[1.0], [1.0]], [[4.0], [2.0]]])
    blind = torch.ones(2, 2, 1)
    answers.add("layer", pair)
    guided.add("layer", torch.cat([blind, pair]))
    assert torch.equal(answers.maps(), torch.tensor([[[3.0, 1.0]]]))
    assert torch.equal(answers.maps(), guided.maps())


@pytest.mark.parametrize("name", tuple(BUILDERS))
def test_every_class_of_model_tells_of_each_word_and_makes_the_same_picture(load, request_for, name):
    model = load(name)
    request = accept(request_for(name, text="red handbag on a white mug"), model.card)
    (stored,) = denoise(model, request, [request.seed], lambda step: None)
    done = []
    told, picture = explain(model, request, done.append)
    assert np.abs(np.asarray(stored).astype(int) - np.asarray(picture)).max() <= 1
    assert [word.text for word in told.words] == ["red", "handbag", "white", "mug"]
    assert [told.prompt[word.start : word.end] for word in told.words] == ["red", "handbag", "white", "mug"]
    assert sum(word.share for word in told.words) == pytest.approx(1, abs=1e-3)
    assert max(max(word.levels) for word in told.words) == 255
    assert all(len(word.levels) == told.rows * told.columns for word in told.words)
    assert told.rows == told.columns <= SIDE
    assert done[-1] == 1
    assert done == sorted(done)


def test_a_prompt_of_function_words_is_refused(load, request_for):
    model = load()
    with pytest.raises(StudioError) as refused:
        explain(model, accept(request_for(text="on a"), model.card), lambda done: None)
    assert refused.value.key == "explain.no_words"
