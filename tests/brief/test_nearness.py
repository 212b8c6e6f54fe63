"""Which products are alike."""

from pathlib import Path

import numpy as np
import pytest

from t2i_studio.brief import nearness
from t2i_studio.brief.matching import match_product
from t2i_studio.brief.nearness import likeness
from t2i_studio.brief.reading import read
from t2i_studio.brief.vocabulary import load
from t2i_studio.settings import EMBEDDED_MODEL


def test_products_of_a_kind_are_nearer_than_others() -> None:
    heel, teapot = likeness("sandals", ["high heel", "teapot"])
    assert heel > teapot > 0
    assert likeness("handbag", ["handbag"]) == pytest.approx([1])


def test_a_name_is_known_by_its_last_words_and_a_strange_one_is_like_nothing() -> None:
    assert likeness("hand-made woollen sandals", ["high heel"]) == likeness("sandals", ["high heel"])
    assert likeness("xyzzy", ["teapot"]) == [0.0]


@pytest.mark.parametrize(("text", "first"), [("a perfume", "lotion"), ("电钻", "hammer"), ("a trumpet", "drum")])
def test_what_comes_closest_is_offered_first(text: str, first: str) -> None:
    known = load(EMBEDDED_MODEL)
    assert known is not None
    match = match_product(read(text), known)
    assert match.concept is None
    assert match.closest[0] == f"object.{first}"


def test_a_table_keeps_the_order_of_likeness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 120))
    nearness.save(tmp_path / "vectors.npz", [f"thing{n}" for n in range(40)], vectors)
    monkeypatch.setattr(nearness, "TABLE", tmp_path / "vectors.npz")
    nearness._table.cache_clear()
    try:
        kept = likeness("thing0", [f"thing{n}" for n in range(1, 40)])
    finally:
        nearness._table.cache_clear()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.allclose(kept, unit[1:] @ unit[0], atol=0.02)
