"""The upscaler's network: what bicubic enlargement gets wrong, as convolutions at a half and a quarter of the size."""

from collections.abc import Mapping

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

SCALE = 2
REACH = 36  # pixels of the input, to each side
WIDTHS = (64, 128)  # channels at a half and at a quarter of the picture's size


class Upscaler(nn.Module):
    """Pictures (B, 3, H, W) in [−1, 1] → (B, 3, 2·H, 2·W); H and W multiples of 4.

    Built as EDSR's residual blocks without normalisation (Lim et al. 2017, arXiv 1707.02921), pixels gathered and
    spread by sub-pixel convolution (Shi et al. 2016, arXiv 1609.05158). An output pixel is made from what is within
    REACH pixels of the input. Untrained, it enlarges bicubically. With weights of half precision only its convolutions
    are of that precision, so that plain areas have no steps.
    """

    def __init__(self, widths: tuple[int, int] = WIDTHS) -> None:
        super().__init__()
        fine, coarse = widths
        self.head = nn.Conv2d(3 * 4, fine, 3, padding=1)
        self.before = nn.Sequential(_Block(fine), _Block(fine))
        self.down = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.middle = nn.Sequential(_Block(coarse), _Block(coarse))
        self.up = nn.Conv2d(coarse, fine * 4, 1)
        self.after = _Block(fine)
        self.tail = nn.Conv2d(fine, 3 * (2 * SCALE) ** 2, 3, padding=1)
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, pictures: Tensor) -> Tensor:
        like = self.head.weight
        gathered = F.pixel_unshuffle(pictures, 2).to(like.dtype, memory_format=torch.channels_last)
        fine = self.before(self.head(gathered))
        coarse = self.middle(self.down(fine))
        fine = self.after(fine + F.pixel_shuffle(self.up(coarse), 2))
        plain = F.interpolate(pictures, scale_factor=SCALE, mode="bicubic", align_corners=False)
        return plain + F.pixel_shuffle(self.tail(fine), 2 * SCALE).to(plain.dtype)

    @torch.inference_mode()
    def enlarged(self, picture: Image.Image) -> Image.Image:
        """An RGB picture twice as wide and high."""
        pixels = torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).to(self.head.weight.device)
        return to_pictures(self(pixels.permute(2, 0, 1)[None] / 127.5 - 1))[0]


def widths_of(weights: Mapping[str, Tensor]) -> tuple[int, int]:
    """WIDTHS of the upscaler that these weights are of. KeyError when they are not of one."""
    return len(weights["head.weight"]), len(weights["down.weight"])


def to_pictures(pixels: Tensor) -> list[Image.Image]:
    """(B, 3, H, W) in about [−1, 1] as pictures."""
    whole = (pixels * 127.5 + 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(each) for each in whole]


@torch.no_grad()
def grown(small: Upscaler, widths: tuple[int, int] = WIDTHS) -> Upscaler:
    """A wider upscaler that makes the same pictures: nothing reads its further channels yet. ValueError when it would
    be narrower.
    """
    large = Upscaler(widths)
    given = small.state_dict()
    for name, weight in large.state_dict().items():
        if any(new < old for new, old in zip(weight.shape, given[name].shape, strict=True)):
            raise ValueError(f"{name}: {tuple(given[name].shape)} does not fit into {tuple(weight.shape)}")
        known = tuple(slice(0, length) for length in given[name].shape)
        weight[known[:1]] = 0
        weight[known] = given[name]
    return large


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.convolutions(x)
