"""Old and new are drawn from the same seeds, resumably; what fell is measured, and what did not is not invented."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from t2i_studio.domain import Adapter
from t2i_studio.engine.loading import be_deterministic, load_model
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.engine.steps import Stopped
from t2i_studio.errors import StudioError
from t2i_studio.learning.evaluation import Asked, EvaluationPlan, kept_plan, make, pictures, plan_evaluation
from t2i_studio.learning.held_out import HeldOut
from t2i_studio.learning.measuring import evaluate, measure
from t2i_studio.settings import Settings

HELD_OUT = HeldOut(fresh=("a red mug", "红色手提包"), known=("a blue handbag",))


@pytest.fixture(scope="module")
def model(tiny_model, tmp_path_factory):
    be_deterministic()
    card = ModelCard(name="tiny", source=str(tiny_model), steps=2, width=32, height=32)
    settings = Settings(device="cpu", threads=2)
    return load_model(card, torch.device("cpu"), settings, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipe = StableDiffusionPipeline.from_pretrained(tiny_model)
    pipe.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    folder = tmp_path_factory.mktemp("adapter")
    StableDiffusionPipeline.save_lora_weights(folder, get_peft_model_state_dict(pipe.unet))
    return Adapter(path=str(folder))


def bits(folder):
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in sorted(folder.glob("*/*.png"))}


def nothing(done, total):
    pass


def test_old_and_new_differ_only_by_the_adapter(model, adapter, tmp_path):
    plan = plan_evaluation(model, HELD_OUT, (), (adapter,), comparisons=8)
    assert [len(asked.seeds) for asked in plan.asked] == [4, 4]
    make(tmp_path, plan, model, nothing)
    old, new = (pictures(tmp_path, plan, side) for side in ("old", "new"))
    assert [asked.text for asked, _ in old] == list(HELD_OUT.fresh)
    for (_, before), (_, after) in zip(old, new, strict=True):
        assert all(a.tobytes() != b.tobytes() for a, b in zip(before, after, strict=True))
    same = tmp_path / "same"
    make(same, plan_evaluation(model, HELD_OUT, (adapter,), (adapter,), comparisons=8), model, nothing)
    found = measure(same, kept_plan(same), model.card)
    assert found.diversity.value == pytest.approx(0)
    assert (found.adherence, found.fresh, found.known) == (None, 2, 0)


def test_an_evaluation_that_was_stopped_goes_on_to_the_same_pictures(model, adapter, tmp_path):
    plan = plan_evaluation(model, HELD_OUT, (), (adapter,), comparisons=8)
    make(tmp_path / "whole", plan, model, nothing)
    seen = []

    def until_some_are_done(done, total):
        seen.append((done, total))
        if done >= 4:
            raise Stopped

    with pytest.raises(Stopped):
        make(tmp_path / "stopped", plan, model, until_some_are_done)
    assert 0 < len(bits(tmp_path / "stopped")) < 16
    before = bits(tmp_path / "stopped")
    made = []
    make(tmp_path / "stopped", plan, model, lambda done, total: made.append(done))
    assert made[0] == len(before)
    assert bits(tmp_path / "stopped") == bits(tmp_path / "whole")
    assert seen[0] == (0, 16)


def test_pictures_of_another_plan_are_not_taken_for_these(model, adapter, tmp_path):
    first = plan_evaluation(model, HELD_OUT, (), (adapter,), comparisons=8)
    make(tmp_path, first, model, nothing)
    before = bits(tmp_path)
    other = first.model_copy(update={"new": (adapter.model_copy(update={"scale": 0.3}),)})
    make(tmp_path, other, model, nothing)
    assert {name for name, data in bits(tmp_path).items() if data != before[name]} == {
        f"new/{k:03}.png" for k in range(8)
    }


def test_where_too_little_is_known_more_pictures_are_made(model, adapter, tmp_path):
    plan = plan_evaluation(model, HELD_OUT, (), (adapter,), comparisons=8)
    assert [asked.text for asked in plan.extra] == ["a blue handbag"]
    found = evaluate(tmp_path, plan, model, nothing)
    made = len(list((tmp_path / "new").glob("*.png")))
    assert made == (8 if found.diversity.value > 2 or found.diversity.high <= 4 else 12)


def test_few_products_get_more_seeds_and_then_rated_products_too(model):
    many = HeldOut(fresh=tuple(f"a red mug {k}" for k in range(40)), known=("a blue mug",))
    assert {len(asked.seeds) for asked in plan_evaluation(model, many, (), (), 192).asked} == {5}
    few = HeldOut(fresh=("a red mug",), known=tuple(f"a blue mug {k}" for k in range(40)))
    plan = plan_evaluation(model, few, (), (), 192)
    assert [asked.fresh for asked in plan.asked] == [True] + [False] * 23
    assert len({seed for asked in (*plan.asked, *plan.extra) for seed in asked.seeds}) == 24 * 8 + 17 * 4


def test_an_adapter_of_another_model_is_refused(model, tmp_path):
    with pytest.raises(StudioError, match=r"adapter|Adapter"):
        plan_evaluation(model, HELD_OUT, (), (Adapter(path=str(tmp_path)),), 8)


def drawn(folder, plan, side, number, color, seed):
    image = Image.new("RGB", (128, 128), "#f3f3f5")
    x = 30 + seed * 9
    ImageDraw.Draw(image).rectangle([x, 40, x + 40, 90], fill=color)
    (folder / side).mkdir(parents=True, exist_ok=True)
    image.save(folder / side / f"{number:03}.png")


def test_less_variety_is_measured_as_such(tmp_path):
    """New pictures that move half as far from seed to seed have clearly less variety; equal ones have the same."""
    card = find_model(Settings(), "podium")
    asked = tuple(
        Asked(text="a red handbag", product=("handbag", "手提包"), fresh=True, seeds=(0, 1, 2)) for _ in range(6)
    )
    plan = EvaluationPlan(model="podium", model_hash="0", old=(), new=(), asked=asked)
    rng = np.random.default_rng(0)
    for number in range(18):
        color = f"#{int(rng.integers(0x40, 0xFF)):02x}3030"
        drawn(tmp_path, plan, "old", number, color, number % 3)
        drawn(tmp_path, plan, "new", number, "#c03030", 0)
    found = measure(tmp_path, plan, card)
    assert found.diversity.low > 50
    assert found.adherence is not None
    shutil.copytree(tmp_path / "old", tmp_path / "new", dirs_exist_ok=True)
    same = measure(tmp_path, plan, card)
    assert (same.diversity.value, same.adherence.value) == (0, 0)
    assert same.worst is None
