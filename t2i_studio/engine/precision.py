"""In which numbers a model computes: bf16 or fp32 by device, full precision where it must be, 8-bit weights where
memory is short.
"""

import functools
import importlib.util
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from t2i_studio.engine.registry import ModelCard
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings

ROOM = 1.15
"""A model runs whole on a GPU whose free memory is its weights times this; else its parts visit the GPU in
turn.
"""
LARGE_PARTS = ("unet", "transformer", "text_encoder")
"""Beginnings of the names of the parts that 8-bit weights are worth it for; an autoencoder is small and touchy."""


def load_arguments(card: ModelCard, folder: Path, device: torch.device, settings: Settings) -> dict[str, Any]:
    """What `from_pretrained` must be told of precision. Raises StudioError eight_bit.missing."""
    dtype = fastest_dtype(device)
    arguments: dict[str, Any] = {"dtype": dtype}
    if card.exact_autoencoder:
        arguments["dtype"] = {"default": dtype, "vae": torch.float32}
    if _eight_bit(folder, device, dtype, settings):
        arguments["quantization_config"] = _eight_bit_weights(folder)
    return arguments


def working_dtype(arguments: dict[str, Any]) -> torch.dtype:
    """What a model loaded with these arguments works in, but for parts that need more."""
    dtype = arguments["dtype"]
    return dtype["default"] if isinstance(dtype, dict) else dtype


def precision_name(arguments: dict[str, Any]) -> str:
    """For the record of a variant: "bfloat16", or "bfloat16, 8-bit weights"."""
    name = str(working_dtype(arguments)).removeprefix("torch.")
    return f"{name}, 8-bit weights" if "quantization_config" in arguments else name


def _eight_bit(folder: Path, device: torch.device, dtype: torch.dtype, settings: Settings) -> bool:
    installed = importlib.util.find_spec("torchao") is not None
    if settings.eight_bit == "on" and not installed:
        raise StudioError("eight_bit.missing")
    if settings.eight_bit != "auto":
        return settings.eight_bit == "on"
    if device.type != "cuda" or not installed:
        return False
    return _weight_count(folder) * dtype.itemsize * ROOM > torch.cuda.mem_get_info(device)[0]


def _weight_count(folder: Path) -> int:
    """Numbers in a folder's weight files, whatever their precision there."""
    from safetensors import SafetensorError, safe_open

    count = 0
    for path in folder.rglob("*.safetensors"):
        try:
            with safe_open(path, "pt") as file:
                count += sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
        except (SafetensorError, OSError):
            continue  # loading will say which file is damaged
    return count


def _eight_bit_weights(folder: Path) -> Any:
    """Weights of the large parts as 8-bit integers with a scale a row (torchao); activations stay as they are."""
    import diffusers
    import transformers
    from torchao.quantization import Int8WeightOnlyConfig

    kinds = {"diffusers": diffusers.TorchAoConfig, "transformers": transformers.TorchAoConfig}
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    parts = {
        name: kinds[part[0]](Int8WeightOnlyConfig())
        for name, part in index.items()
        if name.startswith(LARGE_PARTS) and isinstance(part, list) and part[0] in kinds
    }
    return diffusers.PipelineQuantizationConfig(quant_mapping=parts)


def keep_exact(vae: Any) -> None:
    """Let an autoencoder compute in full precision, whatever it is handed, and answer in the precision asked in."""
    for part in vae.children():
        part.forward = _widened(part.forward)


def _widened(forward: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    @functools.wraps(forward)
    def widened(sample: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return forward(sample.float(), *args, **kwargs).to(sample.dtype)

    return widened


def keep_dtype(pipe: Any) -> None:
    """Let no call change the precision of a bf16 autoencoder, which calls side by side share: `force_upcast` guards
    against the short range of fp16, and bf16 has the range of fp32.
    """
    if pipe.dtype == torch.bfloat16 and pipe.vae.config.get("force_upcast"):
        pipe.vae.register_to_config(force_upcast=False)


@functools.cache
def fastest_dtype(device: torch.device) -> torch.dtype:
    """bf16 on a GPU; on a processor whichever of fp32 and bf16 wins a short race (some gain 2×, some
    lose).
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type != "cpu":
        return torch.float32
    seconds = {dtype: _race(dtype) for dtype in (torch.float32, torch.bfloat16)}
    return torch.bfloat16 if seconds[torch.bfloat16] * 1.3 < seconds[torch.float32] else torch.float32


def _race(dtype: torch.dtype) -> float:
    """Seconds of a convolution and a matrix product of a typical size; the best of three."""
    convolution = torch.nn.Conv2d(128, 128, 3, padding=1, dtype=dtype)
    picture, matrix = torch.ones(1, 128, 32, 32, dtype=dtype), torch.ones(256, 512, dtype=dtype)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(3):
            start = time.perf_counter()
            convolution(picture)
            matrix @ matrix.T
            best = min(best, time.perf_counter() - start)
    return best
