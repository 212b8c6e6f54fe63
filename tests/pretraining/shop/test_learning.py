"""The embedded model learns a shop's products: the recipe's commands in a work folder with a catalogue of its own."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from t2i_studio import cli
from t2i_studio.brief.prompt import compose
from t2i_studio.brief.requests import make_request
from t2i_studio.domain import Adapter, StyleSettings
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.judge.folder import load_judge
from t2i_studio.pretraining import corpus, drawing, judging, recipe
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import catalogue_of
from t2i_studio.pretraining.concepts import WORDS
from t2i_studio.pretraining.denoiser import Denoiser
from t2i_studio.pretraining.export import known_objects
from t2i_studio.pretraining.lessons import one_by_one
from t2i_studio.pretraining.shop import adapting
from t2i_studio.pretraining.text_encoder import tokenize
from t2i_studio.pretraining.trainer import Chance, Run, averaged
from t2i_studio.settings import EMBEDDED_MODEL, Settings
from tests.pretraining.shop.conftest import write_table

SHOP = ["lamp", "willow", "bottle"]
OLD = ["红色手提包，白色圆形展台，粉色背景", "a teddy bear on the left", "蓝色背景，球鞋，很明亮", ""]


def pretrain(*line: str | Path | int) -> int:
    return cli.run(["pretrain", *map(str, line)])


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, renders: Path, pictures: Path) -> Path:
    """A work folder after build, scenes and warm-start."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(renders, folder / "renders")
    rows = [
        ["lamp", "lamp.png", "Ember lamp", "余烬台灯", "red"],
        ["willow", "basket.jpg", "Willow basket", "柳编野餐篮", "brown"],
        ["bottle", "bottle.jpg", "Elm bottle", "榆木瓶", "green"],
    ]
    table = write_table(folder / "shop.csv", "id,file,en,zh,colors", rows)
    assert pretrain("build", "--from", table, "--images", pictures, "--work", folder) == 0
    assert pretrain("scenes", "--work", folder, "--count", 60) == 0
    assert pretrain("warm-start", "--work", folder) == 0
    return folder


@pytest.fixture(scope="module")
def model(work: Path) -> Path:
    """The model folder after a few steps of the denoiser and the text encoder."""
    assert pretrain("denoiser", "--work", work, "--steps", 2, "--favour", ",".join(SHOP)) == 0
    assert pretrain("text-encoder", "--work", work, "--steps", 2) == 0
    assert pretrain("export", "--work", work, "--out", work / "model") == 0
    return work / "model"


def test_scenes_show_old_products_and_new_ones(work: Path) -> None:
    shown = {scene.object for scene in corpus.scenes(work / "corpus-1")}
    assert shown & set(SHOP)
    assert shown & set(known_objects(EMBEDDED_MODEL))
    assert shown <= set(catalogue_of(work).objects)


def test_it_begins_with_all_that_the_model_knew(work: Path) -> None:
    """Old words mean what they meant, though their tokens have other numbers; what is drawn of them is the same."""
    pipe = DiffusionPipeline.from_pretrained(EMBEDDED_MODEL, dtype=torch.float32)
    encoder, tokenizer = recipe.new_text_encoder(catalogue_of(work))
    encoder = averaged(Run(work / "text_encoder"), encoder)
    length = encoder.config.max_position_embeddings
    ours, theirs = (tokenize(OLD, words, length) for words in (tokenizer, pipe.tokenizer))
    assert not torch.equal(ours, theirs)
    with torch.no_grad():
        written = encoder(ours).last_hidden_state
        assert torch.allclose(written, pipe.text_encoder(theirs).last_hidden_state, atol=1e-4)
        noise = torch.randn(len(OLD), drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
        network = drawing.trained_denoiser(Path(work)).unet
        assert torch.allclose(network(noise, 999.0, written).sample, pipe.unet(noise, 999.0, written).sample, atol=1e-4)


def test_the_table_of_concepts_has_the_old_vectors_and_room_of_their_own_for_the_new(work: Path) -> None:
    catalogue, table = catalogue_of(work), drawing.trained_denoiser(work).table
    pipe = DiffusionPipeline.from_pretrained(EMBEDDED_MODEL, dtype=torch.float32)
    vectors = torch.nn.functional.normalize(table.classes("object"), dim=-1)
    numbers = {name: 1 + number for number, name in enumerate(catalogue.objects)}
    for name in ("handbag", "teddy"):
        words = tokenize([catalogue.objects[name].zh], pipe.tokenizer, WORDS + len(table.sizes))
        with torch.no_grad():
            said = pipe.text_encoder(words).last_hidden_state[0, WORDS]
        assert int((vectors @ said).argmax()) == numbers[name]
    new = vectors[[numbers[name] for name in SHOP]]
    assert (new @ vectors.T).topk(2).values[:, 1].max() < 0.5  # like no other


def test_the_exported_model_knows_the_old_products_and_the_shops(model: Path) -> None:
    assert known_objects(model) == [*known_objects(EMBEDDED_MODEL), *SHOP]
    vocabulary = json.loads((model / "vocabulary.json").read_text(encoding="utf-8"))
    assert vocabulary["object.lamp"]["zh"] == "余烬台灯"
    card = (model / "README.md").read_text(encoding="utf-8")
    assert "Ember lamp 余烬台灯" in card
    assert "3 are a shop's own" in card
    pipe = DiffusionPipeline.from_pretrained(model)
    for words in ("余烬台灯", "ember lamp", "handbag"):
        tokens = pipe.tokenizer.tokenize(words)
        assert pipe.tokenizer.unk_token not in tokens
        assert len(tokens) <= 2
    pipe.set_progress_bar_config(disable=True)
    made = pipe(["余烬台灯，粉色背景"], num_inference_steps=1, generator=torch.Generator().manual_seed(0))
    assert np.ptp(np.asarray(made.images[0])) > 0


def test_the_studio_reads_the_shops_words_in_a_description(model: Path) -> None:
    card = find_model(Settings(home=model.parent / "home"), str(model))
    for text, said in (
        ("新款余烬台灯，放在圆形展台上，粉色背景", "余烬台灯"),
        ("An Ember lamp on a round podium", "Ember lamp"),
        ("红色手提包", "手提包"),
    ):
        assert said in compose(text, StyleSettings(), card).text


def test_the_studios_judge_scores_old_products_only_and_says_so(
    work: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    critic = judging.critic(work)
    assert critic.taught.isdisjoint(SHOP)
    likely = critic(torch.zeros(1, 3, 128, 128))["object"].softmax(-1)[0]
    assert float(likely[-len(SHOP) :].sum()) == 0
    capsys.readouterr()
    assert pretrain("evaluate", "--work", work, "--model", model, "--prompts", 2) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "never taught bottle, lamp, willow" in said


def test_a_judge_of_the_shops_products_begins_with_what_the_studios_knows(
    work: Path, model: Path, tmp_path: Path
) -> None:
    for name in ("catalogue", "renders", "corpus-1", "code.safetensors"):
        (tmp_path / name).symlink_to(work / name)
    judging.train_judge(tmp_path, 1, recipe.plan("judge", steps=1), 8)
    taught, studio = judging.trained(tmp_path), load_judge()
    assert taught.classes == attribute_classes(catalogue_of(work))
    assert set(SHOP) <= judging.critic(tmp_path).taught
    row, column = taught.classes["object"].index("handbag"), studio.classes["object"].index("handbag")
    close = torch.nn.functional.cosine_similarity
    assert close(taught.heads["object"].weight[row], studio.heads["object"].weight[column], dim=0) > 0.99


@pytest.fixture(scope="module")
def adapter(work: Path) -> Path:
    """The folder of an adapter after a few steps of both its networks."""
    line = ["--work", work, "--out", work / "adapter-folder", "--steps", 8]
    assert pretrain("adapter", *line) == 0
    return work / "adapter-folder"


def test_an_adapter_is_a_small_folder_that_plain_diffusers_loads_onto_the_model(adapter: Path) -> None:
    assert {path.name for path in adapter.iterdir()} == {"pytorch_lora_weights.safetensors", "vocabulary.json"}
    assert sum(path.stat().st_size for path in adapter.iterdir()) < 16e6
    pipe = DiffusionPipeline.from_pretrained(EMBEDDED_MODEL, dtype=torch.float32)
    pipe.load_lora_weights(adapter, adapter_name="shop")
    assert pipe.get_list_adapters() == {"unet": ["shop"], "text_encoder": ["shop"]}


def test_an_adapter_changes_what_the_model_says_of_new_products_only(work: Path) -> None:
    catalogue, known = catalogue_of(work), known_objects(EMBEDDED_MODEL)
    taught = adapting.pupil(EMBEDDED_MODEL, catalogue, known, corpus.first(work / "corpus-1", 60)[0])
    assert taught.new == SHOP
    data, before = drawing.latent_scenes(work / "corpus-1", taught.code), taught.table.rows.weight.detach().clone()
    model = Denoiser(taught.pipe.unet, taught.table)
    for objects, learns in ((known, False), (SHOP, True)):
        draw = one_by_one(data.only(objects, 1), catalogue)
        loss = adapting.drawing_loss(model, draw, taught, torch.device("cpu"))
        assert bool(loss(0, Chance.at(0, 0))["loss"] > 1e-6) == learns
    adapting.teach_drawing(taught, data, recipe.plan("adapter", steps=2), Run(work / "adapter-once"))
    moved = set((taught.table.rows.weight != before).any(1).nonzero().flatten().tolist())
    assert moved
    assert moved <= {1 + list(catalogue.objects).index(name) for name in SHOP}


def test_with_the_adapter_the_studio_reads_the_shops_words(adapter: Path) -> None:
    card = find_model(Settings(home=adapter.parent / "home"), "podium")
    text = "An Ember lamp on a round podium, pink backdrop"
    request = make_request(text, card, adapters=[Adapter(path=str(adapter))])
    assert "Ember lamp" in request.prompt.text
    assert not request.prompt.dropped
    assert "Ember" not in make_request(text, card).prompt.text


def test_pictures_with_an_adapter_are_judged_about_the_objects_asked_for(
    work: Path, adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("catalogue", "renders", "corpus-1", "code.safetensors"):
        (tmp_path / name).symlink_to(work / name)
    judging.train_judge(tmp_path, 1, recipe.plan("judge", steps=1), 8)
    line = ["--work", tmp_path, "--prompts", 2, "--objects", "lamp,bottle"]
    capsys.readouterr()
    assert pretrain("evaluate", *line, "--adapter", adapter, "--json") == 0
    assert "object" in json.loads(capsys.readouterr().out)
    assert pretrain("evaluate", *line, "--adapter", tmp_path / "none") == 2
    assert str(tmp_path / "none") in capsys.readouterr().err.splitlines()[-1]
    assert pretrain("evaluate", *line[:4], "--objects", "unicorn") == 2


def test_names_that_the_model_cannot_tell_apart_and_nothing_new_are_refused(work: Path) -> None:
    catalogue, known = catalogue_of(work), known_objects(EMBEDDED_MODEL)
    pictures = corpus.first(work / "corpus-1", 60)[0]
    rows = {
        id: catalogue.objects[id].model_copy(update={"zh": f"{sign}台灯"})
        for id, sign in (("lamp", "烬"), ("willow", "榆"))
    }
    alike = catalogue.model_copy(update={"objects": {**catalogue.objects, **rows}})
    with pytest.raises(StudioError) as caught:
        adapting.pupil(EMBEDDED_MODEL, alike, known, pictures)
    assert caught.value.key == "shop.same_spelling"
    with pytest.raises(StudioError) as caught:
        adapting.pupil(EMBEDDED_MODEL, catalogue, list(catalogue.objects), pictures)
    assert caught.value.key == "shop.nothing_new"
