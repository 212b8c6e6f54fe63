"""Run by sd-scripts' Python inside an export: the batches that its LoRA training of SD 1.5 gets from dataset.toml.

Its own tokenizer would be downloaded, so captions become zeros beside the texts. Argument: the checkout.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import torch
import train_network
from library import config_util
from library.strategy_base import TokenizeStrategy


class Wordless(TokenizeStrategy):
    def tokenize(self, text: str, is_weighted: bool = False) -> list[torch.Tensor]:
        return [torch.zeros(1, 77, dtype=torch.long)]


arguments = train_network.setup_parser().parse_args(["--dataset_config", "dataset.toml"])
TokenizeStrategy.set_strategy(Wordless())
blueprint = config_util.BlueprintGenerator(config_util.ConfigSanitizer(True, True, False, True)).generate(
    config_util.load_user_config(arguments.dataset_config), arguments
)
train, _ = config_util.generate_dataset_group_by_blueprint(blueprint.dataset_group)
train_network.NetworkTrainer().assert_extra_args(arguments, train, None)
train.set_current_strategies()
found = []
for place in range(len(train)):
    batch = train[place]
    for picture, caption in zip(batch["images"], batch["captions"], strict=True):
        height, width = picture.shape[-2:]
        red = float(picture[0, height // 2, width // 2])
        found.append([round((red + 1) * 127.5), caption, [width, height]])
print(json.dumps(found))
