"""Routes for what the pages show and take: pictures, thumbnails, previews, scripts, uploads, downloads."""

import csv
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from PIL import Image
from starlette.concurrency import run_in_threadpool

from t2i_studio.brief.grids import axis_name, axis_words
from t2i_studio.brief.presets import find_preset
from t2i_studio.brief.styles import phrases
from t2i_studio.domain import STYLE_CONTROLS, StyleSettings, Variant
from t2i_studio.errors import Language, StudioError
from t2i_studio.store.faults import FAULTS
from t2i_studio.store.images import MAX_BYTES, accept_picture, image_path, put_image
from t2i_studio.store.variants import get_variants
from t2i_studio.ui.i18n import words
from t2i_studio.ui.looks import market_table, preset_table
from t2i_studio.ui.parts import STATIC, version
from t2i_studio.ui.restoring import read_settings
from t2i_studio.ui.studio import Studio, visitor_of

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
MINE_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
THUMB_SIDE = 480
MAX_DOWNLOAD = 2000


def static_routes() -> APIRouter:
    """Scripts, styles and words; the address holds their version."""
    router = APIRouter()

    @router.get("/studio/{_version}/words.{language}.js")
    def table(_version: str, language: Language) -> Response:
        tables: dict[str, Any] = {"words": words(language), "faults": _faults(language), "styles": _styles(language)}
        tables |= {"presets": preset_table(language), "markets": market_table(language)}
        tables["axes"] = _axes(language)
        script = f"Object.assign(window.studio, {json.dumps(tables, ensure_ascii=False)});"
        return Response(script, media_type="text/javascript", headers=_kept(_version))

    @router.get("/studio/{_version}/presets/{id}.webp")
    def preset(_version: str, id: str) -> Response:
        try:
            return FileResponse(find_preset(id).picture, media_type="image/webp", headers=_kept(_version))
        except StudioError:
            return Response(status_code=404)

    @router.get("/studio/{_version}/{name}")
    def file(_version: str, name: str) -> Response:
        known = {path.name: path for path in STATIC.glob("*.*")}
        if name not in known:
            return Response(status_code=404)
        return FileResponse(known[name], headers=_kept(_version))

    return router


def _faults(language: Language) -> list[dict[str, str]]:
    return [
        {
            "code": fault.code,
            "name": getattr(fault.name, language),
            "description": getattr(fault.description, language),
        }
        for fault in FAULTS.values()
    ]


def _styles(language: Language) -> list[dict[str, object]]:
    """Each slider with the words of its five levels (the neutral one is unsaid)."""
    levels = range(1, 6)
    return [
        {
            "control": control,
            "levels": [" ".join(phrases(StyleSettings(**{control: level}), language)) for level in levels],
        }
        for control in STYLE_CONTROLS
    ]


def _axes(language: Language) -> list[dict[str, str]]:
    """What can be varied in a grid."""
    return [
        {"name": name, "label": axis_name(name, language), "example": words.example}
        for name, words in axis_words().items()
    ]


def _kept(asked: str) -> dict[str, str]:
    return FOR_EVER if asked == version() else {"Cache-Control": "no-store"}


def picture_routes(studio: Studio) -> APIRouter:
    """Pictures out and in. Only files of the image folder, by content hash, are ever read."""
    router = APIRouter()

    @router.get("/images/{sha}.png")
    def image(sha: str, name: str = "") -> Response:
        try:
            path = image_path(studio.db, sha)
        except StudioError:
            return Response(status_code=404)
        attachment = f"t2i-studio-{name}.png" if name.isalnum() else None
        return FileResponse(path, media_type="image/png", filename=attachment, headers=MINE_FOR_EVER)

    @router.get("/thumbs/{sha}.webp")
    def thumb(sha: str) -> Response:
        try:
            path = thumbnail(studio, sha)
        except StudioError:
            return Response(status_code=404)
        return FileResponse(path, media_type="image/webp", headers=MINE_FOR_EVER)

    @router.get("/previews/{variant}")
    def preview(variant: int) -> Response:
        data = studio.engine.preview(variant)
        if data is None:
            return Response(status_code=404, headers={"Cache-Control": "no-store"})
        kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        return Response(data, media_type=kind, headers={"Cache-Control": "private, max-age=600"})

    @router.post("/pictures")
    async def take_picture(request: Request, mask: bool = False) -> Response:
        """An uploaded starting picture (or a drawn mask) goes into the store; the answer is its hash."""

        def keep(data: bytes) -> dict[str, object]:
            png = accept_picture(data, mode="L" if mask else "RGB")
            with Image.open(io.BytesIO(png)) as picture:
                width, height = picture.size
            return {"image": put_image(studio.db, png), "width": width, "height": height}

        return await _answer(request, keep)

    @router.post("/parameters")
    async def read_parameters(request: Request) -> Response:
        """The settings inside a PNG, for the form; left_out: [[name, value]…] of those that it cannot hold."""
        language = visitor_of(request).language

        def told(data: bytes) -> dict[str, object]:
            settings, left_out = read_settings(studio, data, language)
            return {"request": settings.model_dump(mode="json"), "left_out": left_out}

        return await _answer(request, told)

    @router.post("/download")
    def download(ids: Annotated[str, Form()]) -> Response:
        numbers = [int(word) for word in ids.split(",") if word.isdecimal()][:MAX_DOWNLOAD]
        try:
            archive = make_archive(studio, get_variants(studio.db, numbers))
        except StudioError as error:
            return Response(error.sentence("en"), 404, media_type="text/plain")
        headers = {"Content-Disposition": 'attachment; filename="t2i-studio.zip"'}
        return StreamingResponse(_read_and_close(archive), media_type="application/zip", headers=headers)

    return router


async def _answer(request: Request, take) -> Response:  # type: ignore[no-untyped-def]
    """Read an upload, but never more than the store would accept, and turn a refusal into a sentence."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            break  # one chunk too many: accept_picture says so
    try:
        return JSONResponse(await run_in_threadpool(take, bytes(data)))
    except StudioError as error:
        return JSONResponse({"error": error.sentence(visitor_of(request).language)}, 422)


def thumbnail(studio: Studio, sha: str) -> Path:
    """A webp of at most THUMB_SIDE pixels a side, made once. Raises StudioError image.unknown."""
    source = image_path(studio.db, sha)
    target = studio.db.home / "thumbs" / sha[:2] / f"{sha}.webp"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as picture:
            small = picture.convert("RGB")
        small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
        handle, partial = tempfile.mkstemp(dir=target.parent, suffix=".partial")
        with os.fdopen(handle, "wb") as file:
            small.save(file, "WEBP", quality=86, method=4)
        os.replace(partial, target)
    return target


COLUMNS = (
    "file", "id", "created", "stars", "favourite", "faults", "description", "prompt", "negative", "model",
    "model_hash", "seed", "steps", "guidance", "sampler", "width", "height", "derivation", "parent",
)  # fmt: skip


def make_archive(studio: Studio, variants: list[Variant]) -> IO[bytes]:
    """A zip of the pictures with metadata.json (everything) and metadata.csv (what a table program shows)."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115  (closed when it has been sent)
    done = [variant for variant in variants if variant.image]
    table = io.StringIO()
    rows = csv.DictWriter(table, COLUMNS)
    rows.writeheader()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:  # PNG does not shrink further
        for variant in done:
            name = f"t2i-studio-{variant.id}.png"
            file.write(image_path(studio.db, variant.image or ""), name)
            rows.writerow(_row(variant, name))
        file.writestr("metadata.json", json.dumps([_complete(v) for v in done], ensure_ascii=False, indent=2))
        file.writestr("metadata.csv", "\ufeff" + table.getvalue())  # the mark that lets Excel read Chinese
    archive.seek(0)
    return archive


def _complete(variant: Variant) -> dict[str, object]:
    return {"file": f"t2i-studio-{variant.id}.png", **variant.model_dump(mode="json")}


def _row(variant: Variant, name: str) -> dict[str, object]:
    request, origin = variant.request, variant.origin
    made = origin.model_dump(mode="json") if origin else {}
    row = {key: made.get(key) for key in COLUMNS} | {
        "file": name,
        "id": variant.id,
        "created": variant.created.isoformat(timespec="seconds"),
        "stars": variant.stars,
        "favourite": int(variant.favourite),
        "faults": " ".join(variant.faults),
        "description": request.text,
        "derivation": request.derivation,
        "parent": request.parent,
    }
    return {key: _inert(value) for key, value in row.items()}


def _inert(value: object) -> object:
    """Text that a table program would run as a formula, made plain text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _read_and_close(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while chunk := archive.read(2**18):
            yield chunk
