"""A language model's answer becomes a prompt only if it is one, and says what the description says."""

import pytest

from t2i_studio.brief.reading import read
from t2i_studio.brief.wording import MAX_CHARACTERS, accept
from t2i_studio.errors import StudioError

TEXT = "A red handbag on a podium, no watermark, no people"
COMPOSED = "A red handbag on a podium"


def refusal(answer: str, text: str = TEXT, composed: str = COMPOSED) -> tuple[str, object]:
    with pytest.raises(StudioError) as refused:
        accept(answer, read(text), composed)
    return refused.value.key, refused.value.params.get("word")


def test_a_richer_prompt_is_taken_without_its_quotation_marks() -> None:
    better = "A glossy red handbag on a round podium in soft morning light"
    for answer in (better, f' "{better}"\n', f"“{better}”"):
        assert accept(answer, read(TEXT), COMPOSED) == better
    assert accept('A red handbag, tag saying "sale"', read(TEXT), COMPOSED).endswith('"sale"')


@pytest.mark.parametrize(
    "answer",
    ["", '""', " \n ", "A red handbag\nand more", "A red handbag\u2028x", "A red handbag\x1b[31m", "red \u202ehandbag",
     "red handbag\x00", "red handbag" + " and light" * MAX_CHARACTERS],
)  # fmt: skip
def test_only_one_line_of_ordinary_characters_is_a_prompt(answer: str) -> None:
    assert refusal(answer)[0] == "writer.form"


def test_the_product_and_its_colour_must_still_be_named() -> None:
    assert refusal("A glossy red shoe") == ("writer.lost", "handbag")
    assert refusal("A glossy handbag in morning light") == ("writer.lost", "red")
    assert refusal("I am sorry, I cannot help with that.")[0] == "writer.lost"
    assert accept("Two crimson-free red handbags", read(TEXT), COMPOSED)


def test_the_other_languages_name_of_the_product_will_do() -> None:
    assert accept("红色手提包，晨光", read(TEXT), COMPOSED)
    assert accept("a red handbag in morning light", read("红色手提包"), "红色手提包")


@pytest.mark.parametrize("answer", ["A red handbag with a watermark", "A red handbag, people in the background"])
def test_what_is_excluded_may_not_come_back(answer: str) -> None:
    assert refusal(answer)[0] == "writer.excluded"
    assert accept("A red handbag of fine texture", read("A red handbag, no text"), "A red handbag")


def test_an_exclusion_comes_back_in_no_other_language_either() -> None:
    assert refusal("红色手提包，右下角有水印")[0] == "writer.excluded"
    assert refusal("红色手提包，边上写着文字", "红色手提包，不要文字", "红色手提包") == ("writer.excluded", "文字")


def test_what_the_composed_prompt_says_already_may_stay() -> None:
    composed = "A red handbag on a podium, no watermark"
    assert accept(composed, read(TEXT), composed) == composed
