"""Which models there are: the table of offered models, and any diffusers folder or hub id.

What differs between models is data. It comes, the later over the earlier, from the configurations in the
model's own folder (size, size step, prompt length), from its row in assets/models.toml, and from a
`studio.json` in its folder.
"""

import json
import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from t2i_studio.brief.styles import Family
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS, ROOT, Settings

TABLE = ASSETS / "models.toml"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class Words(BaseModel):
    """One sentence in the two languages of the studio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = ""
    zh: str = ""


class PreviewMap(BaseModel):
    """Latent cell → patch×patch RGB pixels in [0, 1]: pixels = cell · matrix + bias, rows first, then
    colours.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    matrix: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    patch: int = 1


class ModelCard(BaseModel):
    """All the studio knows of a model before its weights are loaded. Unknown keys of studio.json are
    ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    source: str = Field(description="folder or hub id")
    licence: str = ""
    languages: tuple[str, ...] = ()
    steps: int = Field(25, ge=1)
    guidance: float = Field(5.0, ge=0)
    guidance_argument: str = Field("guidance_scale", description="name of the pipeline's parameter for guidance")
    arguments: dict[str, bool | int | float | str] = Field({}, description="further arguments of the pipeline's call")
    width: int = Field(512, ge=1, description="pixels")
    height: int = Field(512, ge=1, description="pixels")
    size_step: int = Field(8, ge=1, description="width and height are multiples of this")
    sizes: tuple[tuple[int, int], ...] = Field((), description="(width, height) it is limited to; empty: free")
    upscale: int = Field(1, ge=1, description="how many times larger its folder's upscaler makes its pictures")
    max_prompt_tokens: int | None = Field(None, description="None: what its tokenizer says")
    negative_prompt: bool = True
    vram_gb: float | None = None
    good_at: Words = Words()
    exact_autoencoder: bool = Field(False, description="its autoencoder needs full precision")
    linear_decoder: bool = Field(False, description="its autoencoder decodes each latent cell alone and linearly")
    style: Family = Field("sentence", description="what its style sliders say")
    preview: PreviewMap | None = None
    available: bool = Field(True, description="usable as things are: its folder is there, or a hub may be called")

    @property
    def folder(self) -> Path | None:
        """The model's folder when it lies on this machine, else None."""
        return Path(self.source) if Path(self.source).is_dir() else None


def model_cards(settings: Settings) -> list[ModelCard]:
    """The offered models, in the order of the table; the configured model first when it is not among them."""
    names = list(_table())
    if settings.model not in names:
        names.insert(0, settings.model)
    return [find_model(settings, name) for name in names]


def find_model(settings: Settings, name: str) -> ModelCard:
    """The card of a model by its name in the table, folder or hub id.

    Raises StudioError: model.unknown, model.corrupt (its JSON files cannot be read).
    """
    row = _table().get(name, {})
    source = row.get("source", name)
    folder = _folder(source)
    if folder is not None:
        values = _from_configs(folder) | row | _json(folder / "studio.json")
        return _card(values | {"name": name, "source": str(folder)})
    if row:
        hub = not source.startswith(("/", ".", "assets/"))
        return _card(row | {"name": name, "available": hub and not settings.offline})
    if HUB_ID.fullmatch(name) and not any(map(os.path.exists, (name, os.path.join(ROOT, name)))):
        return ModelCard(name=name, source=name, available=not settings.offline)
    raise StudioError("model.unknown", model=name[:80], models=", ".join(_table()))


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))["models"]


def _folder(source: str) -> Path | None:
    """The diffusers folder at `source`, taken from the working folder or from the studio's own, if there is
    one.
    """
    for path in (os.path.expanduser(source), os.path.join(ROOT, source)):
        if os.path.isfile(os.path.join(path, "model_index.json")):  # False for what can be no path at all
            return Path(path).resolve()
    return None


def _card(values: dict[str, Any]) -> ModelCard:
    try:
        return ModelCard.model_validate(values)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise StudioError("model.corrupt", model=values["name"], file=f"studio.json ({place})") from error


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise StudioError("model.corrupt", model=path.parent.name, file=path.name) from error
    if not isinstance(values, dict):
        raise StudioError("model.corrupt", model=path.parent.name, file=path.name)
    return values


def _from_configs(folder: Path) -> dict[str, Any]:
    """Sizes and style from the configurations of the autoencoder and the network; transformers work on patches of
    cells.
    """
    vae, unet, transformer = (_json(folder / part / "config.json") for part in ("vae", "unet", "transformer"))
    levels = vae.get("block_out_channels") or vae.get("dim_mult") or (1, 1, 1, 1)
    factor = 2 ** (len(levels) - 1)
    patch = 2 if transformer else 1
    cells = unet.get("sample_size") or transformer.get("sample_size") or 1024 // factor
    height, width = cells if isinstance(cells, list | tuple) else (cells, cells)
    style = "tags" if unet else "sentence"  # U-Nets learnt on short captions, transformers on prose
    return {"width": width * factor, "height": height * factor, "size_step": factor * patch, "style": style}
