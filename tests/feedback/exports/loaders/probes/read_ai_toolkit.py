"""Run by ai-toolkit's Python inside an export: the pictures and captions its data loader gives a training of SD 1.5.

Argument: the checkout.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from toolkit.config_modules import ModelConfig
from toolkit.data_loader import get_dataloader_from_datasets
from toolkit.stable_diffusion_model import StableDiffusion

model = StableDiffusion("cpu", ModelConfig(name_or_path="none", arch="sd1"), dtype="float32")
model.vae = model.unet = None  # not loaded: pictures are read without them
options = {"folder_path": ".", "caption_ext": "txt", "resolution": 128, "num_workers": 0}
found = []
for batch in get_dataloader_from_datasets([options], batch_size=1, sd=model):
    for item in batch.file_items:
        red = item.tensor[0, item.tensor.shape[1] // 2, item.tensor.shape[2] // 2]
        found.append([round((float(red) + 1) * 127.5), item.raw_caption])
print(json.dumps(found))
