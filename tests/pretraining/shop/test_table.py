"""What a shop's table may say, and what is said of it."""

from pathlib import Path

import pytest

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.shop.table import Entry, Reader, in_traditional, read_rows, several
from tests.pretraining.shop.conftest import write_table

LAMP = {"id": "lamp", "file": "lamp.png", "en": "Ember lamp", "zh": "余烬台灯"}


@pytest.fixture
def reader(catalogue: Catalogue) -> Reader:
    return Reader(catalogue, catalogue.tier(1))


def entry(reader: Reader, row: int = 2, **cells: str) -> Entry:
    return reader.entry(row, LAMP | cells)


def test_rows_are_read_by_their_columns_in_any_order_and_under_their_usual_names(tmp_path: Path) -> None:
    path = write_table(
        tmp_path / "shop.csv", "EN,colour, Files,id,zh,price", [["Ember  lamp", "red", "a.png", "x", "灯", "9"]]
    )
    assert read_rows(path) == [
        (2, {"en": "Ember lamp", "colors": "red", "file": "a.png", "id": "x", "zh": "灯", "price": "9"})
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_tables_of_excel_are_read(tmp_path: Path, encoding: str) -> None:
    path = write_table(tmp_path / "shop.csv", "id,file,en,zh", [["x", "a.png", "lamp", "台灯"]], encoding)
    assert read_rows(path)[0][1]["zh"] == "台灯"


def test_a_row_that_ends_early_is_read_with_empty_cells_and_an_empty_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,file,en,zh\nx,a.png,lamp,灯\n,,,\ny,b.p", encoding="utf-8")
    assert read_rows(path) == [
        (2, {"id": "x", "file": "a.png", "en": "lamp", "zh": "灯"}),
        (4, {"id": "y", "file": "b.p", "en": "", "zh": ""}),
    ]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "shop.columns"),
        (b"id,file,en\nx,a.png,lamp\n", "shop.columns"),
        (b"id,file,en,zh\n", "shop.empty"),
        (b"PK\x03\x04\xff\xff\x80\x00", "file.unreadable"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes, key: str) -> None:
    (tmp_path / "shop.csv").write_bytes(content)
    with pytest.raises(StudioError) as caught:
        read_rows(tmp_path / "shop.csv")
    assert caught.value.key == key


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"shop\.csv"):
        read_rows(tmp_path / "shop.csv")


def test_an_entry_has_what_its_row_says(reader: Reader) -> None:
    made = entry(
        reader, id="SKU-1 a", file="a.png；b.png;", synonyms_en="ember light; red lamp", synonyms_zh="红灯",
        colors="红色;black", category="灯具", mirror="Yes", pieces="2",
    )  # fmt: skip
    assert (made.id, made.files, made.colors) == ("sku_1_a", ("a.png", "b.png"), ("red", "black"))
    assert (made.words.en, made.words.zh, made.words.zh_hant) == ("Ember lamp", "余烬台灯", "餘燼檯燈")
    assert (made.words.synonyms_en, made.words.synonyms_zh) == (("ember light", "red lamp"), ("红灯",))
    assert (made.hypernyms, made.mirror, made.pieces) == (("lighting", "灯具"), True, 2)
    assert not made.doubts


def test_what_is_optional_may_be_missing(reader: Reader) -> None:
    made = entry(reader)
    assert (made.colors, made.category, made.mirror, made.pieces) == ((), "", False, 1)


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        ({"id": "灯"}, "shop.id"),
        ({"id": "Handbag"}, "shop.id_taken"),
        ({"file": ""}, "shop.no_file"),
        ({"en": ""}, "shop.no_words"),
        ({"zh": "？"}, "shop.no_words"),
        ({"en": "the very best lamp of all times"}, "shop.long_name"),
        ({"en": "Handbag"}, "shop.word_taken"),
        ({"en": "handbags"}, "shop.word_taken"),
        ({"zh": "手袋"}, "shop.word_taken"),
        ({"en": "stars"}, "shop.word_taken"),
        ({"mirror": "perhaps"}, "shop.yes_no"),
        ({"pieces": "0"}, "shop.pieces"),
        ({"pieces": "two"}, "shop.pieces"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(reader: Reader, cells: dict[str, str], key: str) -> None:
    with pytest.raises(StudioError) as caught:
        entry(reader, **cells)
    assert caught.value.key == key
    assert caught.value.sentence("zh")
    assert entry(reader).id == "lamp"  # a refused row takes no id and no word


def test_ids_and_names_are_given_once(reader: Reader) -> None:
    entry(reader)
    entry(reader, row=3)  # the first was not used: none of its pictures could be
    reader.use(entry(reader))
    with pytest.raises(StudioError, match="row 2"):
        entry(reader, row=3, en="Other lamp", zh="另一盏灯")
    with pytest.raises(StudioError) as caught:
        entry(reader, row=4, id="lamp_2", zh="另一盏灯")
    assert caught.value.key == "shop.word_taken"


def test_a_product_that_the_model_does_not_know_may_have_its_name(reader: Reader, catalogue: Catalogue) -> None:
    unknown = next(product for product in catalogue.objects.values() if product.tier > 1)
    assert entry(reader, en=unknown.en, zh=unknown.zh).words.en == unknown.en


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        ({"synonyms_zh": "手袋;红灯"}, "shop.synonym_taken"),
        ({"colors": "champagne"}, "shop.color"),
        ({"en": "余烬台灯", "zh": "Ember lamp"}, "shop.languages"),
    ],
)
def test_what_is_doubtful_is_told_and_the_row_used_without_it(reader: Reader, cells: dict[str, str], key: str) -> None:
    made = entry(reader, **cells)
    assert "手袋" not in made.words.synonyms_zh
    assert made.colors == ()
    assert [doubt.key for doubt in made.doubts] == [key]


def test_cells_with_several_values() -> None:
    assert several(" a ;b；c| ") == ("a", "b", "c")
    assert several("") == ()


def test_traditional_characters_are_made_where_none_are_given() -> None:
    assert in_traditional("茶壶") == "茶壺"
