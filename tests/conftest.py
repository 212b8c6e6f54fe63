"""What tests of several packages need."""

import json
from pathlib import Path

import pytest

from t2i_studio.engine.process import prepare_process

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
