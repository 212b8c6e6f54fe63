"""What tests of several packages need."""

import json
import os
from pathlib import Path

import pytest

from t2i_studio.engine.process import prepare_process

if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):  # that share the cores: threads of both would wait in line
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))
prepare_process()  # as the program does, before anything imports torch: threads wait asleep


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StableDiffusionPipeline folder of random weights, 32 px."""
    import torch

    from tests.engine.conftest import stable_diffusion

    torch.manual_seed(7)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    stable_diffusion().save_pretrained(folder)
    (folder / "studio.json").write_text(json.dumps({"steps": 3, "width": 32, "height": 32}))
    return folder
