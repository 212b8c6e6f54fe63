import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.store.words import index_words, search_terms


def finds(search: str, text: str) -> bool:
    words = index_words(text)
    whole, beginnings = search_terms(search)
    return whole <= words and all(any(word.startswith(start) for word in words) for start in beginnings)


@pytest.mark.parametrize(
    "search",
    [
        "红",
        "红色",
        "手提包",
        "红色 手提包",
        "手提包，红色",
        "bag",
        "BAG",
        "ba",
        "Ｂａｇ",
        "红色bag",
        "128",
        "",
    ],
)
def test_found(search: str):
    assert finds(search, "红色手提包 Bag on a podium，128像素")


@pytest.mark.parametrize("search", ["蓝", "色红", "手包", "ag", "bags", "蓝色 手提包"])
def test_not_found(search: str):
    assert not finds(search, "红色手提包 Bag on a podium，128像素")


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_text_is_found_by_itself_and_by_any_run_of_chinese_in_it(text: str, start: int, stop: int):
    assert finds(text, text)
    chinese = "".join(c for c in text if "一" <= c <= "鿿")
    assert finds(chinese[start:stop], chinese)
