"""The options that say what a picture is to be; `generate` and `grid` share them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from t2i_studio.brief import values
from t2i_studio.brief.grids import MAX_CELLS
from t2i_studio.brief.markets import find_market
from t2i_studio.brief.presets import find_preset
from t2i_studio.brief.variations import expand
from t2i_studio.cli import files
from t2i_studio.cli.console import identifier
from t2i_studio.domain import MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MAX_VARIANTS, StyleSettings, check_text
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
Preset = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Look to begin with, by its id (see presets); --style changes its levels."),
]
Market = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Where the creative is to run (see markets); changes nothing of the picture."),
]
Marks = Annotated[
    list[str] | None,
    typer.Option(
        "--mark",
        metavar="FIELD=WORDS",
        help="Correct how the text is read, for example backdrop=red; none=red: nothing of the kind; repeat for more.",
    ),
]
Negative = Annotated[str | None, typer.Option(metavar="T", help="What is not to be seen.")]
Words = Annotated[str | None, typer.Option(metavar="T", help="Exact words for the model.")]
Model = Annotated[str | None, typer.Option(metavar="M", help="Name, folder or hub id [env: T2I_MODEL].")]
Adapters = Annotated[list[str] | None, typer.Option(metavar="A:SCALE", help="LoRA folder and scale; repeat for more.")]
Init = Annotated[str | None, typer.Option(metavar="IMG", help="Picture to start from: a file or a variant's number.")]
Strength = Annotated[str | None, typer.Option(metavar="X", help="How far from it: 0.01 to 1.")]
Mask = Annotated[str | None, typer.Option(metavar="IMG", help="White where the picture is to change.")]
Learnt = Annotated[
    bool,
    typer.Option(help="With what was learnt from ratings and put in use; not where an adapter or --from is given."),
]
Team = Annotated[str, typer.Option(metavar="T", help="Whose: a team without its own uses everybody's.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only check; print the complete request as JSON.")]

_READERS: dict[str, Callable[[Any], Any]] = {
    "variants": lambda word: values.whole("variants", word, 1, MAX_VARIANTS),
    "seed": lambda word: values.whole("seed", word, 0, MAX_SEED),
    "size": values.size,
    "steps": lambda word: values.whole("steps", word, 1, MAX_STEPS),
    "guidance": lambda word: values.real("guidance", word, 0, MAX_GUIDANCE),
    "market": lambda word: find_market(word).id,
    "preset": lambda word: find_preset(word).id,
    "adapters": lambda words: [values.adapter(word) for word in words],
    "strength": lambda word: values.real("strength", word, 0.01, 1),
}


def read(**words: Any) -> dict[str, Any]:
    """Arguments of `make_request` from the options that were given (None and [] are not). StudioError names the
    first that is wrong. `style` begins with the levels of `preset`.
    """
    given = {
        name: _READERS[name](said) if name in _READERS else said
        for name, said in words.items()
        if said is not None and said != []
    }
    if given.keys() & {"style", "preset"}:
        look = find_preset(given["preset"]).style if "preset" in given else None
        given["style"] = StyleSettings.parse(given.get("style", []), look)
    return given


def first_text(text: str) -> str:
    """The first alternative of a description, which is the one that is read. StudioError of `expand`, `check_text`."""
    return check_text(expand(text, MAX_CELLS)[0])


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
