"""Pictures as raters get them: pixels only, and nothing about a file that tells which model made it.

All pictures of a session have the same longer side, those of an item the same width and height, all are encoded alike,
and all files of a session are padded to one length.
"""

import io
import os
import struct
from collections.abc import Sequence

from PIL import Image

SIDES = (512, 1536)
"""Longer side of what is sent: small pictures are enlarged here, better than a browser does it, and a phone shows no
more than the second.
"""
QUALITY = 92
STEP = 1024
"""Files are padded to a multiple of this many bytes."""
_EXTENDED, _PADDING = b"VP8X", b"PADD"
_OVERHEAD = 8 + 10 + 8
"""Bytes of the two chunks that padding adds, beside the padding itself."""


def longer_side(sizes: Sequence[tuple[int, int]]) -> int:
    """Longer side, in pixels, of every picture of a session whose originals have these sizes (width, height)."""
    low, high = SIDES
    return min(max([low, *(max(size) for size in sizes)]), high)


def canvas(sizes: Sequence[tuple[int, int]], side: int) -> tuple[int, int]:
    """Width and height of all pictures of an item: the shape of its largest, `side` pixels on the longer side."""
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def blind_copy(picture: Image.Image, size: tuple[int, int]) -> bytes:
    """The picture's pixels as a WebP of `size`, without metadata; one of another shape stands on neutral grey."""
    clean = picture.convert("RGB")
    scale = min(size[0] / clean.width, size[1] / clean.height)
    fitted = max(1, round(clean.width * scale)), max(1, round(clean.height * scale))
    if fitted != clean.size:
        clean = clean.resize(fitted, Image.Resampling.LANCZOS)
    if fitted != size:
        ground = Image.new("RGB", size, (128, 128, 128))
        ground.paste(clean, ((size[0] - fitted[0]) // 2, (size[1] - fitted[1]) // 2))
        clean = ground
    clean.info = {}
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue()


def padded_length(lengths: Sequence[int]) -> int:
    """The length to which files of these lengths are padded."""
    return -(-(max(lengths, default=0) + _OVERHEAD) // STEP) * STEP


def pad(webp: bytes, length: int) -> bytes:
    """The same picture in exactly `length` bytes (even, and at least _OVERHEAD more than it has).

    The container becomes the extended one, whose readers pass over chunks that they do not know; the last of them is
    filled with random bytes, which no compression on the way makes shorter.
    Source: https://developers.google.com/speed/webp/docs/riff_container
    """
    filling = length - len(webp) - _OVERHEAD
    if webp[:4] != b"RIFF" or webp[12:16] == _EXTENDED or filling < 0 or filling % 2:
        raise ValueError(f"a simple WebP of {len(webp)} bytes cannot be padded to {length}")
    width, height = dimensions(webp)
    extended = struct.pack("<4sII", _EXTENDED, 10, 0) + (width - 1).to_bytes(3, "little")
    extended += (height - 1).to_bytes(3, "little")
    padding = struct.pack("<4sI", _PADDING, filling) + os.urandom(filling)
    return struct.pack("<4sI4s", b"RIFF", length - 8, b"WEBP") + extended + webp[12:] + padding


def dimensions(webp: bytes) -> tuple[int, int]:
    """Width and height of a lossy WebP in the simple container, from the frame's header (RFC 6386, 9.1)."""
    width, height = struct.unpack_from("<HH", webp, 26)
    return width & 0x3FFF, height & 0x3FFF
