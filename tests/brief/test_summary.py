"""A description longer than a model reads loses what says least about the picture, and nobody is left in the dark."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from t2i_studio.brief.presets import presets
from t2i_studio.brief.prompt import compose, tidy
from t2i_studio.brief.reading import read
from t2i_studio.brief.summary import summarise
from t2i_studio.brief.tokens import folder_tokenizer, local_folder
from t2i_studio.domain import MAX_TEXT, Mark, Prompt, StyleSettings
from t2i_studio.errors import StudioError

from .test_prompt import NEUTRAL, Card

LIMIT = 16
ENGLISH = (
    "Our family has been in this trade since 1952, and every piece is checked twice. "
    "A burgundy leather handbag with a gold clasp, on a beige backdrop, next to dried flowers. "
    "Free returns within 30 days, worldwide shipping. Perfect for busy mothers."
)
CHINESE = (
    "本店成立于一九五二年，每一件产品都经过两次检查。酒红色真皮手提包，米色背景，旁边放着干花，"
    "全国包邮，三十天无理由退货。送给忙碌的妈妈。"
)


def tokenizer() -> Tokenizer:
    """A token for each English word, Chinese character and mark, and two around them."""
    words = Tokenizer(models.WordLevel({"?": 0, "<s>": 1, "</s>": 2}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split(Regex("[㐀-鿿]"), "isolated")]
    )
    words.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return words


def keep(folder: Path, limit: int, name: str = "tokenizer") -> None:
    (folder / name).mkdir(parents=True)
    tokenizer().save(str(folder / name / "tokenizer.json"))
    (folder / name / "tokenizer_config.json").write_text(json.dumps({"model_max_length": limit}), encoding="utf-8")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """An open model that reads LIMIT tokens."""
    folder = tmp_path_factory.mktemp("open")
    keep(folder, LIMIT)
    return Card(source=str(folder), negative_prompt=True)


def count(prompt: Prompt) -> int:
    return len(tokenizer().encode(prompt.text).ids)


def test_a_text_that_fits_is_left_as_it_is(model: Card) -> None:
    for text in ("A red handbag, on a podium. New!", "红色手提包，展台上。新品！"):
        assert compose(text, NEUTRAL, model) == Prompt(text=text)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_the_clauses_that_say_most_stay_and_the_others_are_named(text: str, model: Card) -> None:
    prompt = compose(text, NEUTRAL, model)
    assert count(prompt) <= LIMIT
    kept = (
        "A burgundy leather handbag with a gold clasp, on a beige backdrop"
        if text is ENGLISH
        else "酒红色真皮手提包，米色背景"
    )
    assert prompt.text == kept
    for clause in re.split(r"[，。]|[,.] |\.$", text):
        assert (clause in kept) != (clause in prompt.dropped), clause


def test_what_is_kept_keeps_its_order(model: Card) -> None:
    text = (
        "Shipping is free. On a beige backdrop. Since 1952 in the trade. A red silk scarf. Returns within thirty days."
    )
    assert compose(text, NEUTRAL, model).text == "On a beige backdrop. A red silk scarf. Returns within thirty days"


def test_one_long_clause_is_taken_word_by_word_around_the_product_and_its_colour(model: Card) -> None:
    text = "新款百搭时尚大容量单肩斜挎通勤上班旅行妈咪" * 3 + "酒红色手提包" + "专柜正品限时优惠包邮" * 5
    prompt = compose(text, NEUTRAL, model)
    assert "酒红色手提包" in prompt.text
    assert count(prompt) <= LIMIT
    assert "专柜" in "".join(prompt.dropped)


def test_a_colour_said_far_from_the_product_stays_too(model: Card) -> None:
    text = (
        "A handbag that our customers take to work and to the theatre every day. Its makers promise you this season "
        "and for all of the following ones that the handbag is burgundy."
    )
    prompt = compose(text, NEUTRAL, model)
    assert re.search("handbag.*burgundy", prompt.text)
    assert count(prompt) <= LIMIT


def test_sliders_and_the_preset_are_kept_and_the_description_makes_room(model: Card) -> None:
    style = StyleSettings(brightness=5, position="left")
    look = next(preset for preset in presets() if preset.phrases)
    prompt = compose(ENGLISH, style, Card(source=model.source, max_prompt_tokens=36), preset=look)
    added = compose(ENGLISH, style, Card(), preset=look).text.removeprefix(ENGLISH)
    assert len(added) > 40
    assert prompt.text.endswith(added)
    assert prompt.text.startswith("A burgundy leather handbag with a gold clasp")
    assert count(prompt) <= 36
    assert "Perfect for busy mothers" in prompt.dropped


def test_what_is_excluded_is_neither_kept_nor_named(model: Card) -> None:
    prompt = compose(CHINESE + "不要文字和水印。", NEUTRAL, model)
    assert "水印" not in prompt.text + "".join(prompt.dropped)
    assert prompt.negative == "text, watermark"


def test_a_marked_product_counts_as_one(model: Card) -> None:
    text = "A red handbag on a podium, with a great many other things that the shop has. Beside it stands a brass lamp."
    start = text.index("lamp")
    marked = compose(text, NEUTRAL, model, marks=[Mark(field="product", start=start, end=start + 4)])
    assert "lamp" in marked.text


def test_the_limit_is_the_cards_then_the_tokenizers_own(tmp_path: Path) -> None:
    keep(tmp_path, 12, "tokenizer_2")
    assert count(compose(ENGLISH, NEUTRAL, Card(source=str(tmp_path)))) <= 12
    assert compose(ENGLISH, NEUTRAL, Card(source=str(tmp_path), max_prompt_tokens=200)).dropped == ()


def test_without_a_tokenizer_here_the_text_goes_as_it_is(tmp_path: Path) -> None:
    for source in (str(tmp_path), "somewhere/on-the-hub", "no id: at all"):
        assert compose(ENGLISH, NEUTRAL, Card(source=source)) == Prompt(text=ENGLISH)


def test_a_hub_model_that_was_downloaded_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = "0" * 40
    stored = tmp_path / "models--some--model"
    keep(stored / "snapshots" / revision, LIMIT)
    (stored / "snapshots" / revision / "model_index.json").write_text("{}")
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(revision)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert local_folder("some/model") == stored / "snapshots" / revision
    assert compose(ENGLISH, NEUTRAL, Card(source="some/model")).dropped


def test_a_clip_tokenizer_in_its_older_form_counts_as_the_models_own(tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = [("h", "a"), ("b", "a"), ("ba", "g</w>"), ("r", "e"), ("re", "d</w>")]
    pieces = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *map("".join, pairs),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    part = tmp_path / "tokenizer"
    part.mkdir()
    (part / "vocab.json").write_text(json.dumps({piece: at for at, piece in enumerate(pieces)}), encoding="utf-8")
    lines = ["#version: 0.2", *map(" ".join, pairs)]
    (part / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}
    (part / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    measured = folder_tokenizer(tmp_path, None)
    assert measured is not None
    assert measured[1] == 77
    own = CLIPTokenizer.from_pretrained(part)
    for text in ("A red bag", ENGLISH, CHINESE, "it's 3.5  cm, 红色 bag!! é"):
        assert measured[0].encode(text).ids == own(text)["input_ids"]


def test_a_damaged_tokenizer_is_said(tmp_path: Path) -> None:
    keep(tmp_path, LIMIT)
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{")
    with pytest.raises(StudioError, match=r"tokenizer\.json"):
        folder_tokenizer(tmp_path, None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from([*"红色手提包，。的\n", " red", " handbag", ", ", ". ", "不要文字", "🎄", " 3.5 "]),
        min_size=1,
        max_size=80,
    )
)
def test_any_text_is_parted_without_loss_and_fits(pieces: list[str]) -> None:
    if not "".join(pieces).strip():
        return
    brief = read("".join(pieces))
    coder = tokenizer()

    def length(spans: list[tuple[int, int]]) -> int:
        return len(coder.encode("".join(brief.text[a:b] for a, b in spans)).ids)

    kept, left = summarise(brief, [(0, len(brief.text))], length, LIMIT)
    assert "".join(brief.text[a:b] for a, b in sorted([*kept, *left])) == brief.text
    assert kept == sorted(kept)
    assert length(kept) <= LIMIT
    if brief.product:
        assert any(a <= brief.product.start and brief.product.end <= b for a, b in kept)


@pytest.mark.parametrize("text", [CHINESE * 400, ENGLISH * 100, "手提包" * 5000, "handbag " * 3000, "时尚百搭" * 5000])
def test_ten_thousand_characters_take_time_in_proportion(text: str, model: Card) -> None:
    def seconds(length: int) -> float:
        brief, taken = text[:length].strip(), []
        for _ in range(3):
            began = time.process_time()
            prompt = compose(brief, NEUTRAL, model)
            taken.append(time.process_time() - began)
            assert count(prompt) <= LIMIT
        return min(taken)

    assert seconds(MAX_TEXT) < 10 * max(seconds(MAX_TEXT // 4), 0.05)


def test_every_kept_clause_is_verbatim(model: Card) -> None:
    for text in (ENGLISH, CHINESE):
        for clause in re.split("[，。]|, |[.] ", compose(text, NEUTRAL, model).text):
            assert clause in tidy(text)
