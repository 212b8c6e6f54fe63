"""A model folder as the beginning of further training."""

import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from t2i_studio.judge.network import Judge
from t2i_studio.pretraining.text_encoder import text_encoder
from t2i_studio.pretraining.warm_start import with_classes, with_words


def tokenizer(*words):
    own = ["<pad>", "<s>", "</s>", "<unk>", *words]
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(own)}, unk_token="<unk>"))
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def test_words_keep_what_they_meant_when_the_catalogue_changes():
    before, after = tokenizer("bag", "pump", "mug"), tokenizer("bag", "mug", "vase")
    torch.manual_seed(0)
    theirs, ours = text_encoder(before, 12, 16), text_encoder(after, 12, 16)
    fresh = ours.get_input_embeddings().weight.detach().clone()
    ours.load_state_dict(with_words(theirs, before, ours, after))
    learnt, now = (model.get_input_embeddings().weight for model in (theirs, ours))
    for word in ("<pad>", "bag", "mug"):
        assert torch.equal(now[after.get_vocab()[word]], learnt[before.get_vocab()[word]])
    assert torch.equal(now[after.get_vocab()["vase"]], fresh[after.get_vocab()["vase"]])
    tokens = torch.tensor([[1, 4, 2]])  # "bag" has the same number in both
    assert torch.equal(theirs(tokens).last_hidden_state, ours(tokens).last_hidden_state)


def test_classes_keep_what_they_meant_when_the_catalogue_changes():
    def judge(*objects):
        return Judge({"object": objects, "color": ("", "red")})

    theirs, ours = judge("bag", "pump", "mug"), judge("bag", "mug", "vase")
    fresh = ours.heads["object"].weight.detach().clone()
    ours.load_state_dict(with_classes(theirs, ours))
    learnt, now = (model.heads["object"].weight for model in (theirs, ours))
    assert torch.equal(now[:2], learnt[[0, 2]])
    assert torch.equal(now[2], fresh[2])
    picture = torch.rand(1, 3, 128, 128)
    assert torch.equal(ours(picture)["color"], theirs(picture)["color"])
    assert torch.allclose(ours(picture)["object"][:, :2], theirs(picture)["object"][:, [0, 2]])
