"""The options that say what a picture is to be; `generate` and `grid` share them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from t2i_studio.brief import values
from t2i_studio.cli import files
from t2i_studio.cli.console import identifier
from t2i_studio.domain import MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MAX_VARIANTS, StyleSettings
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.store.images import accept_picture, put_image
from t2i_studio.store.variants import get_variant

Text = Annotated[
    str | None, typer.Argument(metavar="TEXT", help="What the picture shows; {red|blue} and {1-3} make more than one.")
]
Variants = Annotated[str | None, typer.Option(metavar="N", help=f"1 to {MAX_VARIANTS} [4; in a grid 1].")]
Seed = Annotated[str | None, typer.Option(metavar="S", help="Of the first variant [random].")]
Size = Annotated[str | None, typer.Option(metavar="WxH", help="Pixels [the model's].")]
Steps = Annotated[str | None, typer.Option(metavar="N", help="[the model's].")]
Guidance = Annotated[str | None, typer.Option(metavar="G", help="[the model's].")]
Sampler = Annotated[str | None, typer.Option(metavar="X", help="[the model's].")]
Style = Annotated[
    list[str] | None,
    typer.Option(metavar="CONTROL=LEVEL", help="For example brightness=4; repeat for more."),
]
Negative = Annotated[str | None, typer.Option(metavar="T", help="What is not to be seen.")]
Words = Annotated[str | None, typer.Option(metavar="T", help="Exact words for the model.")]
Model = Annotated[str | None, typer.Option(metavar="M", help="Name, folder or hub id [env: T2I_MODEL].")]
Adapters = Annotated[list[str] | None, typer.Option(metavar="A:SCALE", help="LoRA folder and scale; repeat for more.")]
Init = Annotated[str | None, typer.Option(metavar="IMG", help="Picture to start from: a file or a variant's number.")]
Strength = Annotated[str | None, typer.Option(metavar="X", help="How far from it: 0.01 to 1.")]
Mask = Annotated[str | None, typer.Option(metavar="IMG", help="White where the picture is to change.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only check; print the complete request as JSON.")]

_READERS: dict[str, Callable[[Any], Any]] = {
    "variants": lambda word: values.whole("variants", word, 1, MAX_VARIANTS),
    "seed": lambda word: values.whole("seed", word, 0, MAX_SEED),
    "size": values.size,
    "steps": lambda word: values.whole("steps", word, 1, MAX_STEPS),
    "guidance": lambda word: values.real("guidance", word, 0, MAX_GUIDANCE),
    "style": StyleSettings.parse,
    "adapters": lambda words: [values.adapter(word) for word in words],
    "strength": lambda word: values.real("strength", word, 0.01, 1),
}


def read(**words: Any) -> dict[str, Any]:
    """Arguments of `make_request` from the options that were given (None and [] are not). StudioError names the
    first that is wrong.
    """
    return {
        name: _READERS[name](said) if name in _READERS else said
        for name, said in words.items()
        if said is not None and said != []
    }


def complete(
    db: Database, settings: Settings, model: str | None, init: str | None, mask: str | None, given: dict[str, Any]
) -> dict[str, Any]:
    """`given` with its model's card and with the starting picture and mask in the store."""
    arguments = given | {"model": find_model(settings, model or given.get("model", settings.model))}
    if init is not None or mask is not None:
        arguments.pop("derivation", None)
    if init is not None:
        if init.isascii() and init.isdigit() and not Path(init).exists():
            arguments["parent"] = get_variant(db, identifier("variant", init))
        else:
            arguments["init_image"] = put_image(db, accept_picture(files.read(init)))
    if mask is not None:
        arguments["mask"] = put_image(db, accept_picture(files.read(mask), mode="L"))
    return arguments
