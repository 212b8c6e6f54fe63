"""Alternatives in a description."""

from contextlib import suppress
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.brief.variations import escape, expand
from t2i_studio.errors import StudioError

words = st.text(st.characters(exclude_characters="{}|｛｝｜\\", exclude_categories=["Cs"]), min_size=1).filter(
    lambda word: word == word.strip() != ""
)


@st.composite
def groups(draw: st.DrawFn) -> tuple[str, int]:
    """A text with up to three groups, and how many texts it stands for."""
    options = draw(st.lists(st.lists(words, min_size=2, max_size=4, unique=True), min_size=1, max_size=3))
    return "，".join(f"{{{'|'.join(group)}}}" for group in options), prod(map(len, options))


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("{red|blue} bag", ("red bag", "blue bag")),
        ("｛红色｜蓝色｝手提包", ("红色手提包", "蓝色手提包")),
        ("{a|b}{c|d}", ("ac", "ad", "bc", "bd")),
        ("{ red | dark {blue|green} } bag", ("red bag", "dark blue bag", "dark green bag")),
        ("{1-3} candles", ("1 candles", "2 candles", "3 candles")),
        ("{3..1}", ("3", "2", "1")),
        ("{0..1..0.25}", ("0", "0.25", "0.5", "0.75", "1")),
        ("{-1..1}", ("-1", "0", "1")),
        ("｛１－３｝支", ("1支", "2支", "3支")),
        ("{10..30..10} %", ("10 %", "20 %", "30 %")),
        ("{red|red} bag", ("red bag",)),
        ("{2-in-1} pen", ("2-in-1 pen",)),
        (r"a \{set\} of {a\|b|c}", ("a {set} of a|b", "a {set} of c")),
        ("red|blue", ("red|blue",)),
        (r"C:\bags {1|2}", (r"C:\bags 1", r"C:\bags 2")),
    ],
)
def test_a_text_stands_for_every_combination_in_reading_order(text: str, texts: tuple[str, ...]):
    assert expand(text) == texts


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("{red|blue", "variations.unclosed"),
        ("red} bag", "variations.unclosed"),
        ("{a|{b|c}", "variations.unclosed"),
        ("{} bag", "variations.empty"),
        ("{red|} bag", "variations.empty"),
        ("{0..1..0}", "variations.step"),
        ("{1-100}", "variations.too_many"),
        ("{1-999999999}" * 700, "variations.too_many"),
        ("{1|2}" * 2000, "variations.too_many"),
    ],
)
def test_what_cannot_be_expanded_is_said(text: str, key: str):
    with pytest.raises(StudioError) as caught:
        expand(text)
    assert caught.value.key == key
    assert caught.value.sentence("zh")


def test_too_many_tells_how_many_there_would_be():
    with pytest.raises(StudioError) as caught:
        expand("{1-9}{1-9}", limit=80)
    assert caught.value.params == {"count": 81, "limit": 80}


def test_the_place_of_a_lone_brace_is_counted_from_one():
    with pytest.raises(StudioError) as caught:
        expand("红色｛包")
    assert caught.value.params == {"brace": "｛", "place": 3}


@given(st.text().filter(lambda text: not set(text) & set("{}｛｝")))
def test_a_text_without_braces_is_unchanged(text: str):
    assert expand(text) == (text,)


@given(groups())
def test_there_are_as_many_texts_as_combinations_and_none_has_syntax_left(group: tuple[str, int]):
    text, count = group
    texts = expand(text)
    assert len(texts) <= count  # fewer where two combinations happen to read the same
    assert texts == expand(text)
    assert not any(set(one) & set("{}|") for one in texts)


@given(st.lists(st.integers(2, 4), min_size=1, max_size=3))
def test_the_count_is_the_product(sizes: list[int]):
    text = "-".join("{" + "|".join(f"w{group}{n}" for n in range(size)) + "}" for group, size in enumerate(sizes))
    assert len(expand(text)) == prod(sizes)


@given(st.text(alphabet="ab{}|\\｛｝｜.-12"))
def test_any_text_expands_or_is_refused_and_escaped_means_itself(text: str):
    assert expand(escape(text)) == (text,)
    with suppress(StudioError):
        assert len(expand(text)) == len(set(expand(text)))


def test_deep_nesting_is_read_without_recursion():
    assert expand("{" * 4000 + "red|blue" + "}" * 4000) == ("red", "blue")
