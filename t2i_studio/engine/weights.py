"""Which weights a model folder holds, by their content. Imports no deep-learning library: pages ask too."""

import hashlib
import json
from pathlib import Path
from typing import Any

from t2i_studio.engine.kept import keep

WEIGHTS = (".safetensors", ".bin", ".pt", ".gguf")


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
