"""Words of a form or a command line are numbers, sizes and adapters, or one sentence."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.brief import values
from t2i_studio.errors import StudioError


@pytest.mark.parametrize(("value", "number"), [("7", 7), (" 7 ", 7), (7.0, 7), ("+7", 7)])
def test_whole_numbers(value: object, number: int) -> None:
    assert values.whole("steps", value, 1, 9) == number


@pytest.mark.parametrize(
    "value", ["", "7.5", 7.5, "seven", "1e1", "0", 10, True, None, "9" * 5000, "٧", float("nan"), []]
)
def test_what_is_no_whole_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(StudioError, match="steps"):
        values.whole("steps", value, 1, 9)


@pytest.mark.parametrize("value", ["", "nan", "inf", "1_0", "0,5", "1e999", float("inf"), 10**400, None, False, "x"])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(StudioError, match="guidance"):
        values.real("guidance", value, 0, 50)


@pytest.mark.parametrize("value", ["256x512", "256X512", "256×512", " 256 * 512 "])
def test_sizes(value: str) -> None:
    assert values.size(value) == (256, 512)


@pytest.mark.parametrize("value", ["", "256", "x", "256x", "-1x5", "8x512", "9999x512", "256x512x3"])
def test_sizes_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(StudioError):
        values.size(value)


@pytest.mark.parametrize(
    ("value", "path", "scale"),
    [
        ("brand", "brand", 1),
        ("brand:0.8", "brand", 0.8),
        (r"C:\brand", r"C:\brand", 1),
        ("a:b:-1", "a:b", -1),
    ],
)
def test_adapters(value: str, path: str, scale: float) -> None:
    assert (values.adapter(value).path, values.adapter(value).scale) == (path, scale)


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_a_sentence(text: str) -> None:
    for parse in (values.size, values.adapter, lambda word: values.real("x", word, 0, 1)):
        with suppress(StudioError):
            parse(text)
