"""The judge's folder: what it says, and that 8 bits hold the weights."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.errors import StudioError
from t2i_studio.judge.folder import Card, load_card, load_judge, packed, save_judge, unpacked
from t2i_studio.judge.network import Judge
from t2i_studio.settings import EMBEDDED_JUDGE

LARGEST = 1_400_000  # bytes; the repository's weights are to stay under 64 MB in all


def test_it_is_loaded_once_also_by_many_threads_and_takes_no_lessons() -> None:
    with ThreadPoolExecutor(8) as room:
        judges = list(room.map(lambda _: load_judge(), range(8)))
    assert len({id(judge) for judge in judges}) == 1
    assert not judges[0].training
    assert not any(weight.requires_grad for weight in judges[0].parameters())


def test_its_card_says_what_it_knows(judge: Judge) -> None:
    card = load_card()
    assert card.parameters == sum(weight.numel() for weight in judge.parameters())
    assert card.classes == judge.classes
    assert set(card.taught) == judge.taught <= set(card.classes["object"])
    assert card.held_out.keys() == card.classes.keys()
    assert min(card.held_out["object"], card.held_out["color"], card.held_out["backdrop"]) > 0.9
    assert card.classes["podium"] == ("none", "round", "square", "rounded", "tiered")
    assert card.classes["warmth"] == ("1", "2", "3", "4", "5")


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in EMBEDDED_JUDGE.iterdir()) <= LARGEST


@given(st.integers(0, 2**31), st.floats(1e-3, 1e3))
def test_no_packed_weight_is_off_by_more_than_half_a_step_of_its_row(seed: int, size: float) -> None:
    chance = torch.Generator().manual_seed(seed)
    weights = {"kernel": size * torch.randn(5, 3, 2, 2, generator=chance), "bias": torch.randn(5, generator=chance)}
    small = packed(weights)
    again = unpacked(small)
    step = weights["kernel"].flatten(1).abs().amax(1) / 127
    off = (again["kernel"] - weights["kernel"]).flatten(1).abs().amax(1)
    assert (off <= 0.501 * step).all()
    assert torch.equal(again["bias"], weights["bias"])
    assert small["kernel"].dtype == torch.int8
    assert torch.equal(packed(again)["kernel"], small["kernel"])


def test_a_row_of_zeros_stays_one() -> None:
    assert unpacked(packed({"head": torch.zeros(2, 3)}))["head"].abs().sum() == 0


def test_what_was_saved_judges_as_what_is_loaded(judge: Judge, tmp_path: Path) -> None:
    save_judge(tmp_path / "judge", judge, load_card())
    save_judge(tmp_path / "judge", judge, load_card())  # an older folder is replaced
    assert [path.name for path in tmp_path.iterdir()] == ["judge"]
    picture = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1
    again = load_judge(tmp_path / "judge")
    assert torch.allclose(again(picture)["object"], judge(picture)["object"], atol=1e-4)
    assert load_card(tmp_path / "judge") == load_card()


@pytest.mark.parametrize("fault", ["nothing", "no weights", "half the weights", "other classes", "no card"])
def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "judge"
    if fault != "nothing":
        shutil.copytree(EMBEDDED_JUDGE, folder)
    weights = folder / "judge.safetensors"
    if fault == "no weights":
        weights.unlink()
    elif fault == "half the weights":
        weights.write_bytes(weights.read_bytes()[:500_000])
    elif fault == "other classes":
        card = load_card()
        other = Card(**{**dict(card), "classes": {**card.classes, "podium": ("none", "round")}})
        (folder / "judge.json").write_text(other.model_dump_json())
    elif fault == "no card":
        (folder / "judge.json").write_text("{")
    with pytest.raises(StudioError) as refusal:
        load_judge(folder)
    assert refusal.value.key == "judge.unreadable"
    assert str(folder) in refusal.value.sentence("zh")
