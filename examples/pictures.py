"""What both examples learn from and how they show what they learnt: small grey pictures of the catalogue's products.

195 products are few, so each is shown in several sizes and places and mirrored: about 3,500 pictures.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import load_catalogue
from t2i_studio.pretraining.cutouts import Cutouts
from t2i_studio.pretraining.renderer import LUMA

SIDE = 28  # px, as in MNIST
SIZES = (22, 24, 26)  # px, of a product's square box
SHIFTS = (-1, 0, 1)  # px to the right of the middle
GLOW = 0.4  # of a product's light that is there whatever its colour, so that black ones show on black
COLUMNS = 16  # of a grid
GAP = 4  # px between the sections of a grid


def load_pictures(work: Path) -> Tensor:
    """All pictures (N, 1, 28, 28) in 0–1, products bright on black, of the renders in `work`.

    StudioError when there are none.
    """
    folder = work / "renders"
    products = [one.code for one in load_catalogue().objects.values() if (folder / f"{one.code}.webp").is_file()]
    if not products:
        raise StudioError("example.no_renders", path=folder, work=work)
    cutouts = Cutouts(folder, largest=64)
    return torch.stack([view for code in products for size in SIZES for view in _views(cutouts.get(code, size))])


def _views(cutout: np.ndarray) -> Iterator[Tensor]:
    """The picture of one cut-out, RGBA (side, side, 4), and its mirror image, each in several places."""
    rgba = torch.from_numpy(cutout.astype(np.float32) / 255)
    grey = GLOW * rgba[..., 3] + (1 - GLOW) * rgba[..., :3] @ torch.from_numpy(LUMA)
    margin = (SIDE - len(grey)) // 2
    for product in (grey, grey.flip(1)):
        for shift in SHIFTS:
            yield pad(product, (margin + shift, margin - shift, 2 * margin - 1, 1))[None]


def save_grid(path: Path, sections: list[Tensor]) -> None:
    """Write the pictures (N, 1, 28, 28) of each section in rows of 16, sections below each other, at twice the size.

    StudioError when the file cannot be written.
    """
    rows = []
    for pictures in sections:
        lines = pictures.detach().clamp(0, 1).unflatten(0, (-1, COLUMNS))  # (rows, 16, 1, 28, 28)
        rows += [lines.permute(0, 3, 1, 4, 2).reshape(-1, COLUMNS * SIDE), torch.ones(GAP, COLUMNS * SIDE)]
    grid = Image.fromarray((torch.cat(rows[:-1]) * 255).byte().numpy())
    try:
        grid.resize((2 * grid.width, 2 * grid.height), Image.Resampling.NEAREST).save(path)
    except (OSError, ValueError) as error:  # ValueError: a name that is of no kind of picture
        raise StudioError("file.unwritable", path=path) from error
