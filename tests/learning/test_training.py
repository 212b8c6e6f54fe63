"""Every method on every class of model: it trains, is saved, loads in plain diffusers, changes pictures; a run that was
killed goes on to the same adapter.
"""

from collections.abc import Callable
from pathlib import Path

import diffusers
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from t2i_studio.domain import GenerationRequest, Method, Prompt
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.loading import load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning import lora, training
from t2i_studio.learning.plan import TrainingPlan
from t2i_studio.learning.trainee import Trainee
from t2i_studio.settings import Settings

METHODS = (Method.SUPERVISED, Method.DPO, Method.KTO, Method.MAPO)
CLASSES = ("stable-diffusion", "stable-diffusion-xl", "z-image", "flux2-klein")
TEXT = "red handbag on a white podium"


def plan_of(method: Method, steps: int = 4, eight_bit: bool = False) -> TrainingPlan:
    beta = 0.1 if method is Method.MAPO else 100.0
    return TrainingPlan(method=method, steps=steps, batch=2, rate=1e-2, beta=beta, rank=2, kl=0.1, eight_bit=eight_bit)


def lessons_for(trainee: Trainee, method: Method) -> list[training.Pair] | list[training.Single]:
    chance = torch.Generator().manual_seed(3)
    latents = torch.randn(6, 1, *trainee.layout.shape[1:], generator=chance)
    if method in (Method.DPO, Method.MAPO):
        return [training.Pair(latents[k], latents[k + 1], TEXT, 1.0 if k else 0.5) for k in (0, 2, 4)]
    return [training.Single(latents[k], TEXT, good=k % 2 == 0 or method is Method.SUPERVISED) for k in range(6)]


def trained(trainee: Trainee, plan: TrainingPlan, folder: Path) -> dict[str, torch.Tensor]:
    folder.mkdir(exist_ok=True)
    training.train(trainee, lessons_for(trainee, plan.method), plan, folder, lambda *_: None)
    return lora.weights_of(trainee.network)


@pytest.mark.parametrize(("name", "method"), [(name, METHODS[k % 4]) for k, name in enumerate(CLASSES)]
                         + [("stable-diffusion", method) for method in METHODS[1:]])  # fmt: skip
def test_it_trains_and_changes_pictures_in_plain_diffusers(
    name: str, method: Method, trainee: Callable[[str], Trainee], tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    ready = trainee(name)
    trained(ready, plan_of(method), tmp_path / "run")
    folder = tmp_path / "run" / "adapter"
    lora.write_adapter(ready.model.pipe, ready.network, folder)

    limit = {"max_sequence_length": 64} if name in ("z-image", "flux2-klein") else {}

    def picture(with_adapter: bool) -> torch.Tensor:
        pipe = diffusers.DiffusionPipeline.from_pretrained(tiny_models[name])
        pipe.set_progress_bar_config(disable=True)
        if with_adapter:
            pipe.load_lora_weights(str(folder))
        seed = torch.Generator().manual_seed(1)
        made = pipe(prompt=TEXT, num_inference_steps=2, guidance_scale=1.0, generator=seed, height=32, width=32,
                    output_type="pt", **limit)  # fmt: skip
        return made.images

    assert not torch.equal(picture(True), picture(False))


class Killed(Exception):  # noqa: N818  (no error)
    pass


@pytest.mark.parametrize(("method", "eight_bit"), [*((method, False) for method in METHODS), (Method.DPO, True)])
def test_a_killed_run_goes_on_to_the_same_adapter(
    method: Method, eight_bit: bool, trainee: Callable[[str], Trainee], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if eight_bit:
        pytest.importorskip("bitsandbytes")
    plan = plan_of(method, 6, eight_bit)
    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    whole = trained(trainee("stable-diffusion"), plan, tmp_path / "whole")

    def die(step: int, _: dict[str, float]) -> None:
        if step == 3:
            raise Killed

    ready = trainee("stable-diffusion")
    (tmp_path / "killed").mkdir()
    with pytest.raises(Killed):
        training.train(ready, lessons_for(ready, method), plan, tmp_path / "killed", die)
    resumed = trained(trainee("stable-diffusion"), plan, tmp_path / "killed")
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_checkpoint_of_another_plan_is_refused(trainee: Callable[[str], Trainee], tmp_path: Path) -> None:
    trained(trainee("stable-diffusion"), plan_of(Method.DPO, 2), tmp_path)
    with pytest.raises(StudioError, match="checkpoint"):
        trained(trainee("stable-diffusion"), plan_of(Method.DPO, 3), tmp_path)


def test_dpo_learns_what_is_preferred(tmp_path: Path) -> None:
    """The embedded model, shown warm pictures preferred to cold ones, leans to warm ones after 30 steps."""
    card = find_model(Settings(), "podium")
    model = load_model(card, torch.device("cpu"), Settings(threads=1), tmp_path)
    ready = Trainee(model, accept(GenerationRequest(text=TEXT, prompt=Prompt(text=TEXT), seed=0), card))
    warm, cold = (ready.encode(Image.new("RGB", (256, 256), color)) for color in ((230, 160, 60), (60, 160, 230)))
    plan = TrainingPlan(method=Method.DPO, steps=30, batch=2, rate=3e-3, beta=100.0, keep=0.0)
    told: list[float] = []
    training.train(
        ready, [training.Pair(warm, cold, TEXT)], plan, tmp_path, lambda _, scalars: told.append(scalars["right"])
    )
    assert told[0] == 0  # nothing learnt, nothing leans
    assert sum(told[-10:]) / 10 > 0.9


def test_a_share_of_the_adapter_changes_weights_by_that_share(
    trainee: Callable[[str], Trainee], tmp_path: Path
) -> None:
    ready = trainee("stable-diffusion")
    whole = changes(trained(ready, plan_of(Method.DPO), tmp_path / "run"))
    lora.shrink(ready.network, 0.25)
    less = changes(lora.weights_of(ready.network))
    assert all(change.abs().max() > 0 for change in whole.values())
    assert all(torch.allclose(less[name], change / 4) for name, change in whole.items())


def changes(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What an adapter adds to each layer, by its name."""
    names = [name.removesuffix("lora_A.weight") for name in weights if name.endswith("lora_A.weight")]
    return {name: weights[f"{name}lora_B.weight"] @ weights[f"{name}lora_A.weight"] for name in names}


def test_names_of_other_tools(trainee: Callable[[str], Trainee], tmp_path: Path) -> None:
    """The file for other tools holds the same numbers under kohya's names, and diffusers reads it back."""
    ready = trainee("stable-diffusion")
    trained(ready, plan_of(Method.DPO), tmp_path / "run")
    own = lora.write_adapter(ready.model.pipe, ready.network, tmp_path / "run" / "adapter")
    (tmp_path / "kohya.safetensors").write_bytes(lora.for_others(own))
    named = load_file(tmp_path / "kohya.safetensors")
    assert all(name.startswith("lora_unet_") and name.endswith((".lora_down.weight", ".lora_up.weight", ".alpha"))
               for name in named)  # fmt: skip
    lora.detach(ready.network)
    ready.model.pipe.load_lora_weights(str(tmp_path), weight_name="kohya.safetensors")
    back = lora.weights_of(ready.network, "default_0")
    ours = load_file(own)
    assert sorted(float(value.sum()) for value in back.values()) == pytest.approx(
        sorted(float(value.sum()) for value in ours.values())
    )
