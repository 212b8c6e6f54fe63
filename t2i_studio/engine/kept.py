"""Small files of things learnt, kept between runs in the home's cache folder."""

import os
import threading
from pathlib import Path


def keep(path: Path, text: str) -> None:
    """Write a file whole: readers see the old one or the new one, whoever else writes it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
