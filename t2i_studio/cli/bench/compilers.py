"""Which way to run the embedded model's network is quickest on this processor: as it is, with weights packed once (the
engine's own way), compiled by `torch.compile`, or by OpenVINO where that is installed.
"""

import copy
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from t2i_studio.cli.bench.figures import Figure
from t2i_studio.cli.console import report
from t2i_studio.engine.packing import can_pack, pack
from t2i_studio.engine.precision import fastest_dtype
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import Settings

TURNS, WARM = 40, 5
Step = Callable[[], Any]


class _Network(nn.Module):
    """The U-Net as a function of tensors alone."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, latents: Tensor, timestep: Tensor, context: Tensor) -> Tensor:
        return self.unet(latents, timestep, context, return_dict=False)[0]


def measure() -> list[Figure]:
    """Milliseconds of one step of one variant on one thread, as a lane runs it; the ways take turns."""
    from diffusers import UNet2DConditionModel

    settings = Settings()
    threads, dtype = torch.get_num_threads(), fastest_dtype(torch.device("cpu"))
    unet = UNet2DConditionModel.from_pretrained(
        find_model(settings, "podium").source, subfolder="unet", torch_dtype=dtype
    )
    network, side = _Network(unet.eval()), unet.config.sample_size
    inputs = (
        torch.randn(1, unet.config.in_channels, side, side, dtype=dtype),
        torch.tensor([900.0], dtype=dtype),
        torch.randn(1, 73, unet.config.cross_attention_dim, dtype=dtype),
    )
    torch.set_num_threads(1)
    try:
        steps, begun = {}, {}
        for name, make in _ways().items():
            report(f"  {name} …")
            began = time.perf_counter()
            steps[name] = make(network, inputs)
            steps[name]()
            begun[name] = time.perf_counter() - began
        times = _in_turns(steps)
    finally:
        torch.set_num_threads(threads)
    own = times["packed"]
    return [
        figure
        for name, each in times.items()
        for figure in (
            Figure(f"a step, {name}", 1000 * each, "ms"),
            Figure(f"its time, the engine's being 1, {name}", each / own, "×"),
            Figure(f"until the first picture can begin, {name}", begun[name], "s"),
        )
    ]


def _ways() -> dict[str, Callable[[nn.Module, tuple[Tensor, ...]], Step]]:
    ways = {"eager": _eager, "packed": _packed, "torch.compile": _compiled}
    if not can_pack(torch.device("cpu")):
        ways["packed"] = _eager  # which is what the engine does then
    if importlib.util.find_spec("openvino"):
        ways["OpenVINO"] = _openvino
    return ways


def _in_turns(steps: dict[str, Step]) -> dict[str, float]:
    """Median seconds of each way, all of them measured in the same rounds."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(WARM + TURNS):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if number >= WARM:
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in taken.items()}


def _eager(network: nn.Module, inputs: tuple[Tensor, ...]) -> Step:
    @torch.inference_mode()
    def step() -> Tensor:
        return network(*inputs)

    return step


def _packed(network: nn.Module, inputs: tuple[Tensor, ...]) -> Step:
    own = copy.deepcopy(network)
    pack(own)
    return _eager(own, inputs)


def _compiled(network: nn.Module, inputs: tuple[Tensor, ...]) -> Step:
    from torch._inductor import config

    config.freezing = True  # weights become constants, laid out for the processor
    compiled = torch.compile(copy.deepcopy(network))

    @torch.no_grad()
    def step() -> Tensor:
        return compiled(*inputs)

    return step


def _openvino(network: nn.Module, inputs: tuple[Tensor, ...]) -> Step:
    import openvino

    full = copy.deepcopy(network).float()
    numbers = tuple(each.float() for each in inputs)
    precision = "bf16" if inputs[0].dtype == torch.bfloat16 else "f32"
    options = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    with warnings.catch_warnings(action="ignore", category=torch.jit.TracerWarning):
        converted = openvino.convert_model(full, example_input=numbers)
    model = openvino.compile_model(converted, "CPU", options)
    arrays = [each.numpy() for each in numbers]
    return lambda: model(arrays)
