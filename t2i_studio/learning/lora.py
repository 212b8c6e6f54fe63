"""The adapter that training shapes: low-rank additions to the network's attention (Hu et al., LoRA, ICLR 2022)."""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

TARGETS = ("to_q", "to_k", "to_v", "to_out.0")
"""Names of attention's projections, the same in all of diffusers' networks."""
WEIGHTS = "pytorch_lora_weights.safetensors"
"""Where `load_lora_weights` looks first."""


def attach(network: Any, rank: int, seed: int) -> list[nn.Parameter]:
    """Give the network a new adapter that changes nothing yet, and return its weights, in full precision."""
    from peft import LoraConfig

    torch.manual_seed(seed)
    network.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(TARGETS)))
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in weights:
        weight.data = weight.data.float()
    return weights


def detach(network: Any) -> None:
    """The network as it was before `attach`."""
    network.unload_lora()


def weights_of(network: Any, adapter: str = "default") -> dict[str, Tensor]:
    """An adapter's weights by name, as PEFT writes them."""
    from peft.utils import get_peft_model_state_dict

    found = get_peft_model_state_dict(network, adapter_name=adapter)
    return {name: weight.detach().cpu().clone() for name, weight in found.items()}


def give_weights(network: Any, weights: dict[str, Tensor]) -> None:
    """Give the adapter of the network these weights."""
    from peft.utils import set_peft_model_state_dict

    set_peft_model_state_dict(network, weights)


@torch.no_grad()
def shrink(network: Any, share: float) -> None:
    """Leave the adapter of the network this share of all that it changes."""
    for name, weight in network.named_parameters():
        if "lora_B" in name:
            weight.mul_(share)


def write_adapter(pipe: Any, network: Any, folder: Path) -> Path:
    """Write the adapter as diffusers reads it; the folder is there whole or not at all. Returns the file of weights."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    kind = "unet" if network is getattr(pipe, "unet", None) else "transformer"
    metadata = {f"{kind}_lora_adapter_metadata": network.peft_config["default"].to_dict()}
    type(pipe).save_lora_weights(part, **{f"{kind}_lora_layers": weights_of(network)}, **metadata)
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(part, folder)
    return folder / WEIGHTS


def for_others(weights: Path) -> bytes:
    """The same adapter, as a safetensors file with the names of layers that kohya's tools gave them; AUTOMATIC1111,
    ComfyUI and InvokeAI read it.
    """
    from diffusers.utils import convert_state_dict_to_kohya

    named = convert_state_dict_to_kohya(load_file(weights))
    return save({name: weight.contiguous() for name, weight in named.items()})
