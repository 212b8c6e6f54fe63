"""From a shop's picture to a cut-out: the product alone, without the plain background it was photographed on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy import fft, ndimage

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.cutouts import to_oklab

LARGEST = 512  # px of the longer side that cutting works on: more than any scene shows
SMALLEST = 96  # px of a cut-out's longer side: what the largest product fills at 128 px
SEE_THROUGH = 0.02  # share of a picture that is transparent where it is a cut-out already
RIM = 0.02  # width of the rim that tells the background, as a share of the longer side
PLAIN = 0.8  # share of the rim that must be like the background
NEAR = 0.045  # distance in Oklab up to which a pixel is like the background
HOLE_NEAR, HOLE_AREA = 0.02, 0.001  # mean distance, and share of the picture, of background that is enclosed
DEEPEST_SHADOW = 0.6  # light that a shadow leaves
SHADOW_SLOPE = 0.01  # lightness by which a soft shadow changes from px to px at most; outlines change by more
EDGE = 2  # px on either side of the outline where product and background mix
PIECE = 0.5  # area of a piece that counts as a thing of its own, as a share of the largest
SPECK = 0.002  # area of a part that is no product, as a share of the largest: what noise and JPEG leave in a background
ALIKE = 0.04  # relative difference of two fingerprints up to which they are of the same picture
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)  # what Pillow's readers raise


def read_picture(path: Path) -> Image.Image:
    """RGBA, at most LARGEST px wide and high, turned as its camera was held.

    StudioError shop.picture_missing, shop.picture_broken.
    """
    try:
        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file).convert("RGBA")
    except FileNotFoundError as error:
        raise StudioError("shop.picture_missing", file=path.name) from error
    except UNREADABLE as error:
        raise StudioError("shop.picture_broken", file=path.name) from error
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return picture


@dataclass(frozen=True)
class Cut:
    """picture: RGBA, cropped to the product. faint: share of its outline, in 0–1, that hardly differs from the
    background it was cut out of, so that parts may be missing; 0 where nothing had to be removed.
    """

    picture: Image.Image
    faint: float = 0.0


def cut_out(path: Path, pieces: int = 1) -> Cut:
    """The product of a picture. pieces: how many separate things belong to it.

    Where a part of the picture is transparent, that is the background; else it must be plain and is removed.
    StudioError shop.not_plain, shop.too_small, shop.several and those of read_picture.
    """
    picture = read_picture(path)
    pixels, faint = np.asarray(picture, np.float32) / 255, 0.0
    if (pixels[..., 3] < 0.06).mean() < SEE_THROUGH:
        ground = background(pixels[..., :3], path.name)
        removed = without_background(pixels[..., :3], ground)
        pixels, faint = removed, faintness(pixels[..., :3], ground, removed[..., 3] > 0.5)
    solid = pixels[..., 3] > 0.5
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    side = max(np.ptp(rows), np.ptp(columns)) + 1 if len(rows) else 0
    if side < SMALLEST:
        raise StudioError("shop.too_small", file=path.name, side=side, smallest=SMALLEST)
    if (found := count_pieces(solid)) > pieces:
        raise StudioError("shop.several", file=path.name, count=found)
    cut = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8), "RGBA")
    return Cut(cut.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)), faint)


def count_pieces(solid: np.ndarray) -> int:
    """How many connected parts of a mask are at least PIECE of the largest."""
    labels, count = ndimage.label(solid)
    areas = np.bincount(labels.ravel(), minlength=2)[1 : count + 1]
    return int((areas >= PIECE * areas.max()).sum()) if count else 0


def without_background(rgb: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """RGB (h, w, 3) in 0–1 → RGBA with a soft edge. ground: see `background`.

    Removed is what reaches the rim and is like the background or in soft shadow, and what is just like it within the
    product (in a handle).
    """
    rim, like, shaded = _rim(rgb.shape[:2]), distance(rgb, ground) < NEAR, in_shadow(rgb, ground)
    slope = ndimage.gaussian_gradient_magnitude(to_oklab(rgb)[..., 0], 1)
    labels, _ = ndimage.label(like | (shaded & (slope < SHADOW_SLOPE)))
    outside = np.isin(labels, np.setdiff1d(labels[rim], 0))
    outside = ndimage.binary_opening(outside) | (outside & rim)  # no threads into the product
    at_shadow = ndimage.binary_dilation(outside & ~like, iterations=EDGE + 1)  # where the outline blurs the slope
    outside |= (at_shadow & shaded) | _holes(rgb, ground, outside)
    return _with_soft_edge(rgb, ground, _without_specks(outside))


def _without_specks(behind: np.ndarray) -> np.ndarray:
    labels, _ = ndimage.label(~behind)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return behind | (areas < SPECK * areas.max())[labels]


def _holes(rgb: np.ndarray, ground: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Enclosed parts of the background, told from a product's own white by how exactly they are like it."""
    away = distance(rgb, ground)
    labels, count = ndimage.label((away < NEAR) & ~outside)
    numbers = np.arange(1, count + 1)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    exact = np.asarray(ndimage.mean(away, labels, numbers)) < HOLE_NEAR if count else np.zeros(0, bool)
    return np.isin(labels, numbers[exact & (areas > HOLE_AREA * away.size)])


def in_shadow(rgb: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Where pixels are the background's colour under less light, as a grey product's can be, too."""
    light = (rgb * ground).sum(-1) / np.maximum((ground**2).sum(-1), 1e-4)
    step = to_oklab(rgb) - to_oklab(np.clip(ground * light[..., None], 0, 1))
    return (light > DEEPEST_SHADOW) & (light < 1) & (np.hypot(step[..., 1], step[..., 2]) < NEAR / 2)


def background(rgb: np.ndarray, name: str = "") -> np.ndarray:
    """The colour (h, w, 3) of the background everywhere: the plane through the rim's, without what stands out of it.

    StudioError shop.not_plain when the rim has no one colour, or one that changes other than evenly from side to side.
    """
    height, width = rgb.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    plane = np.stack([np.ones_like(x), x, y], -1)
    rim = _rim((height, width))
    where, seen = plane[rim], rgb[rim]
    color = np.median(seen, 0)
    for reach in (4 * NEAR, 2 * NEAR, NEAR):
        like = distance(seen, np.broadcast_to(color, seen.shape)) < reach
        if like.mean() < PLAIN:
            raise StudioError("shop.not_plain", file=name)
        slopes = np.linalg.lstsq(where[like], seen[like], rcond=None)[0]
        color = where @ slopes
    return np.clip(plane @ slopes, 0, 1)


def distance(rgb: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """How far colours (…, 3) are from the background's, in Oklab."""
    return np.linalg.norm(to_oklab(rgb) - to_oklab(ground), axis=-1)


def faintness(rgb: np.ndarray, ground: np.ndarray, solid: np.ndarray) -> float:
    """Share of the product's outline, just within it, that differs from the background by less than twice NEAR."""
    line = ndimage.binary_erosion(solid, iterations=EDGE) & ~ndimage.binary_erosion(solid, iterations=2 * EDGE)
    return float((distance(rgb, ground)[line] < 2 * NEAR).mean()) if line.any() else 1.0


def _rim(shape: tuple[int, ...]) -> np.ndarray:
    width = max(2, round(RIM * max(shape)))
    rim = np.ones(shape, bool)
    rim[width:-width, width:-width] = False
    return rim


def _with_soft_edge(rgb: np.ndarray, ground: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """RGBA where pixels along the outline are mixed of background and the nearest inner colour: c = α·f + (1 − α)·b."""
    near = ndimage.binary_dilation(behind, iterations=EDGE) & ~ndimage.binary_erosion(behind, border_value=1)
    inner = ~behind & ~near
    if not inner.any():
        return np.concatenate([rgb, np.zeros_like(rgb[..., :1])], -1)
    row, column = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    front = rgb[row, column]
    span = front - ground
    share = ((rgb - ground) * span).sum(-1) / np.maximum((span**2).sum(-1), 1e-4)
    alpha = np.where(near, np.clip(share, 0, 1), np.where(behind, 0.0, 1.0))
    color = np.where((near | behind)[..., None], front, rgb)
    return np.concatenate([color, alpha[..., None]], -1).astype(np.float32)


def fingerprint(cut: Image.Image) -> np.ndarray:
    """(192,) float: the 8×8 lowest frequencies of the cosine transform of the cut-out in Oklab, 32 px wide and high.

    As in a perceptual hash (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions"), but
    whole: of the frequencies that a symmetric product lacks, the sign alone would be chance.
    """
    side = max(cut.size)
    square = Image.new("RGBa", (side, side))
    square.paste(cut.convert("RGBa"), ((side - cut.width) // 2, (side - cut.height) // 2))
    pixels = np.asarray(square.resize((32, 32), Image.Resampling.LANCZOS), np.float32) / 255
    on_grey = pixels[..., :3] + 0.5 * (1 - pixels[..., 3:])
    return fft.dctn(to_oklab(on_grey), axes=(0, 1), norm="ortho")[:8, :8].ravel()


def same_picture(one: np.ndarray, other: np.ndarray) -> bool:
    """Are two fingerprints of the same picture, whatever its size, quality and background?

    Those of 195 renders differ by 0.088 at least from each other, and by 0.023 at most from photographs of themselves.
    """
    return bool(np.linalg.norm(one - other) <= ALIKE * np.linalg.norm(one))
