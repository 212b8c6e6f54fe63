import json
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from t2i_studio.pretraining.captions import canonical, caption, plural
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.tokenizer import MAX_LENGTH, build_tokenizer, vocabulary


@pytest.fixture(scope="module")
def tokenizer(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    """The tokenizer as a model folder has it: saved, and loaded with nothing of ours."""
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    build_tokenizer(catalogue).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def test_captions_are_known_words_and_fit_the_model(catalogue: Catalogue, tokenizer: PreTrainedTokenizerFast) -> None:
    rng = np.random.default_rng(0)
    letters = set("bcdefghijklmnopqrsuvwxyz▁")
    for number in range(900):
        text = caption(sample_scene(rng, catalogue), rng, ("zh", "en", "mixed")[number % 3], catalogue)
        tokens = tokenizer.tokenize(text)
        assert tokenizer.unk_token not in tokens, text
        assert not letters.intersection(tokens), text
        assert len(tokens) + 2 <= MAX_LENGTH, text


def test_full_descriptions_fit_the_model(catalogue: Catalogue, tokenizer: PreTrainedTokenizerFast) -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        scene = sample_scene(rng, catalogue)
        for language in ("zh", "en"):
            assert len(tokenizer(canonical(scene, language, catalogue)).input_ids) <= MAX_LENGTH


def test_chinese_needs_no_spaces(tokenizer: PreTrainedTokenizerFast) -> None:
    words = tokenizer.tokenize("红色手提包，白色圆形展台，粉色背景")
    assert words == ["红色", "手提包", ",", "白色", "圆形展台", ",", "粉色", "背景"]
    assert tokenizer.tokenize("紅色handbag") == ["紅色", "▁handbag"]


def test_no_word_is_found_inside_another(tokenizer: PreTrainedTokenizerFast) -> None:
    assert "▁red" not in tokenizer.tokenize("covered")
    assert "▁red" in tokenizer.tokenize("(Red)")


def test_width_and_case_make_no_difference(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("Ｒｅｄ　Ｔ恤") == tokenizer.tokenize("red t恤")


def test_an_unknown_word_leaves_its_neighbours_whole(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = tokenizer.tokenize("红色魑魅手提包 on a podium")
    assert tokens[0] == "红色"
    assert tokens[-4:] == ["手提包", "▁on", "▁a", "▁podium"]


def test_a_sequence_begins_ends_and_is_padded(tokenizer: PreTrainedTokenizerFast) -> None:
    batch = tokenizer(["红色 口红", "a watch " * 60], padding="max_length", truncation=True)
    short, long = batch.input_ids
    assert len(short) == len(long) == tokenizer.model_max_length == MAX_LENGTH
    assert short[0] == tokenizer.bos_token_id
    assert short[3:5] == [tokenizer.eos_token_id, tokenizer.pad_token_id]
    assert long[-1] == tokenizer.eos_token_id


def test_every_word_for_a_product_is_known(catalogue: Catalogue, tokenizer: PreTrainedTokenizerFast) -> None:
    for product in catalogue.objects.values():
        for word in (product.zh, product.zh_hant, product.en, plural(product.en), product.hypernym_zh):
            assert tokenizer.unk_token_id not in tokenizer(word).input_ids, word


def test_the_vocabulary_names_what_a_model_knows(catalogue: Catalogue) -> None:
    known = vocabulary(catalogue, ["handbag", "apple"])
    assert json.loads(json.dumps(known)) == known
    assert {key for key, entry in known.items() if entry["kind"] == "object"} == {
        "object.handbag",
        "object.apple",
    }
    assert known["object.handbag"]["zh"] == "手提包"
    assert "handbags" in known["object.handbag"]["plurals_en"]
    assert known["style.brightness.5"]["kind"] == "style"
