"""Run by Diffusion-KTO's Python inside an export: its training script for two steps, on a tiny random-weight model.

Its reading of the table is part of the script and cannot be called alone. Says how many pictures it took for good and
for bad ones. Arguments: the checkout, a scratch folder.
"""

import contextlib
import io
import json
import os
import re
import runpy
import sys
from pathlib import Path

import diffusers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.models.clip.tokenization_clip import bytes_to_unicode


def tiny_model(folder: Path) -> None:
    """Stable Diffusion 1.5 in small; its tokenizer knows bytes only."""
    signs = list(bytes_to_unicode().values())
    words = [*signs, *(sign + "</w>" for sign in signs), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    blocks: dict = {"block_out_channels": (32, 64), "layers_per_block": 1}
    diffusers.StableDiffusionPipeline(
        tokenizer=CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77),
        text_encoder=CLIPTextModel(text),
        unet=diffusers.UNet2DConditionModel(
            **blocks,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=32,
            sample_size=8,
        ),
        vae=diffusers.AutoencoderKL(
            **blocks, down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2
        ),
        scheduler=diffusers.DDPMScheduler(
            clip_sample=False, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


os.environ["WANDB_MODE"] = "disabled"
checkout, scratch = sys.argv[1], Path(sys.argv[2])
tiny_model(scratch)
options = {
    "pretrained_model_name_or_path": scratch,
    "dataset_name": "unused",  # must be given, but with a folder is not read
    "train_data_dir": ".",
    "dataloader": "pick",
    "pick_split": "train",
    "policy": "gt_label_wi_l",
    "loss": "kto",
    "halo": "sigmoid",
    "positive_ratio": "0.8",
    "resolution": "64",
    "train_batch_size": "2",
    "max_train_steps": "2",
    "mixed_precision": "no",
    "report_to": "wandb",
    "output_dir": scratch / "out",
    "seed": "0",
    "rank": "2",
}
script = f"{checkout}/train_kto_sd_v1.5.py"
sys.argv = [script, *(part for name, value in options.items() for part in (f"--{name}", str(value))), "--use_lora"]
with contextlib.redirect_stdout(io.StringIO()) as said:
    runpy.run_path(script, run_name="__main__")
wins, loses, total = map(int, re.findall(r"wins: (\d+) loses: (\d+) total: (\d+)", said.getvalue())[0])
print(json.dumps({"wins": wins, "loses": loses, "total": total}))
