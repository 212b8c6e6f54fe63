"""What a measurement found, beside its bar; and the served studio that several of them measure."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from t2i_studio.errors import StudioError
from t2i_studio.settings import ROOT

START_SECONDS = 60


@dataclass(frozen=True)
class Figure:
    """bar: the largest value that is good enough, with at_least the smallest (None: only told)."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def data(self) -> dict[str, Any]:
        """For --json."""
        return {"name": self.name, "value": self.value, "unit": self.unit, "bar": self.bar, "met": self.met}

    def __str__(self) -> str:
        sign, verdict = "≥" if self.at_least else "≤", "met" if self.met else "MISSED"
        bar = "" if self.bar is None else f"  ({sign} {self.bar:g}: {verdict})"
        value = f"{self.value:,.0f}" if self.value >= 1_000 else f"{self.value:.4g}"
        return f"{self.name}: {value} {self.unit}{bar}"


@contextmanager
def temporary_home() -> Iterator[Path]:
    """An empty home that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="t2i-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"


@dataclass(frozen=True)
class Served:
    """A studio served by a process of its own. began: when that was started (time.perf_counter)."""

    url: str
    pid: int
    began: float

    def call(self, endpoint: str, *values: object) -> Any:
        """The answer of an API endpoint; RuntimeError with what the studio said when it refuses."""
        answer = httpx.post(f"{self.url}/gradio_api/run/{endpoint}", json={"data": values}, timeout=600)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        return answer.json()["data"][0]


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """`serve` on a free port, as a user starts it; stopped afterwards. Raises StudioError bench.no_server."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "t2i_studio", "serve", "--port", "0", "--home", str(home)]
    with (
        tempfile.TemporaryFile("w+") as faults,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=faults, text=True) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "http" not in line:
                faults.seek(0)
                raise StudioError("bench.no_server", seconds=START_SECONDS, reason=faults.read()[-200:].strip())
            yield Served(line.rsplit(" ", 1)[-1].strip(), process.pid, began)
        finally:
            process.terminate()
            process.wait(30)
