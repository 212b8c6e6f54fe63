"""Answers as the files that trainers, labelling tools and spreadsheets read.

No name, no rater id of the store, no link and (unless asked for) no comment leaves with them; see `material`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from t2i_studio.domain import Noun, Vote
from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports.answers import write_csv, write_xlsx
from t2i_studio.feedback.exports.argilla import write_argilla
from t2i_studio.feedback.exports.captioned import write_captioned, write_kohya
from t2i_studio.feedback.exports.diffusion_kto import write_diffusion_kto
from t2i_studio.feedback.exports.folder import new_folder
from t2i_studio.feedback.exports.image_folder import write_image_folder
from t2i_studio.feedback.exports.label_studio import write_label_studio
from t2i_studio.feedback.exports.material import Choices, Material, Tally, gather
from t2i_studio.feedback.exports.pick_a_pic import write_pick_a_pic
from t2i_studio.feedback.exports.simpletuner import write_simpletuner
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variants

FORMATS: dict[str, Callable[[Material, Path], Tally]] = {
    "pick-a-pic": write_pick_a_pic,
    "diffusion-kto": write_diffusion_kto,
    "imagefolder": write_image_folder,
    "kohya": write_kohya,
    "captioned": write_captioned,
    "simpletuner": write_simpletuner,
    "label-studio": write_label_studio,
    "argilla": write_argilla,
    "csv": write_csv,
    "xlsx": write_xlsx,
}
"""By name, what writes the format into a new folder."""
COUNTED = (".png", ".txt")
"""Files that are only counted in what an export says of itself: pictures, and the captions beside them."""


class Exported(Noun):
    """What an export did. files: all but pictures and captions, relative to `folder`. answers: that it was given.

    ties_dropped: answers. left_out: answers by reason (`excluded`: of raters the organiser took out), and pictures or
    pairs by reason where the name says so.
    """

    format: str
    folder: str
    files: tuple[str, ...]
    pictures: int
    answers: int
    rows: int
    ties_kept: bool
    ties_dropped: int
    left_out: dict[str, int]
    comments: bool


def export(db: Database, votes: Sequence[Vote], format: str, out: Path, choices: Choices | None = None) -> Exported:
    """Write `votes` as one of FORMATS into `out`, which must not exist or be an empty folder.

    Raises StudioError choice.unknown (format), export.empty, export.unsuited (no answer gives a row),
    export.occupied, export.picture_damaged, store.disk_full, store.readonly; nothing is left behind then.
    """
    if format not in FORMATS:
        raise StudioError("choice.unknown", name="format", value=format[:40], choices=", ".join(FORMATS))
    if not votes:
        raise StudioError("export.empty")
    choices = choices or Choices()
    ids = sorted({variant for vote in votes for variant in vote.variants})
    variants = {variant.id: variant for variant in get_variants(db, ids)}
    material, excluded = gather(votes, variants, lambda sha: image_path(db, sha), choices)
    with new_folder(out) as folder:
        tally = FORMATS[format](material, folder)
        if not tally.rows:
            raise StudioError("export.unsuited", answers=len(votes), format=format)
        written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return Exported(
        format=format,
        folder=str(out.resolve()),
        files=tuple(name for name in written if not name.endswith(COUNTED)),
        pictures=sum(name.endswith(".png") for name in written),
        answers=len(votes),
        rows=tally.rows,
        ties_kept=choices.keep_ties,
        ties_dropped=tally.ties_dropped,
        left_out=({"excluded": excluded} if excluded else {}) | tally.left_out,
        comments=choices.comments,
    )
