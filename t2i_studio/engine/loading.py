"""Weights from a folder or a hub into a pipeline on a device."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import torch

from t2i_studio.engine.memo import remember
from t2i_studio.engine.packing import can_pack, pack
from t2i_studio.engine.precision import ROOM, keep_dtype, keep_exact, load_arguments, precision_name, working_dtype
from t2i_studio.engine.prompts import pipeline_tokenizer
from t2i_studio.engine.registry import ModelCard
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError
from t2i_studio.framing import Framing, load_framing
from t2i_studio.settings import Settings
from t2i_studio.upscaling.cells import cell_pictures
from t2i_studio.upscaling.folder import FILE, load_upscaler
from t2i_studio.upscaling.network import SCALE, Upscaler

SMALL = 150_000_000
"""Weights of a model below which one variant does not keep several processor cores busy."""
TOGETHER = 4
"""Variants in one forward pass, on a GPU or where that leaves their bits alone (company.py)."""


@dataclass
class LoadedModel:
    """A pipeline ready to run, and how to run it.

    card.source: the folder it came from. precision: for the record. hash: of its weights. lanes: calls side by
    side, each of `threads` threads. together: variants in one call. tokenizer: with its limit in tokens.
    encoding: held while prompts are encoded. adapters: the LoRA set now in it. cells: of a linear decoder
    (upscaling.cells), whose place they take. framing: what lots tell the model of that (framing.framed). upscaler:
    what its pictures go through last. rungs: measures against memory shortage not taken yet. traceless: for kinds of
    requests whether company leaves their pictures' bits alone, as far as that was tried (company.py).
    """

    card: ModelCard
    pipe: Any
    own_scheduler: Any
    device: torch.device
    precision: str
    hash: str
    lanes: int
    threads: int
    together: int
    tokenizer: tuple[Any, int] | None
    forget_prompts: Callable[[], None]
    encoding: threading.Lock = field(default_factory=threading.Lock)
    adapters: tuple[Any, ...] = ()
    cells: torch.Tensor | None = None
    framing: Framing | None = None
    upscaler: Upscaler | None = None
    rungs: list[Callable[[], None]] = field(default_factory=list)
    traceless: dict[Hashable, bool] = field(default_factory=dict)

    def save_memory(self) -> bool:
        """Take the next measure against memory shortage; False when none is left."""
        if not self.rungs:
            return False
        self.rungs.pop(0)()
        return True


def be_deterministic() -> None:
    """The same bits again, as far as the device can; no filling of fresh memory, which only slows."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010  (unknown to the type stubs)


def devices(settings: Settings) -> list[torch.device]:
    """The devices to work on, one worker each. StudioError device.unknown."""
    if settings.device == "auto":
        if torch.cuda.is_available():
            return [torch.device("cuda", number) for number in range(torch.cuda.device_count())]
        return [torch.device("mps" if torch.backends.mps.is_available() else "cpu")]
    try:
        device = torch.device(settings.device)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise StudioError("device.unknown", device=settings.device) from error
    return [device]


def load_model(card: ModelCard, device: torch.device, settings: Settings, cache: Path) -> LoadedModel:
    """Load a model's pipeline. cache: folder for the weight hash.

    Raises StudioError: model.unreachable, model.unknown, model.corrupt, eight_bit.missing.
    """
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    folder = card.folder or _download(card, settings)
    precision = load_arguments(card, folder, device, settings)
    try:
        pipe = diffusers.DiffusionPipeline.from_pretrained(
            folder, **precision, local_files_only=True, trust_remote_code=False
        )
    except MemoryError as error:
        raise StudioError("memory.short", model=card.name) from error
    except Exception as error:  # the libraries raise a dozen kinds for a damaged folder
        raise StudioError("model.corrupt", model=card.name, file=_named_file(error, folder)) from error
    pipe.set_progress_bar_config(disable=True)
    if card.exact_autoencoder:
        keep_exact(pipe.vae)
    keep_dtype(pipe)
    if hasattr(pipe, "unet") and _weight_count(pipe) < SMALL and can_pack(device):
        pack(pipe.unet)
    forget = remember([module for name, module in pipe.components.items() if name.startswith("text_encoder")])
    lanes, threads, together = _shares(pipe, device, settings)
    model = LoadedModel(
        card=card.model_copy(update={"source": str(folder)}),
        pipe=pipe,
        own_scheduler=pipe.scheduler,
        device=device,
        precision=precision_name(precision),
        hash=weight_hash(folder, cache / "weights.json"),
        lanes=lanes,
        threads=threads,
        together=together,
        tokenizer=pipeline_tokenizer(pipe, card.max_prompt_tokens),
        forget_prompts=forget,
        framing=load_framing(folder),
        upscaler=_upscaler(card, folder, working_dtype(precision)),
    )
    _place(model)
    return model


def _upscaler(card: ModelCard, folder: Path, dtype: torch.dtype) -> Upscaler | None:
    if card.upscale == 1:
        return None
    upscaler = load_upscaler(folder)
    if upscaler is None or card.upscale != SCALE:
        raise StudioError("model.corrupt", model=card.name, file=str(FILE))
    return upscaler.to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _shares(pipe: Any, device: torch.device, settings: Settings) -> tuple[int, int, int]:
    """(lanes, threads of each, variants together in a call). A small network on a processor does not fill two
    threads: its variants run side by side instead. The rule looks at the model alone: bits stay the same.
    """
    if device.type != "cpu":
        return 1, torch.get_num_threads(), TOGETHER if settings.mixing else 1
    cores = settings.threads or psutil.cpu_count(logical=False) or 1
    lanes = _weight_count(pipe) < SMALL and hasattr(pipe, "encode_prompt")
    return (cores, 1, 1) if lanes else (1, cores, 1)


def _place(model: LoadedModel) -> None:
    """Put the pipeline on its device, and lay out what can be done when memory runs short."""
    pipe, device = model.pipe, model.device
    tiling = [pipe.vae.enable_tiling] if hasattr(pipe.vae, "enable_tiling") else []
    offload = [lambda: pipe.enable_model_cpu_offload(device=device)] if device.type == "cuda" else []
    model.rungs = tiling + offload
    if device.type == "cuda" and _weight_bytes(pipe) * ROOM > torch.cuda.mem_get_info(device)[0]:
        while model.save_memory():
            pass
    else:
        pipe.to(device)
    if model.upscaler:
        model.upscaler.to(device)
    if model.card.linear_decoder:
        model.cells = cell_pictures(pipe.vae).to(device)


def _weight_count(pipe: Any) -> int:
    modules = (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))
    return sum(weight.numel() for part in modules for weight in part.parameters())


def _weight_bytes(pipe: Any) -> int:
    modules = (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))
    return sum(_bytes(weight) for part in modules for weight in part.parameters())


def _bytes(weight: Any) -> int:
    if hasattr(weight, "__tensor_flatten__"):  # 8-bit weights: integers and scales behind one tensor's face
        return sum(_bytes(getattr(weight, name)) for name in weight.__tensor_flatten__()[0])
    return int(weight.numel() * weight.element_size())


def _download(card: ModelCard, settings: Settings) -> Path:
    """The folder of a hub model in the hub's local cache, fetched first where that is allowed."""
    import diffusers
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return Path(diffusers.DiffusionPipeline.download(card.source, local_files_only=settings.offline))
    except RepositoryNotFoundError as error:
        raise StudioError("model.unknown", model=card.source, models=card.name) from error
    except Exception as error:  # connection, proxy, gate, timeout, nothing in the cache: no weights either way
        raise StudioError("model.unreachable", model=card.source) from error


def _named_file(error: Exception, folder: Path) -> str:
    """The first file that cannot be opened, else the part that the error names, else the kind of error."""
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, "pt"):
                pass
        except (SafetensorError, OSError):
            return str(path.relative_to(folder))
    parts = sorted(part.name for part in folder.iterdir() if part.is_dir())
    return next((name for name in parts if str(folder / name) in str(error)), type(error).__name__)
