"""Pictures without what is written beside the pixels."""

import struct

SIGNATURE = b"\x89PNG\r\n\x1a\n"
OF_THE_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"IDAT", b"IEND"))
"""Chunks that say what is seen (PNG specification, third edition, 11.2-11.3); all others are remarks."""


def only_pixels(png: bytes) -> bytes:
    """The same picture, pixel for pixel, without prompt, settings, times or anything after its end.

    The chunks are copied and not packed again, which keeps every pixel and is quick. Raises ValueError for anything
    that is no whole PNG.
    """
    if not png.startswith(SIGNATURE):
        raise ValueError("no PNG")
    kept, place = [SIGNATURE], len(SIGNATURE)
    while True:
        after = place + 12 + int.from_bytes(png[place : place + 4])
        kind = png[place + 4 : place + 8]
        if after > len(png):
            raise ValueError("the picture ends before its end")
        if kind in OF_THE_PIXELS:
            kept.append(png[place:after])
        if kind == b"IEND":
            return b"".join(kept)
        place = after


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, by the header of a PNG."""
    width, height = struct.unpack_from(">II", png, len(SIGNATURE) + 8)
    return width, height
