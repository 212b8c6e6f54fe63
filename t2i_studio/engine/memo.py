"""Text encoders remember: the same prompt, in the next variant or the next batch, is encoded once, and alone: what it
is encoded to does not depend on how many variants want it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

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
        if rows := _repeated(args, kwargs):
            one = recalled(*tree_map(_first, args), **tree_map(_first, kwargs))
            return tree_map(lambda told: _times(told, rows), one)
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


def _repeated(args: Any, kwargs: Any) -> int:
    """How many rows all inputs have, when there are several and they are all alike; else 0."""
    inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    rows = {len(each) if each.ndim > 1 else 1 for each in inputs}
    if len(rows) != 1 or not all(bool((each == each[:1]).all()) for each in inputs):
        return 0
    return rows.pop() if max(rows) > 1 else 0


def _first(value: Any) -> Any:
    return value[:1] if isinstance(value, torch.Tensor) else value


def _times(value: Any, rows: int) -> Any:
    """A tensor of one row as one of many; anything else as it is."""
    return value.repeat(rows, *[1] * (value.ndim - 1)) if isinstance(value, torch.Tensor) and value.ndim else value
