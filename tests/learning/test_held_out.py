"""What models are compared on: a table anyone can read, and only products that no rating was about."""

from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from t2i_studio.brief import vocabulary
from t2i_studio.domain import language_of
from t2i_studio.engine.registry import find_model
from t2i_studio.learning.held_out import TABLE, descriptions, drawable, held_out, product_of
from t2i_studio.settings import Settings


@pytest.fixture(scope="module")
def podium():
    return find_model(Settings(), "podium")


def test_the_table_is_wide_and_in_both_languages():
    rows = descriptions()
    languages = Counter(language_of(row.text) for row in rows)
    assert len({row.product for row in rows}) >= 80
    assert len({row.text for row in rows}) == len(rows) >= 160
    assert abs(languages["en"] - len(rows) / 2) <= len(rows) * 0.1
    assert languages["mixed"] > 0
    assert min(Counter(row.product for row in rows).values()) >= 2


def test_the_table_says_where_it_comes_from():
    head = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert "Source:" in " ".join(head)
    assert "Date: 20" in " ".join(head)


def test_a_table_with_an_empty_text_is_refused(tmp_path: Path):
    (tmp_path / "wrong.csv").write_text("product,text\ntent,\n", encoding="utf-8")
    with pytest.raises(ValidationError):
        descriptions(tmp_path / "wrong.csv")


def test_every_product_of_the_embedded_model_is_there_twice(podium):
    known = vocabulary.load(Path(podium.source))
    counts = Counter(product_of(text, podium) for text in drawable(podium))
    assert set(counts) == {id for id, concept in known.concepts.items() if concept["kind"] == "object"}
    assert min(counts.values()) >= 2


def test_a_product_that_was_rated_is_not_fresh_however_it_was_named(podium):
    found = held_out(podium, ["a red sneaker", "黑色双肩包", "运动鞋"])
    fresh = {product_of(text, podium) for text in found.fresh}
    assert not fresh & {"object.sneaker", "object.backpack"}
    assert {product_of(text, podium) for text in found.known} == {"object.sneaker", "object.backpack"}
    assert len(fresh) == len({product_of(text, podium) for text in drawable(podium)}) - 2


def test_a_description_that_was_rated_is_never_used_again(podium):
    rated = [text for text in drawable(podium) if product_of(text, podium) == "object.watch"][:1]
    found = held_out(podium, rated)
    assert not {*found.fresh, *found.known} & set(rated)
    assert len(found.known) == 1


def test_any_beginning_goes_over_different_products(podium):
    first = held_out(podium, [], seed=4).fresh[:48]
    assert len({product_of(text, podium) for text in first}) == 48


def test_the_same_seed_gives_the_same_order_and_another_another(podium):
    assert held_out(podium, ["a red hat"], seed=1) == held_out(podium, ["a red hat"], seed=1)
    assert held_out(podium, ["a red hat"], seed=1) != held_out(podium, ["a red hat"], seed=2)


def test_a_model_without_a_vocabulary_draws_everything(podium):
    free = podium.model_copy(update={"name": "free", "source": "someone/free"})
    assert drawable(free) == [row.text for row in descriptions()]
    fresh = held_out(free, ["香水，粉色背景", "mooncakes for a gift"]).fresh
    assert not {"perfume", "mooncake"} & {product_of(text, free) for text in fresh}
    assert len(fresh) == len(descriptions()) - 4
