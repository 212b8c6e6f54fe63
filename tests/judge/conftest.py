import json
from pathlib import Path

import pytest
from PIL import Image

from t2i_studio.judge.folder import load_judge
from t2i_studio.judge.network import Judge

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The judge of the studio itself."""
    return load_judge()


@pytest.fixture(scope="session")
def scenes() -> list[tuple[Image.Image, dict[str, str]]]:
    """24 composed scenes of half the products of tier 1, not chosen by hand, and what each of them shows."""
    rows = json.loads((HERE / "scenes.json").read_text(encoding="utf-8"))
    with Image.open(HERE / "scenes.webp") as sheet:
        tiles = [
            sheet.crop((left, top, left + 128, top + 128)) for top in range(0, 512, 128) for left in range(0, 768, 128)
        ]
    return list(zip(tiles, rows, strict=True))
