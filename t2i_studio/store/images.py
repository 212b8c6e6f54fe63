"""Pictures: files named by their content, and the door through which uploaded ones come in."""

import hashlib
import io
import os
import re
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, storage_faults

MAX_PIXELS = 40_000_000
MAX_BYTES = 64 * 2**20
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
PARTIAL = ".partial-"
"""Beginning of the name of a file still being written."""
_HASH = re.compile(r"[0-9a-f]{64}")


def picture_file(images: Path, sha: str) -> Path:
    """Where the picture of this hash is kept: images/ab/abcd….png."""
    return images / sha[:2] / f"{sha}.png"


def put_image(db: Database, data: bytes) -> str:
    """Keep a PNG and return its sha256 (hex); once returned it is on the disk. The same bytes are kept once.

    Raises StudioError store.disk_full or store.readonly, with nothing half-written under the final name.
    """
    sha = hashlib.sha256(data).hexdigest()
    path = picture_file(db.images, sha)
    with storage_faults(db.home):
        if path.exists() and path.stat().st_size == len(data):
            os.utime(path)  # young again: `sweep` leaves it alone until its row is there
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, data)
        _sync_folder(path.parent)
        _sync_folder(db.images)
    return sha


def _write_durably(path: Path, data: bytes) -> None:
    handle, partial = tempfile.mkstemp(prefix=PARTIAL, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows keeps no handle on a folder; its rename is journalled
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def image_path(db: Database, sha: str) -> Path:
    """File of a kept picture. Raises StudioError image.unknown (also for anything that is no hash)."""
    if _HASH.fullmatch(sha) and (path := picture_file(db.images, sha)).is_file():
        return path
    raise StudioError("image.unknown", image=sha[:64])


def accept_picture(data: bytes, *, mode: Literal["RGB", "L"] = "RGB") -> bytes:
    """An uploaded picture as an upright PNG without metadata; too large a one is refused by its header alone.

    mode RGB: a photo; transparency becomes white, an embedded colour profile becomes sRGB.
    mode L: a mask, white where the picture is to change; transparency becomes black, that is kept.
    Raises StudioError picture.too_heavy, picture.unreadable, picture.too_large, picture.animated,
    picture.truncated.
    """
    if len(data) > MAX_BYTES:
        raise StudioError("picture.too_heavy", size=len(data) // 2**20, limit=MAX_BYTES // 2**20)
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = picture.size
    except Image.DecompressionBombError as error:
        raise StudioError("picture.too_large", limit=MAX_PIXELS // 10**6) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise StudioError("picture.unreadable", formats=", ".join(FORMATS)) from error
    if width * height > MAX_PIXELS:
        raise StudioError("picture.too_large", limit=MAX_PIXELS // 10**6)
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:  # MPO: a phone's photo with a depth map
        raise StudioError("picture.animated")
    try:
        picture.load()
        upright = _flatten(_to_srgb(ImageOps.exif_transpose(picture)), mode)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise StudioError("picture.truncated") from error
    out = io.BytesIO()
    upright.save(out, "PNG")
    return out.getvalue()


def _to_srgb(picture: Image.Image) -> Image.Image:
    """Colours by the embedded profile (print CMYK, a phone's Display P3); unchanged without a usable one."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return picture
    target = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=target) or picture
    except (ImageCms.PyCMSError, OSError):
        return picture


def _flatten(picture: Image.Image, mode: Literal["RGB", "L"]) -> Image.Image:
    if picture.mode.startswith(("I", "F")):  # 16 bits a channel; convert() would clip instead of scale
        picture = picture.point(lambda value: value / 256, "L") if picture.mode != "F" else picture.convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white" if mode == "RGB" else "black")
        picture = Image.alpha_composite(ground, picture)
    clean = picture.convert(mode)
    clean.info = {}
    return clean
