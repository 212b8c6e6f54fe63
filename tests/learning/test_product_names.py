"""Products are called by their names, not by ids."""

import pytest

from t2i_studio.errors import Language
from t2i_studio.learning.ladder import Sentence
from t2i_studio.learning.product_names import product_name, told
from t2i_studio.settings import EMBEDDED_MODEL

SOURCE = str(EMBEDDED_MODEL)


@pytest.mark.parametrize(
    ("product", "language", "name"),
    [
        ("object.handbag", "en", "handbag"),
        ("object.handbag", "zh", "手提包"),
        ("ukulele of my aunt", "zh", "ukulele of my aunt"),
    ],
)
def test_a_product_is_called_by_its_name_where_one_is_known(product: str, language: Language, name: str) -> None:
    assert product_name(SOURCE, product, language) == name


def test_a_sentence_about_a_product_names_it() -> None:
    said = Sentence(key="learning.one_product", params={"product": "object.handbag"})
    assert "(handbag)" in told(said, SOURCE, "en")
    assert "（手提包）" in told(said, SOURCE, "zh")
    assert told(Sentence(key="learning.one_rater"), SOURCE, "en")
