"""Markets: hints for people to read, fired by what the brief says and by the date."""

from datetime import date

import pytest
from pydantic import ValidationError

from t2i_studio.brief.markets import Advice, Festival, find_market, hints, markets
from t2i_studio.brief.presets import find_preset
from t2i_studio.errors import StudioError

AUTUMN = date(2026, 11, 25)
QUIET = date(2026, 4, 1)

FIRING = {
    # market: (what a brief says, a word of the hint it must fire)
    "cn": [
        ("4 件装马克杯", "谐音「死」"),
        ("闹钟，送礼首选", "送终"),
        ("an alarm clock as a birthday gift", "送终"),
        ("白色礼盒，送礼", "丧事"),
        ("绿帽子", "绿帽子"),
        ("a poster with a map of China", "国旗"),
    ],
    "tw": [("set of 4 cups", "谐音「死」"), ("简体字海报", "繁体")],
    "jp": [("9 piece gift set", "苦"), ("premium watch, red, big sale", "廉价")],
    "kr": [("4-piece set", "谐音「死」"), ("a name in red", "人名")],
    "us": [("the best pan, clinically proven", "证据")],
    "uk": [("an eco-friendly bag", "环保")],
    "eu": [("a sustainable t-shirt", "环保")],
    "sea": [("sandals, bare feet on sand", "脚底"), ("a mum touching head of a child", "头部"), ("红酒", "酒类")],
    "mena": [
        ("a glass of wine", "酒类"),
        ("bacon burger", "猪肉"),
        ("red bikini", "裸露"),
        ("held in the left hand", "右手"),
        ("a mirrored logo", "翻转"),
    ],
    "in": [("beef burger", "牛肉"), ("leather shoe for Diwali", "宗教")],
    "latam": [("purple ribbon, a gift", "哀悼"), ("yellow flowers", "黄色花")],
}
SILENT = {
    "cn": ["红色闹钟", "a white cup", "绿色棒球", "14 cm, 4.5 kg, 2024", "keymap", "礼盒装巧克力"],
    "tw": ["四季通用"],
    "jp": ["red shoe", "premium watch, sale", "0.9 l"],
    "kr": ["red bag"],
    "us": ["breakfast bowl"],
    "uk": ["green bag"],
    "eu": ["绿色的包"],
    "sea": ["酒店毛巾", "脚踏车", "footballs", "hamper"],
    "mena": ["酒精湿巾", "right hand", "logo"],
    "in": ["leather shoe", "diwali lamp"],
    "latam": ["purple bag", "red flowers"],
}


def avoided(market: str, text: str) -> list[str]:
    return [hint.text.zh for hint in hints(market, [text], QUIET) if hint.kind == "avoid"]


@pytest.mark.parametrize(("market", "text", "part"), [(m, *case) for m, cases in FIRING.items() for case in cases])
def test_what_to_avoid_is_named_when_it_is_said(market: str, text: str, part: str):
    assert any(part in told for told in avoided(market, text))


@pytest.mark.parametrize(("market", "text"), [(m, text) for m, texts in SILENT.items() for text in texts])
def test_and_only_then(market: str, text: str):
    assert avoided(market, text) == []


def test_every_piece_of_advice_to_avoid_has_a_case_here():
    for market in markets():
        fired = {told for text, _ in FIRING[market.id] for told in avoided(market.id, text)}
        assert fired == {advice.zh for advice in market.advice if advice.kind == "avoid"}


def test_words_may_come_one_by_one():
    assert any(hint.kind == "avoid" for hint in hints("cn", ["alarm clock", "red", "gift"], QUIET))


def test_what_to_prefer_is_always_told():
    for market in markets():
        assert [hint for hint in hints(market.id, [], QUIET) if hint.kind == "prefer"]


def test_warnings_come_first_and_campaigns_last():
    kinds = [hint.kind for hint in hints("cn", ["闹钟", "礼物"], AUTUMN)]
    assert kinds == sorted(kinds, key=["avoid", "prefer", "festival"].index)


def coming(market: str, today: date) -> list[tuple[str, str]]:
    return [(h.text.en, str(h.begins)) for h in hints(market, [], today) if h.kind == "festival"]


def test_campaigns_of_the_next_weeks_the_nearest_first():
    assert coming("cn", AUTUMN) == [("Double 12", "2026-12-12"), ("New Year shopping festival", "2027-01-09")]
    assert [name for name, _ in coming("us", AUTUMN)] == ["Thanksgiving", "Black Friday", "Cyber Monday", "Christmas"]


def test_one_that_is_on_is_told_until_its_last_day():
    assert ("618 mid-year sale", "2026-06-01") in coming("cn", date(2026, 6, 18))
    assert ("618 mid-year sale", "2026-06-01") not in coming("cn", date(2026, 6, 19))


def test_a_suggested_look_is_one_of_the_presets():
    for market in markets():
        for festival in market.festivals:
            if festival.preset:
                find_preset(festival.preset)


def festival(market: str, id: str) -> Festival:
    return next(festival for festival in find_market(market).festivals if festival.id == id)


@pytest.mark.parametrize(
    ("market", "id", "day"),
    [
        ("cn", "spring_festival", "2027-02-06"),
        ("cn", "qixi", "2027-08-08"),
        ("cn", "mid_autumn", "2027-09-15"),
        ("kr", "chuseok", "2027-09-15"),
        ("us", "memorial_day", "2027-05-31"),
        ("us", "cyber_monday", "2027-11-29"),
        ("uk", "mothering_sunday", "2027-03-07"),
        ("in", "diwali", "2027-10-29"),
        ("sea", "eid", "2027-03-10"),
        ("latam", "carnaval", "2027-02-07"),
    ],
)
def test_festivals_fall_on_their_days(market: str, id: str, day: str):
    assert str(festival(market, id).next(date(2027, 1, 1))) == day


def test_the_table_of_qixi_agrees_with_the_calendar_of_mid_autumn():
    for year in range(2026, 2036):
        new_year = date(year, 1, 1)
        qixi, mid_autumn = festival("cn", "qixi").next(new_year), festival("cn", "mid_autumn").next(new_year)
        assert qixi is not None
        assert mid_autumn is not None
        assert (mid_autumn - qixi).days in (37, 38)  # from the 7th of the 7th month to the 15th of the 8th


def test_every_festival_has_a_date_for_years_to_come():
    for market in markets():
        for each in market.festivals:
            assert each.next(date(2034, 1, 1)) is not None, each.id


def test_an_unknown_market_is_said_with_those_there_are():
    with pytest.raises(StudioError, match="cn, tw, jp") as caught:
        hints("mars", [], QUIET)
    assert caught.value.key == "market.unknown"


ROW = {"market": "cn", "source": "x", "date": "2026-11-25", "confidence": "A", "en": "a", "zh": "b"}


@pytest.mark.parametrize("rule", ["", "13-01", "11 thu 6", "11 thu", "lunar 7-7", "table", "calendar cn x"])
def test_a_rule_that_is_none_is_refused(rule: str):
    with pytest.raises(ValidationError):
        Festival.model_validate({**ROW, "id": "x", "rule": rule, "days": "1", "preset": ""})


def test_a_row_without_source_or_of_another_kind_is_refused():
    for wrong in ({"source": ""}, {"kind": "maybe"}, {"confidence": "D"}, {"date": "soon"}):
        with pytest.raises(ValidationError):
            Advice.model_validate({**ROW, "kind": "avoid", "said": "x", **wrong})
