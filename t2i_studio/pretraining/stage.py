"""The set a product is photographed on: backdrop, wall panel, podium, confetti and bubbles, drawn with numpy.

All lengths are in cells (see scenes.py), so that 128 and 256 px show the same picture. Shapes are drawn SUPER
times larger and averaged down, which is the antialiasing; the caller keeps the results, since there are few.
Light comes from the upper left. Colours are sRGB in 0–1.
"""

import numpy as np

from t2i_studio.pretraining.cutouts import parse_rgb
from t2i_studio.pretraining.scenes import BASELINE, CELLS

SUPER = 4
HORIZON = 5.7
PODIUM_ROW = BASELINE - 1
CONFETTI_COLORS = ("#ff5a6e", "#ffc93c", "#3fb8ff", "#57d68d", "#9b6bff", "#ff8fc7")
CORNER = {
    1: 0.0,
    2: 0.04,
    3: 0.1,
    4: 0.18,
    5: 0.26,
}  # corner radius of a square podium for each level of playfulness


def grid(size: int, cells: float = CELLS, first_row: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """x and y in cells at the middle of each supersampled pixel of `size` px for `cells`, from a row down."""
    line = (np.arange(size * SUPER, dtype=np.float32) + 0.5) * (cells / (size * SUPER))
    return np.meshgrid(line, line[line > first_row])


def shrink(layer: np.ndarray) -> np.ndarray:
    """Average SUPER × SUPER pixels (h, w, channels) to one."""
    height, width, channels = layer.shape
    return layer.reshape(height // SUPER, SUPER, width // SUPER, SUPER, channels).mean((1, 3), dtype=np.float32)


def smooth(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below low, 1 above high, with a soft step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(picture: np.ndarray, color: np.ndarray | float, share: np.ndarray) -> np.ndarray:
    """`color` over `picture` with opacity `share` (h, w)."""
    return picture + share[..., None] * (color - picture)


def backdrop(rgb: str, panel: np.ndarray, middle: float) -> np.ndarray:
    """Wall with a panel (see panel()) behind the product, and floor: float32 (size, size, 3)."""
    size = len(panel)
    color = parse_rgb(rgb)
    dark = color.mean() < 0.85  # near-white cannot get lighter by much
    line = (np.arange(size, dtype=np.float32) + 0.5) * (CELLS / size)
    x, y = np.meshgrid(line, line)
    glow = np.exp(-((x - middle + 0.6) ** 2 + (y - 2.8) ** 2) / 12)
    wall = color * (0.93 + 0.03 * y[..., None] / CELLS) + ((0.17 if dark else 0.06) * glow)[..., None] * (
        1 - color * 0.4
    )
    wall = mix(wall, color * 0.72, 0.5 * panel[..., 1])
    wall = mix(wall, color + (1 - color) * (0.36 if dark else 0.7), 0.75 * panel[..., 0])
    floor = color * (1.04 - 0.1 * smooth(y, HORIZON, CELLS + 1)[..., None]) + 0.05
    return np.clip(mix(wall, floor, smooth(y, HORIZON - 0.5, HORIZON + 0.5)), 0, 1)


def panel(playfulness: int, middle: float, size: int) -> np.ndarray:
    """Cover of the wall panel and of the shadow around it, (size, size, 2); none, then plain to playful."""
    x, y = grid(size)
    if playfulness == 1:
        return np.zeros((size, size, 2), np.float32)
    distance = {2: _rectangle, 3: _arch, 4: _disc, 5: _flower}[playfulness](x - middle, y)
    cover = (distance < 0).astype(np.float32)
    return shrink(np.stack([cover, np.exp(-np.clip(distance, 0, None) / 0.16) * (1 - cover)], -1))


def _rectangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(x) - 2.5, 0.7 - y)


def _arch(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(y > 3.3, np.abs(x), np.hypot(x, y - 3.3)) - 2.7


def _disc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y - 3.3) - 2.9


def _flower(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    angle = np.arctan2(y - 3.3, x)
    return np.hypot(x, y - 3.3) - 2.9 - 0.22 * np.cos(10 * angle)


def podium(shape: str, side: int, playfulness: int, middle: float, size: int) -> np.ndarray:
    """The podium under a product of `side` cells with its shadow on the floor, premultiplied RGBA float32.

    Only the rows from PODIUM_ROW down: (3/8 size, size, 4).
    """
    x, y = grid(size, first_row=PODIUM_ROW)
    x = x - middle
    canvas = np.zeros((*x.shape, 4), np.float32)
    width = side + 1
    white = 1.0
    if shape == "none":
        _floor_shadow(canvas, x, y, side * 0.40, BASELINE - 0.06, 0.2)
    elif shape == "tiered":
        _floor_shadow(canvas, x, y, width / 2 + 0.75, 7.35, 0.4)
        _block(canvas, x, y, width + 1.2, 6.75, 0.5, 2.0, white * 0.97)
        _block(canvas, x, y, width, BASELINE - 0.2, 0.62, 2.0, white)
    elif shape == "square":
        _floor_shadow(canvas, x, y, width / 2 + 0.1, 7.3, 0.4)
        _cuboid(canvas, x, y, width, CORNER[playfulness], white)
    else:
        _floor_shadow(canvas, x, y, width / 2 + 0.1, 7.25, 0.4)
        _block(canvas, x, y, width, BASELINE - 0.2, 1.15, 2.0 if shape == "round" else 5.0, white)
    return shrink(canvas)


def _over(canvas: np.ndarray, color: np.ndarray, cover: np.ndarray) -> None:
    """Lay a colour (3,) or (h, w, 3) with opacity `cover` over a premultiplied canvas, in place."""
    canvas *= 1 - cover[..., None]
    canvas[..., :3] += color * cover[..., None]
    canvas[..., 3] += cover


def _floor_shadow(canvas: np.ndarray, x: np.ndarray, y: np.ndarray, reach: float, level: float, height: float) -> None:
    away = np.hypot((x - 0.2) / (reach + 0.35), (y - level) / height)
    _over(canvas, np.zeros(3, np.float32), 0.38 * (1 - smooth(away, 0.55, 1.25)))


def _block(
    canvas: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    width: float,
    top: float,
    height: float,
    roundness: float,
    white: float,
) -> None:
    """A disc of stone: its top is the superellipse |x|ⁿ + |y|ⁿ = 1 (n = roundness), seen from above."""
    half, tilt = width / 2, 0.2 + 0.035 * width
    across = np.clip(np.abs(x) / half, 0, 1)
    bulge = tilt * (1 - across**roundness) ** (1 / roundness)
    inside = (np.abs(x) < half).astype(np.float32)
    front = top + bulge
    body = inside * ((y > top - bulge) & (y < front + height))
    side = x / half
    light = 0.86 + 0.10 * np.exp(-(((side + 0.45) / 0.35) ** 2)) - 0.24 * smooth(side, 0.0, 1.0) ** 1.5
    light = light - 0.10 * smooth(-side, 0.7, 1.0) - 0.10 * smooth(y - front, 0, height)
    _over(canvas, white * light[..., None], body)
    lid = inside * (np.abs(y - top) < bulge)
    _over(canvas, white * (0.985 - 0.05 * smooth(side, -1, 1))[..., None], lid)
    rim = inside * smooth(0.07 - np.abs(y - front), 0, 0.05)
    _over(canvas, np.ones(3, np.float32), 0.7 * rim * (1 - 0.7 * smooth(side, -0.4, 0.9)))


def _cuboid(canvas: np.ndarray, x: np.ndarray, y: np.ndarray, width: float, corner: float, white: float) -> None:
    """A box seen from the front and slightly above."""
    half, back, front, floor = width / 2, BASELINE - 0.5, BASELINE + 0.2, 7.35
    reach = half * (0.88 + 0.12 * np.clip((y - back) / (front - back), 0, 1))
    lid = ((np.abs(x) < reach) & (y > back) & (y <= front)).astype(np.float32)
    inset = np.maximum(np.abs(x) - (half - corner), 0)
    low = np.maximum(y - (floor - corner), 0)
    face = ((np.abs(x) < half) & (y > front) & (y < floor) & (np.hypot(inset, low) <= corner + 1e-6)).astype(np.float32)
    side = x / half
    _over(canvas, white * (0.985 - 0.04 * smooth(side, -1, 1))[..., None], lid)
    light = 0.90 - 0.08 * smooth(side, -1, 1) - 0.08 * smooth(y, front, floor)
    _over(canvas, white * light[..., None], face)
    rim = (np.abs(x) < half) * smooth(0.06 - np.abs(y - front), 0, 0.05)
    _over(canvas, np.ones(3, np.float32), 0.8 * rim)


def bubble(size: int) -> np.ndarray:
    """A soap bubble in one cell, premultiplied RGBA."""
    x, y = (axis - 0.5 for axis in grid(size, 1))
    radius = np.hypot(x, y) / 0.42
    inside = (radius < 1).astype(np.float32)
    canvas = np.zeros((size * SUPER, size * SUPER, 4), np.float32)
    hue = np.stack([0.75 + 0.25 * x, 0.85 - 0.2 * y, np.ones_like(x)], -1)
    _over(canvas, hue, inside * (0.18 + 0.6 * smooth(radius, 0.6, 1.0)))
    _over(canvas, np.ones(3, np.float32), inside * 0.95 * (1 - smooth(np.hypot(x + 0.16, y + 0.18), 0.03, 0.10)))
    return shrink(canvas)


def confetti(kind: int, size: int) -> np.ndarray:
    """One cell with three bits of coloured paper, premultiplied RGBA; `kind` chooses places and colours."""
    rng = np.random.default_rng(kind)
    canvas = np.zeros((size * SUPER, size * SUPER, 4), np.float32)
    x, y = grid(size, 1)
    for number, color in enumerate(rng.permutation(CONFETTI_COLORS)[:3]):
        left, top = (0.25 + 0.5 * np.array([number % 2, number // 2])) + rng.uniform(-0.06, 0.06, 2)
        turn = rng.uniform(0, np.pi)
        along = (x - left) * np.cos(turn) + (y - top) * np.sin(turn)
        across = (y - top) * np.cos(turn) - (x - left) * np.sin(turn)
        paper = (np.abs(along) < 0.17) & (np.abs(across + (0.05 * np.sin(along * 16))) < 0.07)
        dot = np.hypot(along, across) < 0.11
        _over(canvas, parse_rgb(str(color)), (dot if number == 2 else paper).astype(np.float32))
    return shrink(canvas)


def contact(side: int, cell: int) -> np.ndarray:
    """Contact shadow under a product of `side` cells: (cell, side · cell, 4), its foot half-way down."""
    x = (np.arange(side * cell, dtype=np.float32) + 0.5) / cell - side / 2
    y = (np.arange(cell, dtype=np.float32) + 0.5) / cell - 0.5
    away = np.hypot(x[None, :] / (0.46 * side), (y[:, None] - 0.02) / (0.10 + 0.03 * side))
    layer = np.zeros((cell, side * cell, 4), np.float32)
    layer[..., 3] = 0.42 * (1 - smooth(away, 0.35, 1.0))
    return layer
