"""What a description says, and where."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.brief.reading import everything, read
from t2i_studio.cli.bench.brief import score_set
from t2i_studio.domain import Brief, Mark
from t2i_studio.errors import StudioError

HERE = Path(__file__).parent


def said(brief: Brief, field: str) -> list[str]:
    return [found.value for found in getattr(brief, field)]


@pytest.mark.parametrize(
    ("text", "product", "colors", "backdrop"),
    [
        ("红色背景的白色杯子", "杯子", ["white"], ["red"]),
        ("白色背景红色手提包", "手提包", ["red"], ["white"]),
        ("手提包 红色，背景用浅灰", "手提包", ["red"], ["grey"]),
        ("红枣礼盒", "礼盒", [], []),
        ("绿茶", "绿茶", [], []),
        ("送杯垫的咖啡机", "咖啡机", [], []),
        ("如雪般洁白的衬衫", "衬衫", ["white"], []),
        ("紅色運動鞋", "運動鞋", ["red"], []),
        ("red mug on a blue background", "mug", ["red"], ["blue"]),
        ("red lipstick on pink", "lipstick", ["red"], ["pink"]),
        ("red handbag on solid yellow", "handbag", ["red"], ["yellow"]),
        ("墨水笔 背景为粉色 圆角展台", "墨水笔", [], ["pink"]),
        ("picnic plates, lemon print on cobalt", "plates", ["blue"], []),
        ("blackberry jam", "blackberry jam", [], []),
        ("watch strap in navy, backdrop: light grey", "watch strap", ["blue"], ["grey"]),
        ("navy-and-white striped umbrella", "umbrella", ["blue", "white"], []),
        ("socks in ecru, moss and ink", "socks", ["beige", "green", "blue"], []),
        ("honey cake", "cake", [], []),
        ("aubergine velvet sofa", "sofa", ["purple"], []),
        ("plum-coloured scarf", "scarf", ["purple"], []),
        ("white rice cooker", "rice cooker", ["white"], []),
        ("卫衣 颜色：雾蓝，燕麦，炭黑", "卫衣", ["blue", "beige", "black"], []),
        ("门牌，白底黑字", "门牌", ["white", "black"], []),
        ("小号，深红丝绒作背景", "小号", [], ["red"]),
        ("积木，红橙黄绿四色", "积木", ["red", "orange", "yellow", "green"], []),
    ],
)
def test_each_colour_belongs_to_its_thing(text: str, product: str, colors: list[str], backdrop: list[str]) -> None:
    brief = read(text)
    assert brief.product is not None
    assert text[brief.product.start : brief.product.end].endswith(product)
    assert (said(brief, "colors"), said(brief, "backdrop")) == (colors, backdrop)


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("手提包，不要文字和水印", ["text", "watermark"]),
        ("不粘锅，无线耳机", []),
        ("a mug, no people, without text", ["people", "text"]),
        ("sugar-free gum", []),
        ("Avoid: logos, hands", ["logo", "hands"]),
        ("保温杯，不要 logo 和人手", ["logo", "hands"]),
        ("音箱，勿出现价格标签、绿植及电线", ["price", "plants", "wires"]),
        ("画面里没有猫，没有猫毛，猫抓板一块", ["cat", "hair"]),
        ("渐变背景；不要云；猫窝", ["cloud"]),
        ("水壶，无异味，无需组装", []),
        ("a journal. Keep quills, inkwells and candles out of it.", ["quill", "inkwell", "candle"]),
        ("a rug, no cables on the floor, shoes or dog toys", ["cable", "shoe", "dog toy"]),
        ("protein powder, exclude: shaker bottles, gym equipment", ["shaker bottle", "gym equipment"]),
        ("hook, no drilling, without fuss", []),
        ("red cap, w/o logo, no wires or dust on the desk", ["logo", "wires", "dust"]),
        ("白色花瓶，花瓶里不插花，花瓣也不要", ["flowers", "petal"]),
        ("a sofa without armrests, don't miss it", []),
        ("没有人能拒绝的奶油蛋糕，不容错过", []),
        ("a mug, no text - white background", ["text"]),
    ],
)
def test_what_must_not_be_seen_is_heard(text: str, excluded: list[str]) -> None:
    assert said(read(text), "exclude") == excluded


def test_the_rest_of_a_shop_text_is_understood() -> None:
    brief = read("冬季羊毛围巾，格子，圣诞节送女士，雪地里，飘着雪花，¥199，180cm，保暖")
    assert brief.category == "accessories" or brief.category == "clothes"
    assert said(brief, "season") == ["winter"]
    assert said(brief, "campaign") == ["christmas"]
    assert said(brief, "materials") == ["wool"]
    assert said(brief, "price") == ["¥199"]
    assert said(brief, "sizes") == ["180cm"]


def test_a_mark_says_otherwise_and_only_there() -> None:
    text = "红色背景的白色杯子"
    assert said(read(text, [Mark(field=None, start=0, end=2)]), "backdrop") == []
    assert said(read(text, [Mark(field="colors", start=0, end=2)]), "colors") == ["red", "white"]
    product = read(text, [Mark(field="product", start=2, end=4)]).product
    assert product is not None
    assert (product.start, product.end) == (2, 4)


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("我想要一张手提包的海报，手提包是红色的", "手提包"),
        ("手提包海报", "手提包"),
        ("a banner for a red teapot", "teapot"),
        ("复古海报", "海报"),
        ("make the handbag cream", "handbag"),
        ("a peach", "peach"),
        ("green peach, red envelopes", "peach"),
    ],
)
def test_the_picture_that_is_asked_for_is_not_the_product(text: str, product: str) -> None:
    found = read(text).product
    assert found is not None
    assert text[found.start : found.end].endswith(product)


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("儿童机器人玩具", "机器人"),
        ("robot toy for kids", "robot"),
        ("white sneaker shoes", "sneaker"),
        ("a camera bag", "camera bag"),
        ("玩具箱", "玩具箱"),
        ("布偶，儿童玩具", "布偶"),
    ],
)
def test_a_general_word_behind_a_name_only_says_its_kind_again(text: str, product: str) -> None:
    found = read(text).product
    assert found is not None
    assert text[found.start : found.end].endswith(product)


@pytest.mark.parametrize(
    ("text", "colors"),
    [
        ("an all-red handbag", ["red"]),
        ("navy-white sneakers", ["blue", "white"]),
        ("a rose-gold watch", ["gold"]),
        ("朱砂色手提包", ["red"]),
    ],
)
def test_joined_colours_are_read(text: str, colors: list[str]) -> None:
    assert [found.value for found in read(text).colors] == colors


def test_numbered_scenes_are_told_apart() -> None:
    text = "手提包\n场景一：海滩上，阳光\n场景二：办公室里，柔光"
    assert [text[a:b].strip() for a, b in read(text).scenes] == ["场景一：海滩上，阳光", "场景二：办公室里，柔光"]
    assert len(read("红色手提包，圆形展台").scenes) == 1


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=80) | st.text("红色的背景不要送如在手提包杯子，。 redon", min_size=1, max_size=60))
def test_every_span_is_a_part_of_the_text(text: str) -> None:
    try:
        brief = read(text)
    except StudioError:
        return
    for found in [*everything(brief), *brief.unknown]:
        assert 0 <= found.start < found.end <= len(brief.text)
    assert all(0 <= start < end <= len(brief.text) for start, end in brief.scenes)


@pytest.mark.parametrize(("name", "product", "colors"), [("labelled", 0.95, 0.95), ("held_out", 0.9, 0.87)])
def test_labelled_descriptions_are_read_as_well_as_was_measured(name: str, product: float, colors: float) -> None:
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    score = score_set(json.loads(line) for line in lines)
    assert score.products.recall >= 100 * product
    assert score.colors.recall >= 100 * colors


@pytest.mark.parametrize(
    ("text", "colors", "others"),
    [
        ("白色手提包，粉色背景，红色礼盒", ["white"], ["red"]),
        ("white handbag, pink background, red gift box", ["white"], ["red"]),
        ("口红，绿色叶子", [], ["green"]),
        ("a watch, blue balloons", [], ["blue"]),
        ("a watch with a blue balloon", [], ["blue"]),
        ("手表配蓝色气球", [], ["blue"]),
        ("手表 蓝色气球", [], ["blue"]),
        ("teddy bear with a red bow", [], ["red"]),
        ("a red handbag on a black podium", ["red"], ["black"]),
        ("儿童水杯 粉色兔子款", ["pink"], []),
        ("像苹果一样红的行李箱", ["red"], []),
    ],
)
def test_the_colour_of_a_thing_beside_the_product_is_not_the_products(text, colors, others):
    brief = read(text)
    assert [[found.value for found in some] for some in (brief.colors, brief.other_colors)] == [colors, others]


def test_a_mark_makes_another_things_colour_the_products():
    text = "a watch, blue balloons"
    brief = read(text, Mark.parse(["colors=blue"], text))
    assert ([found.value for found in brief.colors], brief.other_colors) == (["blue"], ())
