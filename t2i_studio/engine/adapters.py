"""LoRA adapters in a pipeline: loaded when a request names them, taken out when the next one does not."""

import hashlib
from functools import lru_cache
from pathlib import Path

from t2i_studio.domain import Adapter
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.errors import StudioError


def use_adapters(model: LoadedModel, wanted: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
    """Make `wanted` the adapters of the pipeline and return them with their hashes. The set in use stays
    loaded.

    Raises StudioError adapter.unfit (not a LoRA of this model); the pipeline is then without adapters.
    """
    hashed = tuple(adapter.model_copy(update={"hash": _hash(_file(adapter))}) for adapter in wanted)
    if hashed == model.adapters:
        return hashed
    _remove(model)
    for number, adapter in enumerate(hashed):
        try:
            path = _file(adapter)
            model.pipe.load_lora_weights(
                str(path.parent),
                weight_name=path.name,
                adapter_name=f"adapter{number}",
                local_files_only=True,
            )
            if f"adapter{number}" not in _loaded(model):
                raise ValueError("no weight of it fits")
        except Exception as error:  # peft, safetensors and diffusers each raise their own kinds
            _remove(model)
            raise StudioError("adapter.unfit", path=adapter.path, model=model.card.name) from error
    if hashed:
        names = [f"adapter{number}" for number in range(len(hashed))]
        model.pipe.set_adapters(names, [adapter.scale for adapter in hashed])
    model.adapters = hashed
    return hashed


def _loaded(model: LoadedModel) -> set[str]:
    return {name for names in model.pipe.get_list_adapters().values() for name in names}


def _remove(model: LoadedModel) -> None:
    if hasattr(model.pipe, "unload_lora_weights"):
        model.pipe.unload_lora_weights()
    model.forget_prompts()
    model.adapters = ()


def _file(adapter: Adapter) -> Path:
    path = Path(adapter.path)
    try:
        return path if path.is_file() else sorted(path.glob("*.safetensors"))[0]
    except IndexError as error:
        raise StudioError("adapter.unknown", path=adapter.path) from error


def _hash(path: Path) -> str:
    state = path.stat()
    return _hash_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash_of(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def readable(folder: Path) -> bool:
    """Whether the adapter in a folder is there and whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(_file(Adapter(path=str(folder))), "pt") as file:
            return bool(file.keys())
    except (SafetensorError, OSError, StudioError):
        return False
