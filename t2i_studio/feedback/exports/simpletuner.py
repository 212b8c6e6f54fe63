"""SimpleTuner's preference training: winners and losers under the same names in two folders."""

import json
from collections import Counter, defaultdict
from pathlib import Path

from t2i_studio.feedback.exports.material import Material, Tally
from t2i_studio.feedback.exports.pairs import Pair, preference_pairs
from t2i_studio.feedback.exports.pixels import size_of


def write_simpletuner(material: Material, folder: Path) -> Tally:
    """winners/ (with captions), losers/ and multidatabackend.json. Each pair once, as most of its answers say.

    A pair whose answers balance, and one of unequal sizes (which reference_strict cannot align), is left out.
    """
    pairs, ties, left_out = preference_pairs(material)
    for name in ("winners", "losers"):
        (folder / name).mkdir()
    sizes = Counter[tuple[int, int]]()
    undecided = unequal = 0
    for pair in _by_majority(pairs):
        if pair is None:
            undecided += 1
            continue
        winner, loser = material.picture(pair.winner), material.picture(pair.loser)
        if size_of(winner) != size_of(loser):
            unequal += 1
            continue
        sizes[size_of(winner)] += 1
        name = f"{sizes.total():08d}"
        (folder / "winners" / f"{name}.png").write_bytes(winner)
        (folder / "winners" / f"{name}.txt").write_text(pair.caption, encoding="utf-8")
        (folder / "losers" / f"{name}.png").write_bytes(loser)
    if sizes:
        text = json.dumps(_backends(*sizes.most_common(1)[0][0]), indent=2)
        (folder / "multidatabackend.json").write_text(text, encoding="utf-8")
    left_out += Counter(pairs_undecided=undecided, pairs_of_unequal_sizes=unequal)
    return Tally(rows=sizes.total(), ties_dropped=ties, left_out=left_out)


def _by_majority(pairs: list[Pair]) -> list[Pair | None]:
    """Of each two pictures one pair with the winner of most answers; None where they balance."""
    answers: dict[frozenset[int], list[Pair]] = defaultdict(list)
    for pair in pairs:
        answers[frozenset(pair.variants)].append(pair)
    decided: list[Pair | None] = []
    for group in answers.values():
        first = group[0].variants[0]
        points = sum(pair.left if pair.variants[0] == first else 1 - pair.left for pair in group)
        winner = first if 2 * points > len(group) else group[0].variants[1]
        agreeing = (pair for pair in group if pair.left != 0.5 and pair.winner == winner)
        decided.append(None if 2 * points == len(group) else next(agreeing))
    return decided


def _backends(width: int, height: int) -> list[dict[str, object]]:
    """Its data set configuration; folders are relative to where the trainer is started.

    resolution: megapixels, as the type "area" takes them.
    """
    megapixels = round(width * height / 1e6, 6)
    local = {"type": "local", "crop": False, "resolution": megapixels, "resolution_type": "area"}
    local |= {"minimum_image_size": 0, "caption_strategy": "textfile"}
    winners = {"id": "winners", "dataset_type": "image", "instance_data_dir": "winners", "conditioning_data": "losers"}
    losers = {"id": "losers", "dataset_type": "conditioning", "instance_data_dir": "losers"}
    losers |= {"conditioning_type": "reference_strict", "source_dataset_id": "winners"}
    return [
        winners | local | {"cache_dir_vae": "cache/vae/winners"},
        losers | local | {"cache_dir_vae": "cache/vae/losers"},
        {"id": "texts", "dataset_type": "text_embeds", "type": "local", "default": True, "cache_dir": "cache/text"},
    ]
