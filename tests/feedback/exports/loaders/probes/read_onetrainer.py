"""Run by OneTrainer's Python inside an export: the pictures and captions its data loader gives a training of SD 1.5.

The autoencoder is a tiny random-weight one. Arguments: the checkout, a scratch folder.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import torch
from diffusers import AutoencoderKL
from modules.dataLoader.StableDiffusionBaseDataLoader import StableDiffusionBaseDataLoader
from modules.model.StableDiffusionModel import StableDiffusionModel
from modules.modelSetup.StableDiffusionFineTuneSetup import StableDiffusionFineTuneSetup
from modules.util.config.ConceptConfig import ConceptConfig
from modules.util.config.TrainConfig import TrainConfig
from modules.util.enum.ModelType import ModelType
from modules.util.TrainProgress import TrainProgress
from transformers import CLIPTokenizer

scratch, cpu = Path(sys.argv[2]), torch.device("cpu")
concept = ConceptConfig.default_values()
concept.name, concept.path = "liked", "."
config = TrainConfig.default_values()
config.model_type = ModelType.STABLE_DIFFUSION_15
config.concepts = [concept]
config.cache_dir = str(scratch / "cache")
config.resolution = "128"
config.latent_caching = False
config.train_device = "cpu"
config.dataloader_threads = 1
model = StableDiffusionModel(ModelType.STABLE_DIFFUSION_15)
model.vae = AutoencoderKL(
    block_out_channels=(32, 32, 32, 32),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
)
words = ["<|startoftext|>", "<|endoftext|>"]
model.tokenizer = CLIPTokenizer(vocab={word: place for place, word in enumerate(words)}, merges=[], model_max_length=77)
setup = StableDiffusionFineTuneSetup(cpu, cpu, False)
loader = StableDiffusionBaseDataLoader(cpu, cpu, config, model, setup, TrainProgress())
loader.get_data_set().start_next_epoch()
found = []
for batch in loader.get_data_loader():
    height, width = batch["latent_image"].shape[-2:]
    found += [
        [Path(path).name, prompt, [8 * width, 8 * height]]
        for path, prompt in zip(batch["image_path"], batch["prompt"], strict=True)
    ]
print(json.dumps(found))
