"""The whole recipe at a tiny scale, and what goes wrong in it."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

from t2i_studio import cli
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.framing import load_framing
from t2i_studio.judge.folder import load_card, load_judge
from t2i_studio.pretraining import corpus, drawing, judging, model_card, recipe
from t2i_studio.pretraining.catalogue import RENDERS, Catalogue, fetch_renders, load_catalogue
from t2i_studio.pretraining.eight_bits import rounded
from t2i_studio.pretraining.export import STUDENT, Painter
from t2i_studio.pretraining.latents import PatchCode, to_tensor
from t2i_studio.pretraining.trainer import Run, averaged
from t2i_studio.settings import EMBEDDED_JUDGE, Settings
from t2i_studio.upscaling.folder import load_upscaler
from tests.pretraining.test_trainer import full_disk

SCALE = 0.0001


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, renders: Path) -> Path:
    """A work folder after `pretrain run`, whose model folder is podium/ in it."""
    folder = tmp_path_factory.mktemp("work")
    shutil.copytree(renders, folder / "renders")
    line = ["pretrain", "run", "--work", str(folder), "--out", str(folder / "podium"), "--scale", str(SCALE)]
    assert cli.run(line) == 0
    return folder


def complaint(capsys: pytest.CaptureFixture[str], *line: str) -> str:
    """The one sentence that a command line ends with."""
    assert cli.run(["pretrain", *line]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_the_recipe_ends_in_a_folder_that_plain_diffusers_loads_and_draws_with(work: Path) -> None:
    pipe = DiffusionPipeline.from_pretrained(work / "podium")
    pipe.set_progress_bar_config(disable=True)
    made = pipe(
        "红色手提包 red handbag", num_inference_steps=2, guidance_scale=STUDENT.guidance,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    assert made.images[0].size == (256, 256)
    assert np.ptp(np.asarray(made.images[0])) > 0


def test_the_folder_has_small_weights_and_no_others(work: Path) -> None:
    weights = {path.parent.name: load_file(path) for path in (work / "podium").rglob("*.safetensors")}
    assert set(weights) == {"unet", "text_encoder", "vae", "upscaler", "framing"}
    for part in ("text_encoder", "vae"):
        assert {tensor.dtype for tensor in weights[part].values() if tensor.is_floating_point()} == {torch.float16}
    kinds = {(tensor.dim() > 1, tensor.dtype) for tensor in weights["unet"].values()}
    assert kinds == {(True, torch.float8_e4m3fn), (False, torch.float16)}
    assert {tensor.dtype for tensor in weights["upscaler"].values() if tensor.dim() > 1} == {torch.int8}
    assert not [path for path in (work / "podium").rglob("*") if path.suffix in {".pt", ".bin"}]


def test_the_evaluation_is_of_the_weights_that_the_folder_has(work: Path) -> None:
    judged = recipe.trained_painter(work).pipe.unet.state_dict()
    written = load_file(work / "podium" / "unet" / "diffusion_pytorch_model.safetensors")
    wide = {name for name, value in judged.items() if value.dim() > 1}
    assert all(torch.equal(judged[name], written[name].float()) for name in wide)
    trained = drawing.drawing_network(work)[0].unet.state_dict()
    off = torch.cat([(judged[name] - trained[name]).flatten() for name in wide]).norm()
    assert 0 < off / torch.cat([trained[name].flatten() for name in wide]).norm() < 0.04  # half of 1/8 at most


def test_the_studio_reads_what_it_must_know_of_the_model(work: Path) -> None:
    card = find_model(Settings(home=work / "home"), str(work / "podium"))
    assert card.available
    assert (card.width, card.height, card.sizes, card.upscale) == (512, 512, ((512, 512), (256, 256)), 2)
    assert (card.steps, card.guidance, card.style) == (STUDENT.steps, STUDENT.guidance, "words")
    assert card.preview is not None
    assert len(card.preview.matrix) == drawing.CHANNELS


def test_vocabulary_scores_and_card_tell_only_what_was_measured(work: Path, catalogue: Catalogue) -> None:
    folder = work / "podium"
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    assert {"color.red", "backdrop.pink", "position.left", "style.brightness.5"} <= set(vocabulary)
    scores = json.loads((folder / "scores.json").read_text(), parse_constant=pytest.fail)  # NaN is no JSON
    assert {"object", "binding", "diversity", "fid_ratio"} <= set(scores)
    assert all(-1 <= value <= 1 for name, value in scores.items() if name not in {"diversity", "fid_ratio"})
    assert min(scores["diversity"], scores["fid_ratio"]) >= 0
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"denoiser {recipe.plan('denoiser', SCALE).steps}" in card
    assert recipe.core_hours(work) > 0
    assert f"{recipe.core_hours(work):.1f} core-hours" in card
    assert all(f"| {name} | {value:.3f} |" in card for name, value in scores.items())
    names = [key.removeprefix("object.") for key in vocabulary if key.startswith("object.")]
    assert all(catalogue.objects[name].en in card.split("**Objects it knows**")[1].split("**")[0] for name in names)


def test_a_stage_that_is_finished_takes_no_further_step(work: Path) -> None:
    before = {stage: (work / stage / "checkpoint.pt").read_bytes() for stage in ("text_encoder", "judge")}
    recipe.train_text_encoder(work, 1, recipe.plan("text_encoder", SCALE))
    judging.train_judge(work, 1, recipe.plan("judge", SCALE), 16)
    assert all((work / stage / "checkpoint.pt").read_bytes() == bytes_ for stage, bytes_ in before.items())


def test_an_export_without_evaluation_offers_all_objects_asked_for(work: Path, tmp_path: Path) -> None:
    line = ["--work", str(work), "--out", str(tmp_path / "model"), "--objects", "handbag,apple"]
    assert cli.run(["pretrain", "export", *line]) == 0
    assert cli.run(["pretrain", "export", *line]) == 0  # an older folder is replaced
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    vocabulary = json.loads((tmp_path / "model" / "vocabulary.json").read_text(encoding="utf-8"))
    assert {key for key in vocabulary if key.startswith("object.")} == {"object.handbag", "object.apple"}
    framing = load_framing(tmp_path / "model")
    assert framing is not None
    props = {f"prop.{name}" for name in load_catalogue().props}
    drawn = {"position", "distance", "richness", "playfulness", "backdrop", "podium"}
    assert set(framing) == drawn | props | {"color"}
    assert "not measured yet" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_who_fails_by_few_prompts_is_asked_for_again_before_it_is_left_out(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = recipe.Evaluation({}, {"handbag": 0.3, "apple": 1.0, "cake": 0.5})
    monkeypatch.setattr(recipe, "evaluate_pipeline", lambda *_: first)
    asked = []

    def recognised(questions, pictures, *_):
        asked.extend(question.scene.object for question in questions)
        assert len(pictures) == len(questions)
        return {"handbag": 0.75, "cake": 0.5}

    monkeypatch.setattr("t2i_studio.pretraining.evaluate.recognised", recognised)
    objects = ["handbag", "apple", "cake"]
    assert recipe.export_model(work, tmp_path / "model", 1, objects, 64, print) == ["handbag", "apple"]
    assert sorted(set(asked)) == ["cake", "handbag"]


def test_an_export_to_a_full_disk_is_said_and_leaves_the_older_folder_whole(work: Path, tmp_path: Path) -> None:
    recipe.export_model(work, tmp_path / "model", 1, ["handbag"], 0, print)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "model").rglob("*")}
    with full_disk(), pytest.raises(StudioError) as caught:
        recipe.export_model(work, tmp_path / "model", 1, ["handbag"], 0, print)
    assert caught.value.key == "recipe.cannot_write"
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "model").rglob("*")} == before


def test_the_preview_map_is_the_code_itself(work: Path) -> None:
    code = PatchCode.load(work / "code.safetensors")
    preview = find_model(Settings(home=work / "home"), str(work / "podium")).preview
    assert preview is not None
    latents = code.encode(to_tensor(next(corpus.parts(work / "corpus-1"))[0][:2]))
    side = preview.patch
    cells = latents.permute(0, 2, 3, 1) @ torch.tensor(preview.matrix) + torch.tensor(preview.bias)
    shown = cells.unflatten(3, (side, side, 3)).permute(0, 5, 1, 3, 2, 4).reshape(2, 3, 8 * side, 8 * side)
    exact = torch.nn.functional.avg_pool2d(code.decode(latents), 16 // side) / 2 + 0.5
    assert torch.allclose(shown, exact, atol=0.004)  # a grey level of 255; the map is rounded to four places


def test_scenes_are_resumed_and_a_larger_corpus_takes_the_place_of_a_smaller_one(renders: Path, tmp_path: Path) -> None:
    folder, objects = tmp_path / "corpus", ["handbag", "apple"]
    assert list(corpus.compose(folder, renders, objects, 8, 128)) == [8]
    small = next(corpus.parts(folder))[0]
    written = (folder / "part-0000.npz").stat().st_mtime_ns
    assert list(corpus.compose(folder, renders, objects, 8, 128)) == [8]
    assert (folder / "part-0000.npz").stat().st_mtime_ns == written
    assert list(corpus.compose(folder, renders, objects, 12, 128)) == [12]
    large = next(corpus.parts(folder))[0]
    assert np.array_equal(large[:8], small)


def test_a_full_disk_is_said_while_composing_and_composing_works_afterwards(renders: Path, tmp_path: Path) -> None:
    with full_disk(), pytest.raises(StudioError) as caught:
        list(corpus.compose(tmp_path, renders, ["apple"], 8, 128))
    assert caught.value.key == "recipe.cannot_write"
    assert list(corpus.compose(tmp_path, renders, ["apple"], 8, 128)) == [8]
    assert len(corpus.scenes(tmp_path)) == 8


@pytest.mark.parametrize("place", [0.4, 1.0])
def test_a_damaged_part_is_named(work: Path, tmp_path: Path, place: float) -> None:
    content = bytearray((work / "corpus-1" / "part-0000.npz").read_bytes())
    middle = int(place * len(content))
    (tmp_path / "part-0000.npz").write_bytes(content[: middle - 400] + bytes(200) + content[middle - 200 :])
    with pytest.raises(StudioError, match=r"part-0000\.npz") as caught:
        list(corpus.parts(tmp_path))
    assert caught.value.key == "recipe.damaged_part"


def test_without_scenes_training_says_what_to_run_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "pretrain scenes" in complaint(capsys, "denoiser", "--work", str(tmp_path))


def test_without_a_denoiser_its_pupil_cannot_be_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no checkpoint" in complaint(capsys, "text-encoder", "--work", str(tmp_path))


@pytest.mark.parametrize("objects", ["pony", "pony,handbag"])
@pytest.mark.parametrize("command", ["denoiser", "export"])
def test_an_unknown_object_is_named(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, objects: str
) -> None:
    line = [command, "--work", str(work), "--objects", objects]
    assert "pony" in complaint(capsys, *line, *(["--out", str(tmp_path / "model")] if command == "export" else []))


def test_a_model_is_evaluated_in_its_own_steps_or_those_asked_for(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painters = []

    def evaluated(work: Path, painter: Painter, *_: object) -> recipe.Evaluation:
        painters.append(painter.sampling)
        return recipe.Evaluation({"object": 1.0}, {})

    monkeypatch.setattr(recipe, "evaluate_pipeline", evaluated)
    line = ["pretrain", "evaluate", "--work", str(work), "--model", str(work / "podium"), "--objects", "handbag"]
    assert cli.run(line) == cli.run([*line, "--steps", "30"]) == 0
    assert painters == [STUDENT, replace(STUDENT, steps=30)]
    assert cli.run([*line, "--steps", "0"]) == 2


def test_a_model_without_products_has_nothing_to_be_asked_for(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = json.loads((work / "podium" / "vocabulary.json").read_text(encoding="utf-8"))
    none = {key: value for key, value in words.items() if not key.startswith("object.")}
    (tmp_path / "vocabulary.json").write_text(json.dumps(none), encoding="utf-8")
    assert "no products" in complaint(capsys, "evaluate", "--work", str(work), "--model", str(tmp_path))


def test_objects_that_no_scene_shows_are_named(
    work: Path, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = next(name for name, product in catalogue.objects.items() if product.tier > 1)
    assert absent in complaint(capsys, "denoiser", "--work", str(work), "--objects", absent)


def test_without_npm_the_renders_are_asked_for_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = complaint(capsys, "scenes", "--work", str(tmp_path / "work"))
    assert "npm is not installed" in said
    assert RENDERS in said


def test_a_package_that_cannot_be_had_is_said_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'network unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(StudioError, match="network unreachable"):
        fetch_renders(tmp_path / "work")
    assert not (tmp_path / "work" / "renders").exists()


def test_a_work_folder_that_cannot_be_is_said(
    renders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert "Not a directory" in complaint(capsys, "scenes", "--work", str(tmp_path / "file" / "work"), "--count", "2")


def test_plans_keep_their_shape_at_every_scale() -> None:
    for stage, full in recipe.PLANS.items():
        assert recipe.plan(stage) == full
        half = recipe.plan(stage, 0.5)
        assert half.steps == pytest.approx(full.steps / 2)
        assert half.decay == pytest.approx(full.decay / 2)
        assert recipe.plan(stage, steps=100, decay=False).decay == 0
        assert recipe.plan(stage, SCALE).steps >= 2


def test_held_out_scenes_are_of_each_object_and_easy_to_judge(catalogue: Catalogue) -> None:
    scenes = drawing.one_of_each(["apple", "handbag"], catalogue)
    assert [scene.object for scene in scenes] == ["apple", "handbag"]
    assert all(scene.style["distance"] >= 3 for scene in scenes)


def test_training_goes_on_from_a_finished_model_where_its_runs_are_gone(work: Path, tmp_path: Path) -> None:
    for name in ("corpus-1", "renders"):
        shutil.copytree(work / name, tmp_path / name)
    recipe.start_from(tmp_path, work / "podium", 1)
    code, again = (PatchCode.load(folder / "code.safetensors") for folder in (work, tmp_path))
    picture = to_tensor(next(corpus.parts(tmp_path / "corpus-1"))[0][:4])
    assert (code.encode(picture) - again.encode(picture)).square().mean() < 1e-3
    assert (tmp_path / "autoencoder" / "config.json").exists()
    assert load_upscaler(tmp_path) is not None
    student = averaged(Run(work / "student"), drawing.new_denoiser(load_catalogue()))  # what the folder draws with
    rounded(student.unet)
    before, after = student, drawing.trained_denoiser(tmp_path)
    latents = torch.randn(1, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    words = torch.randn(1, 48, 256, generator=torch.Generator().manual_seed(1))
    ours, theirs = (model.unet(latents, 500.0, words).sample for model in (before, after))
    assert torch.allclose(ours, theirs, atol=0.02)
    with pytest.raises(StudioError) as refusal:
        recipe.start_from(tmp_path, work / "podium", 1)
    assert refusal.value.key == "recipe.run_begun"


def test_guidance_is_not_folded_in_twice(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("corpus-1", "renders"):
        shutil.copytree(work / name, tmp_path / name)
    recipe.start_from(tmp_path, work / "podium", 1)
    line = ["--work", str(tmp_path), "--scale", str(SCALE)]
    capsys.readouterr()
    assert "pretrain denoiser" in complaint(capsys, "student", *line)
    assert not (tmp_path / "student").exists()
    assert cli.run(["pretrain", "denoiser", *line]) == 0
    assert cli.run(["pretrain", "student", *line]) == 0


@pytest.mark.parametrize("some", [True, False])
def test_a_finished_model_goes_on_from_scenes_of_some_colors_or_of_all(
    some: bool, work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("corpus-1", "renders"):
        shutil.copytree(work / name, tmp_path / name)
    recipe.start_from(tmp_path, work / "podium", 1)
    line = ["--work", str(tmp_path), "--scale", str(SCALE)]
    color = next(scene.color for scene in corpus.scenes(tmp_path / "corpus-1") if scene.color)
    capsys.readouterr()
    assert "mauve" in complaint(capsys, "refine", "--colors", f"{color},mauve", *line)
    assert not (tmp_path / "student").exists()
    assert cli.run(["pretrain", "refine", *(["--colors", color] if some else []), *line]) == 0
    before, after = drawing.trained_denoiser(tmp_path), drawing.drawing_network(tmp_path)[0]
    assert torch.equal(before.table.rows.weight, after.table.rows.weight)  # which the text encoder writes
    assert not torch.equal(before.unet.conv_in.weight, after.unet.conv_in.weight)


def test_scenes_without_the_color_asked_for_are_said(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    colorless = [replace(scene, color=None) for scene in corpus.scenes(work / "corpus-1")]
    monkeypatch.setattr("t2i_studio.pretraining.corpus.scenes", lambda folder: colorless)
    capsys.readouterr()
    assert "white" in complaint(capsys, "refine", "--colors", "white", "--work", str(work))


def test_the_judge_is_exported_with_what_it_was_measured_to_know(work: Path, tmp_path: Path) -> None:
    line = ["export-judge", "--work", str(work), "--out", str(tmp_path / "judge"), "--held-out", "16"]
    assert cli.run(["pretrain", *line]) == 0
    card, judge = load_card(tmp_path / "judge"), load_judge(tmp_path / "judge")
    assert (card.steps, card.scenes) == (recipe.plan("judge", SCALE).steps, 16)
    assert judge.taught == set(load_catalogue().tier(1))
    right = judging.accuracy(judge, *judging.fresh_scenes(work, 1, 16), load_catalogue())
    assert card.held_out == {name: round(share, 4) for name, share in right.items()}


def test_a_judge_may_begin_with_a_finished_one(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("corpus-1", "renders", "code.safetensors"):
        (tmp_path / name).symlink_to(work / name)
    line = ["pretrain", "judge", "--work", str(tmp_path), "--scale", str(SCALE), "--steps", "1", "--from"]
    capsys.readouterr()
    assert cli.run([*line, str(tmp_path / "none")]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err.splitlines()[-1]
    assert cli.run([*line, str(EMBEDDED_JUDGE)]) == 0
    for ours, theirs in zip(judging.trained(tmp_path).parameters(), load_judge().parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=0.02)  # one step away


def test_a_second_judge_has_its_own_scenes_and_its_own_scores(work: Path, tmp_path: Path) -> None:
    for name in ("judge", "renders", "code.safetensors"):
        (tmp_path / name).symlink_to(work / name)
    painter, objects = recipe.painter_of(work / "podium"), ["handbag", "apple"]
    without = recipe.evaluate_pipeline(tmp_path, painter, objects, 2).scores
    assert cli.run(["pretrain", "second-judge", "--work", str(tmp_path), "--scale", str(SCALE)]) == 0
    first, own = next(corpus.parts(work / "corpus-1"))[0], next(corpus.parts(tmp_path / "corpus-second-1"))[0]
    assert not any(np.array_equal(one, other) for one in first for other in own)
    scores = recipe.evaluate_pipeline(tmp_path, painter, objects, 2).scores
    assert {name: value for name, value in scores.items() if not name.startswith("second.")} == without
    assert {name for name in scores if name.startswith("second.")} == {f"second.{name}" for name in without}
    rows = model_card.table(scores).splitlines()
    assert rows[0].endswith("| value | second judge |")
    assert f"| object | {scores['object']:.3f} | {scores['second.object']:.3f} |" in rows
    assert len(rows) == 2 + len(without)


def test_where_no_judge_was_trained_the_studios_own_judges(tmp_path: Path) -> None:
    assert judging.critic(tmp_path) is load_judge()
    assert judging.second_critic(tmp_path) is None


def test_words_that_are_kept_stay_as_they_are_while_drawing_goes_on(work: Path, tmp_path: Path) -> None:
    for name in ("corpus-1", "denoiser"):
        shutil.copytree(work / name, tmp_path / name)
    shutil.copy(work / "code.safetensors", tmp_path)
    run = Run(tmp_path / "denoiser")

    def goes_on(*more: str) -> set[str]:
        """Of words and drawing, what one more step changes."""
        before = run.load() or {}
        steps = str(before["step"] + 1)
        assert cli.run(["pretrain", "denoiser", "--work", str(tmp_path), "--steps", steps, "--no-decay", *more]) == 0
        after = (run.load() or {})["model"]
        return {name.partition(".")[0] for name, one in before["model"].items() if not torch.equal(one, after[name])}

    assert goes_on("--keep-words") == {"unet"}
    assert goes_on() == {"table", "unet"}
