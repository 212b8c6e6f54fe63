"""The number format that training runs in."""

import pytest
import torch

from t2i_studio.pretraining import probe


@pytest.mark.parametrize("half", [True, False])
def test_a_step_is_taken_with_the_weights_of_the_step_before(half: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_half_is_faster", lambda _: half)
    layer = torch.nn.Linear(4, 4, bias=False)
    x = torch.ones(1, 4)
    with probe.autocast(torch.device("cpu")):
        before = layer(x)
        with torch.no_grad():
            layer.weight.mul_(2)
        after = layer(x)
    assert before.dtype == (torch.bfloat16 if half else torch.float32)
    assert torch.allclose(after, 2 * before, rtol=0.02)
