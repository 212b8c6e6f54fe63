"""How quick a step of a latent model's network is on this processor, by the way it is run: as it is, with weights
packed once (the engine's own way), compiled by `torch.compile` where there is a C++ compiler, or by
OpenVINO where that is installed.
"""

import copy
import importlib.util
import os
import shutil
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from t2i_studio.engine.packing import can_pack, pack
from t2i_studio.engine.precision import fastest_dtype

TURNS, WARM = 40, 5
TOKENS = 73  # of a prompt
Step = Callable[[], Any]
Make = Callable[[nn.Module, tuple[Tensor, ...]], Step]


@dataclass(frozen=True)
class Way:
    """Seconds of a step (median), and from having the weights until the first step was taken."""

    step: float
    ready: float


class _Network(nn.Module):
    """The U-Net as a function of tensors alone."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, latents: Tensor, timestep: Tensor, context: Tensor) -> Tensor:
        return self.unet(latents, timestep, context, return_dict=False)[0]


def step_times(folder: str) -> dict[str, Way]:
    """Of one variant on one thread, as in a lane, by the name of the way; "packed" is the engine's. All take turns.

    folder: of a model with a U-Net that is conditioned on one text encoder.
    """
    from diffusers import UNet2DConditionModel

    threads, dtype = torch.get_num_threads(), fastest_dtype(torch.device("cpu"))
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", dtype=dtype)
    network, side = _Network(unet.eval()), unet.config.sample_size
    inputs = (
        torch.randn(1, unet.config.in_channels, side, side, dtype=dtype),
        torch.tensor([900.0], dtype=dtype),
        torch.randn(1, TOKENS, unet.config.cross_attention_dim, dtype=dtype),
    )
    torch.set_num_threads(1)
    try:
        steps, ready = {}, {}
        for name, make in _ways().items():
            began = time.perf_counter()
            steps[name] = make(network, inputs)
            steps[name]()
            ready[name] = time.perf_counter() - began
        return {name: Way(seconds, ready[name]) for name, seconds in _in_turns(steps).items()}
    finally:
        torch.set_num_threads(threads)


def _ways() -> dict[str, Make]:
    packed = _packed if can_pack(torch.device("cpu")) else _eager  # which is what the engine does then
    ways: dict[str, Make] = {"eager": _eager, "packed": packed}
    if any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        ways["torch.compile"] = _compiled
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

    compiled = torch.compile(copy.deepcopy(network))
    with torch.no_grad(), config.patch(freezing=True):  # weights become constants, laid out for the processor
        compiled(*inputs)

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
