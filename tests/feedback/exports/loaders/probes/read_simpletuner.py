"""Run by SimpleTuner's Python inside an export: its configuration loaded and checked, pictures and captions found.

No model is loaded, so nothing is put into buckets or caches. Arguments: the checkout, a scratch folder.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, sys.argv[1])

from accelerate import Accelerator
from simpletuner.helpers.data_backend.config import create_backend_config
from simpletuner.helpers.data_backend.factory import FactoryRegistry, get_local_backend
from simpletuner.helpers.prompts import PromptHandler

arguments = SimpleNamespace(
    data_backend_config="multidatabackend.json",
    model_family="flux",
    model_type="lora",
    output_dir=sys.argv[2],
    cache_dir=sys.argv[2],
    resolution=1.0,
    resolution_type="area",
    caption_strategy="filename",
    minimum_image_size=0,
    max_train_steps=10,
    num_train_epochs=0,
    train_batch_size=1,
    aspect_bucket_alignment=64,
)
accelerator = Accelerator(cpu=True)
sets = FactoryRegistry(arguments, accelerator, None, None, None).load_configuration()
found: dict[str, object] = {}
for one in sets:
    create_backend_config(one, vars(arguments)).validate(vars(arguments))
    if "instance_data_dir" in one:
        files = get_local_backend(accelerator, one["id"])
        lists = files.list_files(file_extensions=["png"], instance_data_dir=one["instance_data_dir"])
        found[one["id"]] = sorted(Path(path).name for _, _, paths in lists for path in paths)
    if one.get("dataset_type") == "image":
        found["captions"] = [
            PromptHandler.magic_prompt(
                sampler_backend_id=one["id"],
                data_backend=files,
                image_path=f"{one['instance_data_dir']}/{name}",
                caption_strategy=one["caption_strategy"],
                use_captions=True,
                prepend_instance_prompt=False,
                instance_prompt=None,
            )
            for name in found[one["id"]]  # type: ignore[attr-defined]
        ]
print(json.dumps({"order": [one["id"] for one in sets]} | found))
