"""Every setting of the studio, in one typed place. Nothing else reads the environment."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "assets"
EMBEDDED_MODEL = ASSETS / "models" / "podium"
EMBEDDED_JUDGE = ASSETS / "models" / "judge"


class Settings(BaseSettings):
    """Read from the environment (T2I_*) and a .env file in the working folder; the command line overrides."""

    model_config = SettingsConfigDict(env_prefix="T2I_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(ROOT / "db", description="folder of studio.db and images/")
    database_url: str | None = Field(None, description="SQLAlchemy URL; default: SQLite in home")
    model: str = Field("podium", description="default model: a name of assets/models.toml, a folder or a hub id")
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    auth: Path | None = Field(None, description="users file (name:argon2 hash a line); turns log-in on")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps")
    threads: int = Field(0, ge=0, description="CPU threads of the engine; 0: physical cores")
    mixing: bool = Field(True, description="compute several variants in one forward pass where that is faster")
    eight_bit: Literal["auto", "on", "off"] = Field(
        "auto", description="8-bit weights; auto: on a GPU too small for the model, where torchao is installed"
    )
    language: Literal["auto", "en", "zh"] = Field("auto", description="language of the command line's sentences")
    writer: str = Field("", description="folder or hub id of a language model that may reword prompts; empty: none")
    picture_features: str = Field(
        "", description="folder or hub id of a CLIP-like model whose features of pictures help to learn a taste"
    )
    offline: bool = Field(False, description="never call a model hub, even for a hub id")

    @property
    def spoken(self) -> Literal["en", "zh"]:
        """The command line's language: the setting, else that of the locale, else English."""
        if self.language != "auto":
            return self.language
        locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
        return "zh" if locale.lower().startswith("zh") else "en"
