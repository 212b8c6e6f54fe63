"""Pictures that were liked, each with its caption in a text file: for OneTrainer, ai-toolkit and kohya's sd-scripts."""

from collections import Counter
from math import ceil
from pathlib import Path

from t2i_studio.feedback.exports.material import Material, Tally, picture_name
from t2i_studio.feedback.exports.pixels import size_of
from t2i_studio.feedback.exports.verdicts import verdicts

KOHYA = """# Start the trainer inside this folder, or make image_dir the full path of "images".
[general]
caption_extension = ".txt"
enable_bucket = true
min_bucket_reso = {smallest}
max_bucket_reso = {largest}

[[datasets]]
resolution = [{width}, {height}]
batch_size = 1

  [[datasets.subsets]]
  image_dir = "images"
  num_repeats = 1
"""
STEP = 64
"""Pixels; its scripts for SD 1 and 2 take sides of buckets in such steps only (`verify_bucket_reso_steps`)."""
SMALLEST, LARGEST = 256, 1024
"""Pixels; sides of buckets that sd-scripts allows by itself. It refuses a resolution that does not lie between them."""


def write_captioned(material: Material, folder: Path) -> Tally:
    """Each picture that more answers speak for than against, and its caption under the same name with .txt."""
    tally, _ = _write_liked(material, folder)
    return tally


def write_kohya(material: Material, folder: Path) -> Tally:
    """The same in images/, beside a dataset.toml. Resolution: the commonest size of the pictures, in whole steps."""
    images = folder / "images"
    images.mkdir()
    tally, sizes = _write_liked(material, images)
    if sizes:
        (folder / "dataset.toml").write_text(dataset_toml(*sizes.most_common(1)[0][0]), encoding="utf-8")
    return tally


def dataset_toml(width: int, height: int) -> str:
    """For pictures of mostly this size, in pixels.

    Buckets reach from half the shorter side (as 256 is of 512) to the longer one where its own limits do not.
    """
    width, height = ceil(width / STEP) * STEP, ceil(height / STEP) * STEP
    half = min(width, height) // 2 // STEP * STEP
    smallest, largest = max(STEP, min(SMALLEST, half)), max(LARGEST, width, height)
    return KOHYA.format(width=width, height=height, smallest=smallest, largest=largest)


def _write_liked(material: Material, folder: Path) -> tuple[Tally, Counter[tuple[int, int]]]:
    judged, ties, left_out = verdicts(material)
    liked = [verdict for verdict in judged if verdict.liked]
    sizes = Counter[tuple[int, int]]()
    for verdict in liked:
        picture = material.picture(verdict.variant)
        sizes[size_of(picture)] += 1
        path = folder / picture_name(verdict.variant)
        path.write_bytes(picture)
        path.with_suffix(".txt").write_text(verdict.caption, encoding="utf-8")
    if others := len(judged) - len(liked):
        left_out["pictures_not_liked"] = others
    return Tally(rows=len(liked), ties_dropped=ties, left_out=left_out), sizes
