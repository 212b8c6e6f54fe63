"""Weights from a folder or a hub into a pipeline on a device."""

import functools
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import torch

from t2i_studio.engine.kept import keep
from t2i_studio.engine.memo import remember
from t2i_studio.engine.prompts import pipeline_tokenizer
from t2i_studio.engine.registry import ModelCard
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings

WEIGHTS = (".safetensors", ".bin", ".pt", ".gguf")
ROOM = 1.15
"""A model runs whole on a GPU whose free memory is its weights times this; else its parts visit the GPU in
turn.
"""

SMALL = 150_000_000
"""Weights of a model below which one variant does not keep several processor cores busy."""
TOGETHER = 4
"""Variants in one forward pass on a GPU."""


@dataclass
class LoadedModel:
    """A pipeline ready to run, and how to run it.

    card.source: the folder it came from. hash: of its weights. lanes: calls side by side, each of `threads`
    threads. together: variants in one call. tokenizer: with its limit in tokens. encoding: held while prompts
    are encoded. adapters: the LoRA set now in it. rungs: measures against memory shortage not taken yet.
    """

    card: ModelCard
    pipe: Any
    own_scheduler: Any
    device: torch.device
    dtype: torch.dtype
    hash: str
    lanes: int
    threads: int
    together: int
    tokenizer: tuple[Any, int] | None
    forget_prompts: Callable[[], None]
    encoding: threading.Lock = field(default_factory=threading.Lock)
    adapters: tuple[Any, ...] = ()
    rungs: list[Callable[[], None]] = field(default_factory=list)

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

    Raises StudioError: model.unreachable, model.unknown, model.corrupt.
    """
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    folder = card.folder or _download(card, settings)
    dtype = fastest_dtype(device)
    precisions = {"default": dtype, "vae": torch.float32} if card.exact_autoencoder else dtype
    try:
        pipe = diffusers.DiffusionPipeline.from_pretrained(
            folder, dtype=precisions, local_files_only=True, trust_remote_code=False
        )
    except MemoryError as error:
        raise StudioError("memory.short", model=card.name) from error
    except Exception as error:  # the libraries raise a dozen kinds for a damaged folder
        raise StudioError("model.corrupt", model=card.name, file=_named_file(error, folder)) from error
    pipe.set_progress_bar_config(disable=True)
    if card.exact_autoencoder:
        keep_exact(pipe.vae)
    forget = remember([module for name, module in pipe.components.items() if name.startswith("text_encoder")])
    lanes, threads, together = _shares(pipe, device, settings)
    model = LoadedModel(
        card=card.model_copy(update={"source": str(folder)}),
        pipe=pipe,
        own_scheduler=pipe.scheduler,
        device=device,
        dtype=dtype,
        hash=weight_hash(folder, cache / "weights.json"),
        lanes=lanes,
        threads=threads,
        together=together,
        tokenizer=pipeline_tokenizer(pipe, card.max_prompt_tokens),
        forget_prompts=forget,
    )
    _place(model)
    return model


def keep_exact(vae: Any) -> None:
    """Let an autoencoder compute in full precision, whatever it is handed, and answer in the precision asked in."""
    for part in vae.children():
        part.forward = _widened(part.forward)


def _widened(forward: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    @functools.wraps(forward)
    def widened(sample: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return forward(sample.float(), *args, **kwargs).to(sample.dtype)

    return widened


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


def _weight_count(pipe: Any) -> int:
    modules = (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))
    return sum(weight.numel() for part in modules for weight in part.parameters())


def _weight_bytes(pipe: Any) -> int:
    modules = (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))
    return sum(weight.numel() * weight.element_size() for part in modules for weight in part.parameters())


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


def weight_hash(folder: Path, kept: Path) -> str:
    """sha256 over names and contents of a folder's weight files; kept by size and time of change in
    `kept`.
    """
    known: dict[str, list[Any]] = {}
    if kept.is_file():
        try:
            known = json.loads(kept.read_text())
        except ValueError:
            known = {}
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in WEIGHTS):
        state = path.stat()
        stamp = [state.st_size, state.st_mtime_ns]
        entry = known.get(str(path))
        if entry is None or entry[:2] != stamp:
            with path.open("rb") as file:
                entry = [*stamp, hashlib.file_digest(file, "sha256").hexdigest()]
            known[str(path)] = entry
        total.update(f"{path.relative_to(folder)} {entry[2]}\n".encode())
    keep(kept, json.dumps(known))
    return total.hexdigest()


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
