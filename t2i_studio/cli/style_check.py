"""`style-check`: whether each style slider moves what it names, measured on pictures of a model."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from PIL import Image

from t2i_studio.brief.grids import Axis, Grid
from t2i_studio.brief.values import shown
from t2i_studio.cli import files
from t2i_studio.cli.bench.figures import temporary_home
from t2i_studio.cli.console import Home, Json, answer, language, load_settings, report, words
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.sheet import draw
from t2i_studio.engine.style_effects import CONTROLS, Effect, Effects, Measured, keep_effects
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database

if TYPE_CHECKING:
    from t2i_studio.engine.style_check import PictureMaker

SEEDS = 3
QUICK_PRODUCTS, QUICK_SEEDS = 2, 2


def style_check(
    model: Annotated[str | None, typer.Option(metavar="M", help="Name, folder or hub id [env: T2I_MODEL].")] = None,
    control: Annotated[
        list[str] | None, typer.Option(metavar="C", help=f"{', '.join(CONTROLS)}; repeat for more; none: all.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="2 products and 2 seeds instead of 4 and 3.")] = False,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Also put each control's pictures side by side there.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Measure each style slider: rank correlation of its level with what it should move. Ctrl-C keeps what is done."""
    controls = _checked(control)
    folder = files.make_folder(out) if out is not None else None
    settings = load_settings(home=home)
    found: Effects = {}
    finished = _measure(settings, model or settings.model, controls, quick, folder, found)
    data = [{"control": name, **one.model_dump(mode="json"), "works": one.works} for name, one in found.items()]
    answer(data, "\n".join(_line(name, one) for name, one in found.items()), json)
    if not finished:
        raise typer.Exit(130)


def _checked(names: Sequence[str] | None) -> list[Measured]:
    for name in names or ():
        if name not in CONTROLS:
            raise StudioError("style.unknown", name=shown(name), names=", ".join(CONTROLS))
    return [control for control in CONTROLS if not names or control in names]


def _measure(
    settings: Settings, name: str, controls: Sequence[Measured], quick: bool, folder: Path | None, found: Effects
) -> bool:
    """Fill `found` and keep it, control by control; False when the user stopped it. The gallery stays as it is."""
    from t2i_studio.engine import style_check as check  # numpy; no other command needs it

    card = find_model(settings, name)
    texts, seeds = (check.DESCRIPTIONS[:QUICK_PRODUCTS], QUICK_SEEDS) if quick else (check.DESCRIPTIONS, SEEDS)
    with temporary_home() as temporary:
        db = open_database(temporary)
        engine = Engine(db, settings.model_copy(update={"home": temporary, "model": card.name}))
        progress = _Progress(
            len(texts) * seeds * len({style for control in controls for style in check.levels_of(control)})
        )
        maker = check.PictureMaker(engine, db, card, seeds, progress.made)
        engine.start()
        try:
            for control in controls:
                progress.control = control
                scenes, finished = _scenes(maker, control, texts)
                if scenes:
                    found[control] = check.effect(control, scenes, card.name)
                    keep_effects(settings.home / "cache", maker.weights, {control: found[control]})
                if scenes and folder is not None:
                    _sheet(control, scenes, texts, seeds).save(folder / f"{control}.png")
                if not finished:
                    return False
            return True
        finally:
            progress.end()
            engine.close()
            db.close()


def _scenes(maker: "PictureMaker", control: Measured, texts: Sequence[str]) -> tuple[list[list[Image.Image]], bool]:
    """The scenes of a control, and whether they are all there or Ctrl-C came between them."""
    scenes: list[list[Image.Image]] = []
    try:
        for scene in maker.scenes(control, texts):
            scenes.append(scene)
    except KeyboardInterrupt:
        report(words("Stopping at the next step …", "将在下一步停止……"))
        return scenes, False
    return scenes, True


class _Progress:
    """How many pictures are made: one line that is rewritten on a terminal, elsewhere a line a batch."""

    def __init__(self, total: int) -> None:
        self.control = ""
        self._total, self._done, self._began = total, 0, time.monotonic()

    def made(self, pictures: int) -> None:
        self._done += pictures
        left = (time.monotonic() - self._began) / self._done * (self._total - self._done)
        line = words(
            f"{self.control}: {self._done} of {self._total} pictures, about {left:.0f} s left",
            f"{self.control}：{self._done}/{self._total} 张，约剩 {left:.0f} 秒",
        )
        print(f"\r{line}\x1b[K" if sys.stderr.isatty() else line + "\n", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if sys.stderr.isatty() and self._done:
            print(file=sys.stderr)


def _line(name: Measured, one: Effect) -> str:
    verdict = words("works", "有效") if one.works else words("weak", "较弱")
    interval = f"{one.low:.2f} … {one.high:.2f}"
    return f"{name:<12} {one.correlation:5.2f}  ({interval})  {one.pictures:>3} {words('pictures', '张')}  {verdict}"


def _sheet(control: Measured, scenes: Sequence[Sequence[Image.Image]], texts: Sequence[str], seeds: int) -> Image.Image:
    """Levels across, seeds down, products one below another, as far as they are made."""
    levels = ("1", "2", "3", "4", "5") if control != "position" else ("left", "centre", "right")
    axes = (
        Axis(name=control, values=levels),
        Axis(name="seed", values=tuple(str(seed) for seed in range(1, seeds + 1))),
        Axis(name="text", values=tuple(texts[: len(scenes) // seeds])),
    )
    return draw(Grid(axes=axes), [picture for scene in scenes for picture in scene], "", language())
