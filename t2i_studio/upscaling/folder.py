"""The upscaler as a file of a model's folder."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from t2i_studio.errors import StudioError
from t2i_studio.int8 import packed, unpacked
from t2i_studio.upscaling.network import Upscaler, widths_of

FILE = Path("upscaler", "upscaler.safetensors")


def load_upscaler(folder: Path) -> Upscaler | None:
    """The upscaler of a model's folder, in full precision, ready to use; None where there is none.

    StudioError model.corrupt when there is one that cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        weights = unpacked(load_file(path))
        upscaler = Upscaler(widths_of(weights))
        upscaler.load_state_dict(weights)
    except (OSError, RuntimeError, KeyError, SafetensorError) as error:
        raise StudioError("model.corrupt", model=folder.name, file=str(FILE)) from error
    return upscaler.eval().requires_grad_(False)


def save_upscaler(folder: Path, upscaler: Upscaler) -> None:
    """Write it into a model's folder, with 8-bit weights."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(packed(upscaler.state_dict()), path)
