"""What the scores of a text encoder say: of vectors worked out by hand, of the shipped model, of its baselines."""

import io
import json
import math
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from t2i_studio import cli
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID, WORDS, ConceptTable
from t2i_studio.pretraining.text_baselines import PENALTY, bag_of_words, mean_of_vectors, ridge, word_vectors, words_of
from t2i_studio.pretraining.text_encoder import Prompts, text_encoder, tokenize
from t2i_studio.pretraining.text_questions import Questions, ask
from t2i_studio.pretraining.text_scores import (
    least_likeness,
    likeness,
    load,
    pooled_likeness,
    scores,
    transformer,
    unsaid_vectors,
)
from t2i_studio.pretraining.tokenizer import build_tokenizer
from t2i_studio.settings import EMBEDDED_MODEL

COUNT = 40


@pytest.fixture(scope="module")
def tokenizer(catalogue: Catalogue):
    return build_tokenizer(catalogue)


@pytest.fixture(scope="module")
def asked(catalogue: Catalogue, tokenizer) -> Questions:
    return ask(catalogue, catalogue.tier(1), tokenizer, COUNT, seed=1)


@pytest.fixture(scope="module")
def table(catalogue: Catalogue) -> ConceptTable:
    """All vectors of an attribute are equally far from each other."""
    made = ConceptTable(attribute_sizes(catalogue), 256).requires_grad_(False)
    for begin, size in zip(made.offsets.tolist(), made.sizes.values(), strict=True):
        made.rows.weight[begin : begin + 1 + size] = torch.eye(1 + size, 256)
    return made


@pytest.fixture(scope="module")
def measured() -> dict[str, float]:
    """What the command prints of the shipped model."""
    with redirect_stdout(io.StringIO()) as said:
        assert cli.run(["pretrain", "text-scores", "--prompts", str(COUNT), "--lessons", "1000", "--json"]) == 0
    return json.loads(said.getvalue())


def test_likeness_is_the_cosine_of_all_attributes_at_once() -> None:
    first, second, third = torch.eye(3)
    nothing = torch.zeros(3)
    one = torch.stack([first, second, nothing])[None]
    other = torch.stack([first, third, nothing])[None]
    assert likeness(one, one).tolist() == pytest.approx([1])
    assert likeness(one, other).tolist() == pytest.approx([1 / 2])
    assert likeness(one, -2 * one).tolist() == pytest.approx([-1])
    assert likeness(one, torch.zeros_like(one)).tolist() == [0]
    assert pooled_likeness(one, other).tolist() == pytest.approx([1 / 2])


def test_least_likeness_is_that_of_the_stated_attribute_that_differs_most() -> None:
    first, second, third = torch.eye(3)
    one = torch.stack([first, second, first])[None]
    other = torch.stack([3 * first, second + third, second])[None]
    assert least_likeness(one, other, torch.tensor([[True, True, False]])).tolist() == pytest.approx([0.5**0.5])
    assert least_likeness(one, other, torch.tensor([[True, True, True]])).tolist() == [0]
    assert least_likeness(one, other, torch.tensor([[True, False, False]])).tolist() == pytest.approx([1])


def test_captions_differ_in_exactly_what_they_are_said_to_differ_in(asked: Questions) -> None:
    assert torch.equal(asked.zh.said, asked.en.said)
    assert torch.equal(asked.other_zh.said, asked.other_en.said)
    assert torch.equal(asked.zh.said == UNSAID, asked.other_zh.said == UNSAID)
    changed = asked.zh.said != asked.other_zh.said
    assert (changed.sum(1) == 1).all()
    assert changed.any(0).sum() > 8  # of many attributes, in turn
    assert not torch.equal(asked.zh.tokens, asked.en.tokens)


def test_twins_have_the_same_words_and_swapped_colours(
    asked: Questions, table: ConceptTable, catalogue: Catalogue
) -> None:
    one, other = asked.twins
    assert torch.equal(one.tokens.sort(1).values, other.tokens.sort(1).values)
    assert (one.tokens != other.tokens).any(1).all()
    names = list(table.sizes)
    color, backdrop = names.index("color"), names.index("backdrop")
    changed = (one.said != other.said).nonzero()[:, 1].view(-1, 2)
    assert changed.tolist() == [[color, backdrop]] * COUNT
    colors, backdrops = ["", "", *catalogue.colors], ["", *catalogue.backdrops]
    for mine, theirs in zip(one.said.tolist(), other.said.tolist(), strict=True):
        assert colors[mine[color]] == backdrops[theirs[backdrop]]
        assert backdrops[mine[backdrop]] == colors[theirs[color]]


def test_no_caption_is_cut(asked: Questions, tokenizer) -> None:
    for prompts in (asked.zh, asked.en, asked.other_zh, asked.other_en, *asked.twins):
        assert (prompts.tokens == tokenizer.eos_token_id).any(1).all()


def test_a_reader_that_errs_nowhere_is_told_so_and_one_changed_class_in_k_costs_half_a_kth(
    asked: Questions, table: ConceptTable
) -> None:
    found = scores(asked, lambda prompts: table(prompts.said)[:, WORDS:], table)
    perfect = ("translation.mean", "translation.q05", "translation.least.q05", "understood.prompts",
               "understood.attributes", "binding")  # fmt: skip
    assert [found[name] for name in perfect] == pytest.approx([1] * len(perfect))
    # Seen from "unsaid", two classes as far from it as from each other are 60 degrees apart.
    stated = (asked.zh.said != UNSAID).sum(1)
    assert found["one_attribute.mean"] == pytest.approx(float((1 - 0.5 / stated).mean()), abs=1e-4)
    assert found["one_attribute.least.mean"] == found["one_attribute.least.q95"] == pytest.approx(0.5)


def test_a_reader_that_hears_nothing_understands_nothing(asked: Questions, table: ConceptTable) -> None:
    found = scores(asked, lambda prompts: unsaid_vectors(table).expand(len(prompts.said), -1, -1), table)
    assert found["translation.mean"] == found["understood.attributes"] == found["binding"] == 0
    assert found["translation.pooled.mean"] == pytest.approx(1)  # which is why it is not the measure


def test_a_reader_that_swaps_colours_binds_nothing(asked: Questions, table: ConceptTable) -> None:
    one, other = asked.twins
    swapped = {id(one): other, id(other): one}

    def read(prompts: Prompts) -> Tensor:
        return table(swapped.get(id(prompts), prompts).said)[:, WORDS:]

    assert scores(asked, read, table)["binding"] == 0


def test_bags_count_words_and_means_average_their_vectors() -> None:
    words, tokens = torch.tensor([4, 6, 9]), torch.tensor([[1, 6, 4, 6, 2], [1, 7, 2, 0, 0]])
    assert bag_of_words(words)(tokens).tolist() == [[1, 2, 0], [0, 0, 0]]
    vectors = torch.tensor([[3.0, 0.0], [0.0, 3.0], [5.0, 5.0]])
    assert mean_of_vectors(words, vectors)(tokens).tolist() == [[1, 2], [0, 0]]


def test_words_of_the_same_neighbours_get_the_same_vector() -> None:
    red, crimson, bag, sky, cloud = range(5)
    captions = torch.tensor([[red, bag], [crimson, bag], [sky, cloud], [sky, cloud]])
    vectors = word_vectors(captions, torch.arange(5), dimensions=4)
    alike = torch.nn.functional.cosine_similarity(vectors[red][None], vectors)
    assert alike[crimson] == pytest.approx(1, abs=1e-5)
    assert abs(alike[sky]) < 1e-5
    assert abs(alike[cloud]) < 1e-5
    # Sky and cloud are a quarter of all words each, and each other's only neighbour: log(1/4 / (1/4 · 1/4)) = log 4.
    assert float(vectors[sky].square().sum()) == pytest.approx(math.log(4), rel=1e-5)


def test_a_regression_finds_which_words_state_a_class_and_keeps_near_the_mean(table: ConceptTable) -> None:
    said = torch.zeros(40, len(table.sizes), dtype=torch.int64)
    said[:, 0] = torch.arange(40) % 5
    lessons = Prompts(10 + said[:, :1], said)
    answers = ridge(bag_of_words(torch.arange(10, 15)), lessons, table)(lessons)
    vectors = table(said)[:, WORDS:]
    mean = vectors.mean(0)  # each word is in 8 captions
    assert torch.allclose(answers, mean + (vectors - mean) * 8 / (8 + PENALTY), atol=1e-3)


def test_words_leave_out_the_marks_of_beginning_end_and_padding(catalogue: Catalogue, tokenizer) -> None:
    prompts = Prompts(tokenize(["红色手提包", "a red handbag"], tokenizer, 60), torch.zeros(2, 25))
    words = tokenizer.convert_ids_to_tokens(words_of(prompts, tokenizer).tolist())
    assert set(words) == {"红色", "手提包", "▁a", "▁red", "▁handbag"}


def test_what_is_measured_is_what_the_denoiser_is_given() -> None:
    texts = ["红色手提包，粉色背景", "a blue mug on a round podium", ""]
    pipe = StableDiffusionPipeline.from_pretrained(EMBEDDED_MODEL, dtype=torch.float32)
    given = pipe.encode_prompt(texts, "cpu", 1, False)[0]
    encoder, tokenizer, _ = load(EMBEDDED_MODEL)
    read = transformer(encoder)(Prompts(tokenize(texts, tokenizer, given.shape[1]), torch.zeros(3, 0)))
    assert torch.allclose(read, given[:, WORDS:], atol=1e-5)


def test_the_shipped_model_hears_translations_as_one_and_changes_as_changes(measured: dict[str, float]) -> None:
    assert measured["translation.mean"] >= 0.95
    assert measured["one_attribute.least.mean"] <= 0.7 < measured["translation.least.mean"]
    assert measured["one_attribute.mean"] == pytest.approx(measured["perfect.one_attribute.mean"], abs=0.02)


@pytest.mark.parametrize("baseline", ["word2vec", "bag_of_words"])
def test_the_shipped_model_reads_better_than_what_ignores_the_order_of_words(
    measured: dict[str, float], baseline: str
) -> None:
    assert measured["binding"] > 0.9
    assert measured[f"{baseline}.binding"] == 0
    assert measured["understood.prompts"] > measured[f"{baseline}.understood.prompts"]
    assert measured["translation.least.mean"] > measured[f"{baseline}.translation.least.mean"]


def complaint(capsys: pytest.CaptureFixture[str], *line: str) -> str:
    assert cli.run(["pretrain", "text-scores", *line]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert str(tmp_path / "none") in complaint(capsys, "--model", str(tmp_path / "none"))


@pytest.mark.parametrize("part", ["vocabulary.json", "tokenizer", "text_encoder"])
def test_a_part_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str) -> None:
    for name in {"vocabulary.json", "tokenizer", "text_encoder"} - {part}:
        (tmp_path / name).symlink_to(EMBEDDED_MODEL / name)
    assert part in complaint(capsys, "--model", str(tmp_path))


def test_an_encoder_of_other_attributes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tokenizer
) -> None:
    shutil.copy(EMBEDDED_MODEL / "vocabulary.json", tmp_path)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    text_encoder(tokenizer, 60, 16).save_pretrained(tmp_path / "text_encoder")
    capsys.readouterr()
    assert "other attributes" in complaint(capsys, "--model", str(tmp_path))


def test_no_prompts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--prompts" in complaint(capsys, "--prompts", "0")
