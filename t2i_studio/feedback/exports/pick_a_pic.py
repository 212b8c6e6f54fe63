"""Pick-a-Pic v2: the parquet file that trainers of direct preference optimisation read.

Columns as on the data set's card (pickapic_v2), pictures as raw bytes in jpg_0 and jpg_1: trainers open them with
io.BytesIO, so they must not have the type Image. The bytes are PNG, which the readers see for themselves.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from t2i_studio.feedback.exports.material import Material, Tally, rater_number
from t2i_studio.feedback.exports.pairs import Pair, preference_pairs

FILE = "data/train-00000-of-00001.parquet"
CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
  - split: validation
    path: data/train-*.parquet
---

Preference pairs in the columns of Pick-a-Pic v2, exported by T2I Studio. The splits `train` and `validation` are the
same rows: some trainers take the one, some the other by default. Neither is held out.
"""
ROWS_AT_ONCE = 64
"""Pairs in memory, and in a row group of the file."""


def write_pick_a_pic(material: Material, folder: Path) -> Tally:
    """A row for each pair of each answer; label_0 + label_1 = 1, both 0.5 for a tie that is kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pairs, ties, left_out = preference_pairs(material)
    if pairs:
        (folder / FILE).parent.mkdir()
        of_caption = Counter(pair.caption for pair in pairs)
        schema = _schema()
        with pq.ParquetWriter(folder / FILE, schema) as writer:
            for start in range(0, len(pairs), ROWS_AT_ONCE):
                some = pairs[start : start + ROWS_AT_ONCE]
                rows = [_row(material, pair, of_caption[pair.caption]) for pair in some]
                writer.write_table(pa.Table.from_pylist(rows, schema))
        (folder / "README.md").write_text(CARD, encoding="utf-8")
    return Tally(rows=len(pairs), ties_dropped=ties, left_out=left_out)


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            ("are_different", pa.bool_()),
            ("best_image_uid", pa.string()),
            ("caption", pa.string()),
            ("created_at", pa.timestamp("ns")),
            ("has_label", pa.bool_()),
            ("image_0_uid", pa.string()),
            ("image_0_url", pa.string()),
            ("image_1_uid", pa.string()),
            ("image_1_url", pa.string()),
            ("jpg_0", pa.binary()),
            ("jpg_1", pa.binary()),
            ("label_0", pa.float64()),
            ("label_1", pa.float64()),
            ("model_0", pa.string()),
            ("model_1", pa.string()),
            ("ranking_id", pa.int64()),
            ("user_id", pa.int64()),
            ("num_example_per_prompt", pa.int64()),
        ]
    )


def _row(material: Material, pair: Pair, examples: int) -> dict[str, object]:
    uids = [material.variants[variant].image for variant in pair.variants]
    pictures = [material.picture(variant) for variant in pair.variants]
    models = [material.model(variant) for variant in pair.variants]
    return {
        "are_different": uids[0] != uids[1],
        "best_image_uid": "tie" if pair.left == 0.5 else uids[0] if pair.left else uids[1],
        "caption": pair.caption,
        "created_at": pair.day.replace(tzinfo=None),
        "has_label": True,
        "image_0_uid": uids[0],
        "image_0_url": "",
        "image_1_uid": uids[1],
        "image_1_url": "",
        "jpg_0": pictures[0],
        "jpg_1": pictures[1],
        "label_0": pair.left,
        "label_1": 1 - pair.left,
        "model_0": models[0],
        "model_1": models[1],
        "ranking_id": pair.answers[0],
        "user_id": rater_number(pair.rater),
        "num_example_per_prompt": examples,
    }
