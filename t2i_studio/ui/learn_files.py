"""Routes of the Learn page: pictures of a run, and adapters to take away."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from t2i_studio.errors import StudioError
from t2i_studio.learning.runs import folder_of
from t2i_studio.store.learnt_adapters import WEIGHTS, get_adapter
from t2i_studio.ui.learn_pictures import picture_file
from t2i_studio.ui.studio import Studio, visitor_of


def learn_routes(studio: Studio) -> APIRouter:
    """Everything under /learn/; behind the studio's log-in like the page."""
    router = APIRouter(prefix="/learn")

    @router.get("/runs/{run}/{folder}/{side}-{number}.png")
    def picture(
        run: int, folder: Literal["samples", "evaluation"], side: Literal["before", "after"], number: int
    ) -> Response:
        file = picture_file(folder_of(studio.db, run), folder, side, number)
        if not file.is_file():
            return Response(status_code=404, headers={"Cache-Control": "no-store"})
        return FileResponse(file, media_type="image/png", headers={"Cache-Control": "private, no-cache"})

    @router.get("/adapters/{id}.safetensors")
    def adapter(id: int, request: Request, layers: Literal["diffusers", "others"] = "others") -> Response:
        """layers: under whose names they are. Other tools read kohya's; PEFT's are those of the file as it is."""
        try:
            found = get_adapter(studio.db, id)
            data = adapter_bytes(Path(found.path) / WEIGHTS, layers)
        except StudioError as error:
            return Response(error.sentence(visitor_of(request).language), 404, media_type="text/plain")
        name = f"t2i-studio-taste-{found.model.split('/')[-1]}-v{found.version}"
        name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.safetensors"',
            "Cache-Control": "no-store",
        }
        return Response(data, media_type="application/octet-stream", headers=headers)

    return router


def adapter_bytes(file: Path, layers: str) -> bytes:
    """A .safetensors file's content. Raises StudioError learning.adapter_missing."""
    from t2i_studio.learning.lora import for_others  # costs seconds, and the page must come up without it

    try:
        return file.read_bytes() if layers == "diffusers" else for_others(file)
    except OSError as error:
        raise StudioError("learning.adapter_missing", path=file.parent) from error
