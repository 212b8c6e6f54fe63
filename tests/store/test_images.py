import errno
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.images import accept_picture, image_path, put_image
from tests.store.studio import png


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def accepted(data: bytes, mode: str = "RGB") -> Image.Image:
    return Image.open(io.BytesIO(accept_picture(data, mode=mode)))  # type: ignore[arg-type]


def refusal(data: bytes) -> str:
    with pytest.raises(StudioError) as caught:
        accept_picture(data)
    assert caught.value.sentence("zh")
    return caught.value.key


def bomb(side: int) -> bytes:
    """A few hundred kilobytes that unpack to side² pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_is_kept_under_its_hash(db: Database):
    sha = put_image(db, png(1))
    assert image_path(db, sha).read_bytes() == png(1)
    assert image_path(db, sha).relative_to(db.images) == Path(sha[:2], f"{sha}.png")


def test_the_same_picture_is_kept_once(db: Database):
    assert put_image(db, png(1)) == put_image(db, png(1))
    assert len(list(db.images.glob("*/*"))) == 1


def test_a_half_written_picture_is_written_again(db: Database):
    sha = put_image(db, png(1))
    image_path(db, sha).write_bytes(png(1)[:20])
    put_image(db, png(1))
    assert image_path(db, sha).read_bytes() == png(1)


@pytest.mark.parametrize("name", ["", "x", "../../studio.db", "A" * 64, "0" * 64, "0" * 64 + "\n"])
def test_only_kept_pictures_have_a_path(db: Database, name: str):
    with pytest.raises(StudioError) as caught:
        image_path(db, name)
    assert caught.value.key == "image.unknown"


@pytest.mark.parametrize(("code", "key"), [(errno.ENOSPC, "store.disk_full"), (errno.EROFS, "store.readonly")])
def test_a_failed_write_leaves_no_trace(db: Database, monkeypatch: pytest.MonkeyPatch, code: int, key: str):
    def fail(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StudioError) as caught:
        put_image(db, png(1))
    assert caught.value.key == key
    assert [path for path in db.images.rglob("*") if path.is_file()] == []


def test_a_photo_comes_upright():
    photo = Image.new("RGB", (40, 20), "red")
    exif = photo.getexif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    assert accepted(encode(photo, "JPEG", exif=exif)).size == (20, 40)


def test_cmyk_becomes_rgb_of_the_same_colour():
    photo = encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    red, green, blue = accepted(photo).getpixel((4, 4))
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


def test_an_embedded_profile_is_applied_and_not_passed_on():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    picture = accepted(encode(Image.new("RGB", (8, 8), (255, 0, 0)), "PNG", icc_profile=swapped))
    red, green, _ = picture.getpixel((4, 4))
    assert green > 240 > 15 > red
    assert "icc_profile" not in picture.info


def test_transparency_becomes_white_in_a_photo_and_black_in_a_mask():
    clear = encode(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG")
    assert accepted(clear).getpixel((0, 0)) == (255, 255, 255)
    assert accepted(clear, "L").getpixel((0, 0)) == 0


def test_a_painted_mask_is_white_where_it_is_painted():
    mask = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    mask.putpixel((3, 3), (255, 255, 255, 255))
    kept = accepted(encode(mask, "PNG"), "L")
    assert (kept.mode, kept.getpixel((3, 3)), kept.getpixel((0, 0))) == ("L", 255, 0)


def test_sixteen_bits_a_channel_are_scaled():
    deep = Image.new("I;16", (8, 8), 0x8000)
    assert accepted(encode(deep, "PNG")).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_kind_of_png_becomes_rgb(mode: str):
    assert accepted(encode(Image.new(mode, (8, 8), 1), "PNG")).mode == "RGB"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "TIFF", "MPO"])
def test_other_formats_are_accepted(kind: str):
    assert accepted(encode(Image.new("RGB", (8, 8), "red"), kind)).size == (8, 8)


def test_a_bomb_is_refused_unopened():
    data = bomb(30_000)
    assert len(data) < 500_000
    assert refusal(data) == "picture.too_large"
    assert refusal(bomb(7_000)) == "picture.too_large"


def test_a_text_file_renamed_is_refused():
    assert refusal("这不是图片".encode() * 100) == "picture.unreadable"
    assert refusal(b"") == "picture.unreadable"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_picture_is_refused(kind: str):
    noise = Image.frombytes("RGB", (64, 64), os.urandom(64 * 64 * 3))
    data = encode(noise, kind)
    assert refusal(data[: len(data) // 2]) in {"picture.truncated", "picture.unreadable"}
    assert refusal(data[:40]) in {"picture.truncated", "picture.unreadable"}


def test_an_animation_is_refused():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert refusal(data) == "picture.animated"


def test_a_heavy_file_is_refused():
    assert refusal(bytes(65 * 2**20)) == "picture.too_heavy"
