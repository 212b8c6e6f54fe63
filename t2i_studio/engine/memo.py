"""Text encoders remember: the same prompt, in the next variant or the next batch, is encoded once."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import torch

KEPT = 16


def remember(encoders: Iterable[torch.nn.Module | None]) -> Callable[[], None]:
    """Make `encoders` keep their last KEPT results. The returned function forgets them (their weights have
    changed).
    """
    memories = [_remembering(encoder) for encoder in encoders if encoder is not None]

    def forget() -> None:
        for memory in memories:
            memory.clear()

    return forget


def _remembering(encoder: torch.nn.Module) -> OrderedDict[Any, Any]:
    memory: OrderedDict[Any, Any] = OrderedDict()
    forward = encoder.forward

    def recalled(*args: Any, **kwargs: Any) -> Any:
        key = (tuple(map(_key, args)), tuple((name, _key(value)) for name, value in sorted(kwargs.items())))
        if key not in memory:
            memory[key] = forward(*args, **kwargs)
            if len(memory) > KEPT:
                memory.popitem(last=False)
        memory.move_to_end(key)
        return memory[key]

    encoder.forward = recalled  # type: ignore[method-assign]
    return memory


def _key(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), value.cpu().contiguous().view(torch.uint8).numpy().tobytes()
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)
