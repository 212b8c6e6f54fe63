"""Tiny random-weight models of three classes, built from configurations, and a studio to run them in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from t2i_studio.domain import GenerationRequest, Prompt
from t2i_studio.engine import precision
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.loading import LoadedModel, be_deterministic, load_model
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database, open_database

WORDS = ["red", "blue", "handbag", "on", "a", "white", "podium", "mug", "红", "色", "手", "提", "包"]
SIDE = 32
"""Pixels a side of the tiny models' pictures."""


def tokenizer(limit: int = 16) -> Any:
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        model_max_length=limit,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
    )


def autoencoder(channels: int = 4, **more: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=SIDE,
        **more,
    )


def text_encoder(hidden: int = 16, projection: int | None = None) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        hidden_size=hidden,
        intermediate_size=32,
        num_attention_heads=2,
        num_hidden_layers=2,
        vocab_size=32,
        max_position_embeddings=16,
        projection_dim=projection or hidden,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    return CLIPTextModelWithProjection(config) if projection else CLIPTextModel(config)


def unet(cross: int, **more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=SIDE // 2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross,
        norm_num_groups=4,
        **{"attention_head_dim": 4} | more,
    )


def stable_diffusion() -> Any:
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    return StableDiffusionPipeline(
        vae=autoencoder(),
        text_encoder=text_encoder(),
        tokenizer=tokenizer(),
        unet=unet(16),
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            clip_sample=False,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl() -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    return StableDiffusionXLPipeline(
        vae=autoencoder(),
        text_encoder=text_encoder(),
        text_encoder_2=text_encoder(16, projection=16),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=unet(
            32,
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 16,
            transformer_layers_per_block=1,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        add_watermarker=False,
    )


def z_image() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel

    network = ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        axes_dims=[8, 4, 4],
        axes_lens=[64, 64, 64],
    )
    with torch.no_grad():
        network.x_pad_token.normal_()
        network.cap_pad_token.normal_()
    return ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoder(scaling_factor=0.36, shift_factor=0.11),
        text_encoder=_language_model(),
        tokenizer=_chat_tokenizer(),
        transformer=network,
    )


def flux2_klein() -> Any:
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )

    return Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=AutoencoderKLFlux2(
            block_out_channels=(8, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=SIDE,
        ),
        text_encoder=_language_model(layers=28),
        tokenizer=_chat_tokenizer(),
        transformer=Flux2Transformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=48,
            timestep_guidance_channels=16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        is_distilled=True,
    )


def _language_model(layers: int = 2) -> Any:
    from transformers import Qwen3Config, Qwen3Model

    return Qwen3Model(
        Qwen3Config(
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=layers,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=8,
            vocab_size=32,
            max_position_embeddings=128,
        )
    ).eval()


def _chat_tokenizer() -> Any:
    words = tokenizer(limit=64)
    words.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    return words


BUILDERS: dict[str, Callable[[], Any]] = {
    "stable-diffusion": stable_diffusion,
    "stable-diffusion-xl": stable_diffusion_xl,
    "z-image": z_image,
    "flux2-klein": flux2_klein,
}
CARDS = {
    "stable-diffusion": {"guidance": 4.0},
    "stable-diffusion-xl": {"guidance": 4.0},
    "z-image": {"guidance": 0.0, "max_prompt_tokens": 64, "negative_prompt": False},
    "flux2-klein": {"guidance": 1.0, "max_prompt_tokens": 64, "negative_prompt": False},
}


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each class, with random weights from a fixed seed."""
    folders = {}
    for name, build in BUILDERS.items():
        torch.manual_seed(7)
        folder = tmp_path_factory.mktemp("models") / name
        build().save_pretrained(folder)
        card = {"steps": 4, "width": SIDE, "height": SIDE} | CARDS[name]
        (folder / "studio.json").write_text(json.dumps(card))
        folders[name] = folder
    return folders


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "home")
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, tiny_models: dict[str, Path]) -> Settings:
    model = str(tiny_models["stable-diffusion"])
    return Settings(home=tmp_path / "home", model=model, device="cpu", threads=2, offline=True)


@pytest.fixture
def engine(db: Database, settings: Settings) -> Iterator[Engine]:
    running = Engine(db, settings)
    running.start()
    yield running
    running.close()


@pytest.fixture
def load(
    settings: Settings, tiny_models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], LoadedModel]:
    """A tiny model by name, loaded in full precision: which one is fastest differs from machine to machine."""
    monkeypatch.setattr(precision, "fastest_dtype", lambda device: torch.float32)
    be_deterministic()

    def loaded(name: str = "stable-diffusion") -> LoadedModel:
        card = find_model(settings, str(tiny_models[name]))
        return load_model(card, torch.device("cpu"), settings, tmp_path / "cache")

    return loaded


@pytest.fixture
def request_for(tiny_models: dict[str, Path]) -> Callable[..., GenerationRequest]:
    """A request to a tiny model: `request_for("z-image", seed=3, variants=2)`."""

    def make(name: str = "stable-diffusion", **values: Any) -> GenerationRequest:
        text = values.pop("text", "red handbag on a white podium")
        prompt = Prompt(text=text, negative=values.pop("negative", ""))
        given = {"seed": 11, "variants": 1, "model": str(tiny_models[name])} | values
        return GenerationRequest(text=text, prompt=prompt, **given)

    return make
