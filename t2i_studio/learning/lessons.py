"""From judged pictures to what training reads: latents and prompts. Pictures are encoded once a run."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageOps
from safetensors.torch import load_file, save_file
from torch import Tensor

from t2i_studio.domain import Method, Opinion, Preference, Variant
from t2i_studio.learning.trainee import Trainee
from t2i_studio.learning.training import Pair, Single
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variants

SAVE_EVERY = 50
"""Pictures encoded before they are kept, so that a run that was killed does not begin anew."""


def latents_of(
    db: Database, trainee: Trainee, variants: Iterable[int], folder: Path, note: Callable[[int, int], None]
) -> dict[int, Tensor]:
    """Latents of the variants' pictures, kept in `folder`; pictures of other sizes are cut to the trainee's.

    note(done, of): called after each picture. Raises StudioError image.unknown for a picture that is gone.
    """
    kept = folder / "latents.safetensors"
    found = {int(name): value for name, value in load_file(kept).items()} if kept.exists() else {}
    wanted = sorted(set(variants))
    missing = [variant for variant in get_variants(db, wanted) if variant.id not in found]
    for number, variant in enumerate(missing, 1):
        found[variant.id] = trainee.encode(_picture(db, variant, trainee))
        if number % SAVE_EVERY == 0 or number == len(missing):
            _keep(found, kept)
        note(len(wanted) - len(missing) + number, len(wanted))
    return {variant: found[variant] for variant in wanted}


def pairs_of(preferences: Sequence[Preference], latents: dict[int, Tensor], prompts: dict[int, str]) -> list[Pair]:
    """Both pictures are taught under the preferred one's prompt: what is learnt is how to draw that."""
    return [
        Pair(latents[one.better], latents[one.worse], prompts[one.better], one.weight)
        for one in preferences
    ]  # fmt: skip


def singles_of(
    method: Method, opinions: Sequence[Opinion], latents: dict[int, Tensor], prompts: dict[int, str]
) -> list[Single]:
    """Supervised training takes only what was liked, five stars fully and four stars half."""
    used = [one for one in opinions if one.good or method is not Method.SUPERVISED]
    return [
        Single(latents[one.variant], prompts[one.variant], one.good, 0.5 if one.good and one.stars == 4 else 1.0)
        for one in used
    ]


def prompts_of(db: Database, variants: Iterable[int]) -> dict[int, str]:
    """The full prompt that each picture was made from."""
    return {
        variant.id: variant.origin.prompt if variant.origin else variant.request.prompt.text
        for variant in get_variants(db, sorted(set(variants)))
    }


def _picture(db: Database, variant: Variant, trainee: Trainee) -> Image.Image:
    size = (trainee.request.width or 0, trainee.request.height or 0)
    with Image.open(image_path(db, variant.image or "")) as kept:
        return ImageOps.fit(kept.convert("RGB"), size, Image.Resampling.LANCZOS)


def _keep(latents: dict[int, Tensor], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    save_file({str(variant): value.contiguous() for variant, value in latents.items()}, part)
    os.replace(part, file)
