"""What a prompt leaves open of framing and decoration is drawn by lot for each seed; what it says stays said."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.domain import MAX_SEED
from t2i_studio.errors import StudioError
from t2i_studio.framing import (
    FILE,
    TURNS,
    Choice,
    emphasised,
    emphasising,
    framed,
    load_framing,
    lots,
    save_framing,
    telling,
)

LOTS = torch.Generator().manual_seed(0)
FRAMING = {
    "distance": Choice(4, torch.randn(6, 8, generator=LOTS), torch.tensor([0.1, 0.2, 0.4, 0.2, 0.1])),
    "position": Choice(3, torch.randn(4, 8, generator=LOTS), torch.tensor([0.25, 0.5, 0.25])),
    "richness": Choice(6, torch.randn(4, 8, generator=LOTS), torch.tensor([0.4, 0.4, 0.2])),
    "prop.coins": Choice(9, torch.randn(3, 8, generator=LOTS), torch.tensor([1.0, 0.0])),
    "prop.leaves": Choice(7, torch.randn(3, 8, generator=LOTS), torch.tensor([0.25, 0.75])),
    "prop.stars": Choice(8, torch.randn(3, 8, generator=LOTS), torch.tensor([0.75, 0.25])),
}
PROPS = [name for name in FRAMING if name.startswith("prop.")]
PLACES = 11
ABSENT, THERE = 1, 2


def encoded(count: int, **said: int) -> torch.Tensor:
    """Prompts whose attributes have these vectors (prop: coins), else those of "left open", as exactly as an encoder
    writes them.
    """
    told = torch.randn(count, PLACES, 8, generator=torch.Generator().manual_seed(1))
    for name, choice in FRAMING.items():
        number = said.get(name.removeprefix("prop."), 0)
        told[:, choice.place] = choice.vectors[number] + 0.05 * told[:, choice.place]
    return told


def classes(told: torch.Tensor, name: str) -> np.ndarray:
    """Numbers of the vectors that prompts have; −1 for none of them exactly."""
    same = (told[:, FRAMING[name].place, None] == FRAMING[name].vectors).all(-1).numpy()
    return np.where(same.any(1), same.argmax(1), -1)


def test_what_is_left_open_is_told_as_often_as_it_should_be() -> None:
    told = framed(encoded(4000), range(4000), FRAMING)
    for name in ("position", "distance", "richness"):
        choice = FRAMING[name]
        often = np.bincount(classes(told, name), minlength=len(choice.vectors)) / 4000
        assert often[0] == 0
        assert np.allclose(often[1:], choice.shares, atol=0.01)


def test_the_attributes_draw_apart_from_each_other() -> None:
    told = framed(encoded(4000), range(4000), FRAMING)
    position, distance = (classes(told, name) for name in ("position", "distance"))
    together = np.array([[((position == p) & (distance == d)).mean() for d in range(1, 6)] for p in range(1, 4)])
    assert np.allclose(together, np.outer(FRAMING["position"].shares, FRAMING["distance"].shares), atol=0.02)


@given(st.integers(0, MAX_SEED - 8))
def test_seeds_in_a_row_do_not_all_draw_the_same(seed: int) -> None:
    told = framed(encoded(8), range(seed, seed + 8), FRAMING)
    assert len(set(classes(told, "position"))) == 3
    assert len(set(classes(told, "distance"))) >= 3


def test_a_seed_draws_the_same_whatever_is_drawn_beside_it() -> None:
    told = framed(encoded(9)[:1].expand(9, -1, -1), [5, 7, 5, 1, 2, 3, 4, 6, 5], FRAMING)
    assert torch.equal(told[0], told[2])
    assert torch.equal(told[0], told[8])
    assert torch.equal(told[1:2], framed(encoded(9)[:1], [7], FRAMING))


def test_what_is_said_stays_said_and_all_else_stays_as_it_is() -> None:
    said = {"position": 3, "richness": 1}
    before = encoded(20, **said)
    told = framed(before, range(20), FRAMING)
    assert len(set(classes(told, "distance"))) > 1
    others = [place for place in range(PLACES) if place != FRAMING["distance"].place]
    assert torch.equal(told[:, others], before[:, others])
    assert torch.equal(before, encoded(20, **said))


def test_who_names_no_prop_gets_one_kind_as_often_as_it_should_be_or_none() -> None:
    told = framed(encoded(4000), range(4000), FRAMING)
    plain = classes(told, "richness") == 1
    there = np.stack([classes(told, name) for name in PROPS])
    assert np.all(there[:, plain] == -1)  # as the encoder left them
    assert np.all((there[:, ~plain] == THERE).sum(0) == 1)
    assert np.all((there[:, ~plain] == ABSENT).sum(0) == len(PROPS) - 1)
    assert np.allclose((there[:, ~plain] == THERE).mean(1), [0, 0.75, 0.25], atol=0.02)


@pytest.mark.parametrize("richness", [2, 3])
def test_who_wants_props_and_names_none_gets_a_kind_of_them(richness: int) -> None:
    before = encoded(20, richness=richness)
    told = framed(before, range(20), FRAMING)
    assert torch.equal(told[:, FRAMING["richness"].place], before[:, FRAMING["richness"].place])
    assert {name for name in PROPS if (classes(told, name) == THERE).any()} == {"prop.leaves", "prop.stars"}


def test_who_names_a_prop_gets_that_alone_and_as_many_as_are_usual() -> None:
    before = encoded(20, coins=THERE, leaves=ABSENT, stars=ABSENT)
    told = framed(before, range(20), FRAMING)
    for name in ("richness", *PROPS):
        assert torch.equal(told[:, FRAMING[name].place], before[:, FRAMING[name].place])


EMPHATIC = FRAMING | {name: replace(FRAMING[name], emphasis=0.5) for name in ("distance", "richness", "prop.coins")}


def test_what_is_stated_is_moved_on_from_what_is_left_open_and_no_lot_is() -> None:
    before = encoded(20, distance=2, coins=THERE, leaves=ABSENT, stars=ABSENT)
    told, as_it_was = (framed(before, range(20), framing) for framing in (EMPHATIC, FRAMING))
    for name, choice in FRAMING.items():
        opened, place = choice.vectors[0], choice.place
        if EMPHATIC[name].emphasis:
            assert torch.allclose(told[:, place] - opened, 1.5 * (before[:, place] - opened), atol=1e-5)
        else:
            assert torch.equal(told[:, place], as_it_was[:, place])
    told, as_it_was = (framed(encoded(20), range(20), framing) for framing in (EMPHATIC, FRAMING))
    for name in ("distance", "position", "richness"):
        assert torch.equal(told[:, FRAMING[name].place], as_it_was[:, FRAMING[name].place])


def test_what_is_left_open_stays_open_where_no_lot_is_drawn() -> None:
    told = emphasised(encoded(20), EMPHATIC)
    assert all((choice.said(told) == 0).all() for choice in EMPHATIC.values())


def test_a_prop_that_is_emphasised_is_still_the_only_one() -> None:
    before = encoded(20, coins=THERE, leaves=ABSENT, stars=ABSENT)
    told = framed(before, range(20), EMPHATIC)
    for name in PROPS[1:]:
        assert torch.equal(told[:, FRAMING[name].place], before[:, FRAMING[name].place])


def test_a_model_whose_folder_has_no_lots_of_props_draws_the_others() -> None:
    old = {name: FRAMING[name] for name in ("distance", "position")}
    told, all_told = (framed(encoded(9), range(9), framing) for framing in (old, FRAMING))
    for choice in old.values():
        assert torch.equal(told[:, choice.place], all_told[:, choice.place])
    assert torch.equal(told[:, 5:], encoded(9)[:, 5:])


@given(st.lists(st.integers(0, MAX_SEED), min_size=1), st.sampled_from(list(TURNS)))
def test_lots_are_shares_of_a_turn(seeds: list[int], name: str) -> None:
    drawn = lots(seeds, name)
    assert drawn.shape == (len(seeds),)
    assert bool((drawn >= 0).all() and (drawn < 1).all())


@given(st.integers(0, MAX_SEED - 3))
def test_four_variants_get_four_backdrops_of_twelve_and_four_podiums_of_five(first: int) -> None:
    for name, count in (("backdrop", 12), ("podium", 5)):
        assert len(set((lots(range(first, first + 4), name) * count).long().tolist())) == 4


def test_no_backdrop_by_lot_is_of_the_products_own_colour() -> None:
    colors, grounds = (torch.randn(count, 8, generator=torch.Generator().manual_seed(count)) for count in (4, 13))
    red, of_red = 2, 5
    framing = {
        "color": Choice(1, colors, torch.zeros(3), backdrops=torch.tensor([0, 0, of_red, 0])),
        "backdrop": Choice(2, grounds, torch.full((12,), 1 / 12)),
    }
    before = torch.stack([colors[0], colors[0], grounds[0]]).repeat(48, 1, 1)
    before[24:, 1] = colors[red]
    told = framed(before, [*range(24), *range(24)], framing)
    usual, others = framing["backdrop"].said(told).split(24)
    assert of_red in usual.tolist()
    assert torch.equal(others, torch.where(usual == of_red, of_red + 1, usual))
    assert torch.equal(told[:, :2], before[:, :2])
    asked = before.clone()
    asked[:, 2] = grounds[of_red]  # who asks for red on red gets it
    assert torch.equal(framed(asked, range(48), framing), asked)


def test_half_precision_stays_half_precision() -> None:
    assert framed(encoded(2).half(), range(2), FRAMING).dtype == torch.float16


def test_a_pipeline_s_encoding_is_told_and_gives_back_what_it_gave_besides() -> None:
    pipe = SimpleNamespace(encode_prompt=lambda prompts, **others: (encoded(len(prompts)), others))
    told, others = telling(pipe.encode_prompt, [3, 4], FRAMING)(["a", "b"], device="cpu")
    assert torch.equal(told, framed(encoded(2), [3, 4], FRAMING))
    assert others == {"device": "cpu"}
    told, others = emphasising(pipe.encode_prompt, EMPHATIC)(["a", "b"], device="cpu")
    assert torch.equal(told, emphasised(encoded(2), EMPHATIC))
    assert others == {"device": "cpu"}


def test_it_comes_back_from_its_file(tmp_path: Path) -> None:
    save_framing(tmp_path, EMPHATIC)
    again = load_framing(tmp_path)
    assert again is not None
    assert again.keys() == EMPHATIC.keys()
    before = encoded(9, distance=1)
    assert torch.equal(framed(before, range(9), again), framed(before, range(9), EMPHATIC))


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert load_framing(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"no vectors"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    save_framing(tmp_path, FRAMING)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StudioError) as refusal:
        load_framing(tmp_path)
    assert refusal.value.key == "model.corrupt"
    assert str(FILE) in refusal.value.sentence("en")
