"""Pictures of the old and the new model from the same descriptions and seeds, made without the server's queue.

Everything lies in the folder of the evaluation: plan.json says what is compared, old/NNN.png and new/NNN.png are the
pictures. Each picture lands whole, so that an evaluation that was killed goes on where it was.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from PIL import Image
from pydantic import ValidationError

from t2i_studio.brief.requests import make_request
from t2i_studio.brief.stated import stated
from t2i_studio.domain import Adapter, GenerationRequest, Noun
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.adapters import use_adapters
from t2i_studio.engine.kept import keep
from t2i_studio.engine.lanes import Observer, make_pictures
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.engine.registry import ModelCard
from t2i_studio.learning.compared import Product
from t2i_studio.learning.gate import COMPARISONS, DESCRIPTIONS
from t2i_studio.learning.held_out import HeldOut, names_of

FIRST_SEED = 500_000_000
"""Seeds of evaluations; far from those that descriptions are usually made from."""
LEAST_SEEDS = 4
"""Pictures of a description with which its variety can be measured."""
MOST_SEEDS = 8

Side = Literal["old", "new"]
SIDES: tuple[Side, ...] = ("old", "new")


class Asked(Noun):
    """A description and the seeds its pictures are made from. fresh: no rating was about its product."""

    text: str
    product: Product
    fresh: bool
    seeds: tuple[int, ...]


class EvaluationPlan(Noun):
    """What is compared. model_hash: of its weights. old, new: the adapters of each, with their hashes. Pictures are
    numbered over descriptions and their seeds in this order; `extra` ones are made only where `asked` cannot tell.
    """

    model: str
    model_hash: str
    old: tuple[Adapter, ...]
    new: tuple[Adapter, ...]
    asked: tuple[Asked, ...]
    extra: tuple[Asked, ...] = ()


def plan_evaluation(
    model: LoadedModel, held_out: HeldOut, old: Sequence[Adapter], new: Sequence[Adapter],
    comparisons: int = COMPARISONS,
) -> EvaluationPlan:  # fmt: skip
    """`comparisons` pairs over at most DESCRIPTIONS descriptions of products that no rating was about.

    Where there are few, each gets more seeds (up to MOST_SEEDS), and others of rated products fill up. extra: as many
    others again, with LEAST_SEEDS of each. Leaves the new adapters in the model. StudioError adapter.unknown,
    adapter.unfit.
    """
    wanted = max(1, min(DESCRIPTIONS, comparisons // LEAST_SEEDS))
    enough = -(-comparisons // MOST_SEEDS)
    chosen = list(held_out.fresh[:wanted])
    if len(chosen) < enough:
        chosen += held_out.known[: enough - len(chosen)]
    rest = [text for text in held_out.texts if text not in chosen]
    seeds = min(MOST_SEEDS, -(-comparisons // max(1, len(chosen))))
    fresh = set(held_out.fresh)
    return EvaluationPlan(
        model=model.card.name,
        model_hash=model.hash,
        old=use_adapters(model, tuple(old)),
        new=use_adapters(model, tuple(new)),
        asked=tuple(_asked(text, text in fresh, seeds, at) for at, text in enumerate(chosen)),
        extra=tuple(
            _asked(text, text in fresh, LEAST_SEEDS, at) for at, text in enumerate(rest[:DESCRIPTIONS], len(chosen))
        ),
    )


def _asked(text: str, fresh: bool, seeds: int, number: int) -> Asked:
    first = FIRST_SEED + number * MOST_SEEDS
    return Asked(text=text, product=names_of(text), fresh=fresh, seeds=tuple(range(first, first + seeds)))


def make(
    folder: Path, plan: EvaluationPlan, model: LoadedModel, observe: Callable[[int, int], None], *, extra: bool = False
) -> None:
    """Make the pictures that are not there yet, those of `extra` too if asked.

    observe: called with (pictures there are, pictures there will be) after every step of the sampler; what it raises
    ends the work and passes through, what is finished stays. Pictures of another plan are removed first. Raises
    StudioError as the engine does.
    """
    _begin(folder, plan)
    rows = list(_rows(plan, extra))
    total = 2 * sum(len(row.seeds) for row, _ in rows)
    done = sum(path.exists() for side in SIDES for row, first in rows for path in _files(folder, side, row, first))
    for side in SIDES:
        adapters = plan.old if side == "old" else plan.new
        for row, first in rows:
            files = _files(folder, side, row, first)
            missing = {seed: file for seed, file in zip(row.seeds, files, strict=True) if not file.exists()}
            if not missing:
                continue
            use_adapters(model, adapters)
            request = request_of(row, model.card, adapters)
            made = make_pictures(model, request, list(missing), _telling(observe, done, total))
            for file, picture in zip(missing.values(), made, strict=True):
                _save(picture.picture, file)
            done += len(missing)
            observe(done, total)


def _telling(observe: Callable[[int, int], None], done: int, total: int) -> Observer:
    """After each step of the sampler, so that work can be ended between two."""
    return lambda _places, _step: observe(done, total)


def request_of(asked: Asked, card: ModelCard, adapters: Sequence[Adapter]) -> GenerationRequest:
    """As a user's request with the model's own settings."""
    request = make_request(asked.text, card, adapters=adapters, seed=asked.seeds[0], variants=len(asked.seeds))
    return accept(request, card)


def facts_of(asked: Asked, card: ModelCard) -> dict[str, str]:
    """What its pictures are to show (judge.adherence.Facts); nothing for models whose words have no ids."""
    return stated(make_request(asked.text, card, seed=0), card)


def pictures(folder: Path, plan: EvaluationPlan, side: Side) -> list[tuple[Asked, list[Image.Image]]]:
    """Each description whose pictures are all there on both sides, with those of one side in the order of its seeds."""
    found = []
    for row, first in _rows(plan, True):
        if all(path.exists() for each in SIDES for path in _files(folder, each, row, first)):
            found.append((row, [_open(path) for path in _files(folder, side, row, first)]))
    return found


def kept_plan(folder: Path) -> EvaluationPlan | None:
    """What the pictures of a folder are about; None where there is no plan, or none that can be read."""
    try:
        return EvaluationPlan.model_validate_json((folder / "plan.json").read_bytes())
    except (OSError, ValidationError):
        return None


def _begin(folder: Path, plan: EvaluationPlan) -> None:
    kept = kept_plan(folder)
    if kept != plan:
        same_old = kept is not None and kept.model_copy(update={"new": plan.new}) == plan
        for path in folder.glob("new/*.png" if same_old else "*/*.png"):
            path.unlink()
        for side in SIDES:
            (folder / side).mkdir(parents=True, exist_ok=True)
        keep(folder / "plan.json", plan.model_dump_json())


def _rows(plan: EvaluationPlan, extra: bool) -> Iterator[tuple[Asked, int]]:
    """Each description with the number of its first picture."""
    number = 0
    for row in (*plan.asked, *(plan.extra if extra else ())):
        yield row, number
        number += len(row.seeds)


def _files(folder: Path, side: Side, row: Asked, first: int) -> list[Path]:
    return [folder / side / f"{first + k:03}.png" for k in range(len(row.seeds))]


def _save(picture: Image.Image, file: Path) -> None:
    part = file.with_suffix(".part")
    picture.save(part, "PNG")
    part.replace(file)


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")
