"""The embedded model's tokenizer and vocabulary, built from the catalogue's own words.

A Unigram model in which every token costs the same, so that a text becomes the fewest possible words: Chinese
needs no segmenter at run time. English words carry a mark at their beginning, so that no word is found inside
another ("red" in "covered"). What is in no table is spelled letter by letter, or becomes <unk>. The saved
folder is an ordinary one for transformers.AutoTokenizer.
"""

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from t2i_studio.pretraining.captions import plural
from t2i_studio.pretraining.catalogue import Catalogue, Product, Words
from t2i_studio.pretraining.phrases import load_phrases, traditional

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

MAX_LENGTH = 48
PAD, BOS, EOS, UNK = "<pad>", "<bos>", "<eos>", "<unk>"
START = "▁"  # before the first letter of an English word
FUNCTION_WORDS = (
    "the of in on at with and for to by from its it is are has no not this that our your very more less most"
    " under over near behind beside front back top big small large new please make show picture image photo"
    " want need"
)
FUNCTION_CHARACTERS = "的了在上下里和与及是有个一二三两只件款双套张我要想请做给把让为或不没很更最大小前后旁边中间左右之"
_LATIN = re.compile(r"[a-z]+|[^a-z\s]+")


def build_tokenizer(catalogue: Catalogue) -> "PreTrainedTokenizerFast":
    """Tokenizer of all words captions can hold: up to MAX_LENGTH tokens, from <bos> to <eos>, then <pad>."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokens = [PAD, BOS, EOS, UNK, *sorted(_pieces(catalogue))]
    # A token's score is its log-probability: equal ones favour few tokens, a trace of length breaks ties.
    scores = [(token, 0.001 * len(token) ** 2 - 10.0) for token in tokens]
    core = Tokenizer(models.Unigram(scores, unk_id=tokens.index(UNK), byte_fallback=False))
    core.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex("(?<![a-z])(?=[a-z])"), START),
        ]
    )
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"\p{P}|[\p{S}&&[^▁]]"), "isolated")]
    )
    core.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}", special_tokens=[(BOS, tokens.index(BOS)), (EOS, tokens.index(EOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, model_max_length=MAX_LENGTH, padding_side="right",
        pad_token=PAD, bos_token=BOS, eos_token=EOS, unk_token=UNK, clean_up_tokenization_spaces=False,
    )  # fmt: skip


def vocabulary(catalogue: Catalogue, objects: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """What a model trained on `objects` (default: all) knows: KIND.ID → its kind and every word for it."""
    known = catalogue.objects if objects is None else {name: catalogue.objects[name] for name in objects}
    kinds: dict[str, dict[str, Any]] = {
        "object": known,
        "color": catalogue.colors,
        "backdrop": catalogue.backdrops,
        "podium": catalogue.podiums,
        "prop": catalogue.props,
        "position": catalogue.positions,
        "style": {f"{control}.{level}": row for (control, level), row in catalogue.styles.items()},
    }
    return {
        f"{kind}.{name}": {"kind": kind, **_names(words)}
        for kind, table in kinds.items()
        for name, words in table.items()
    }


def _names(words: Words) -> dict[str, Any]:
    names: dict[str, Any] = {
        "en": words.en,
        "zh": words.zh,
        "zh_hant": words.zh_hant,
        "synonyms_en": list(words.synonyms_en),
        "synonyms_zh": list(dict.fromkeys([*words.synonyms_zh, *map(traditional, words.synonyms_zh)])),
    }
    if isinstance(words, Product):
        names["plurals_en"] = [plural(word) for word in (words.en, *words.synonyms_en)]
    return names


def _pieces(catalogue: Catalogue) -> set[str]:
    """Every token beside the special ones."""
    pieces = set(string.ascii_lowercase + string.digits + START) | set(".,;:!?()'\"-/&+%、。")
    pieces |= set(FUNCTION_CHARACTERS) | set(map(traditional, FUNCTION_CHARACTERS))
    for text in (FUNCTION_WORDS, *_texts(catalogue)):
        for run in _LATIN.findall(text.lower()):
            pieces.add(START + run if run[0].isascii() and run.isalpha() else run)
            pieces |= {character for character in run if not character.isascii()}
    return {piece for piece in pieces if not re.search(r"\w[^\w▁]|[^\w▁]\w", piece)}


def _texts(catalogue: Catalogue) -> Iterator[str]:
    """All words of the tables, in all scripts, and the literal parts of the sentence patterns."""
    for concept in vocabulary(catalogue).values():
        for words in concept.values():
            yield from [words] if isinstance(words, str) else words
    for product in catalogue.objects.values():
        yield from (product.hypernym_en, product.hypernym_zh, traditional(product.hypernym_zh))
    for phrases in load_phrases().values():
        for pattern in _strings(phrases.model_dump().values()):
            for literal in re.split(r"\{\w+\}", pattern):
                yield from (literal, traditional(literal))


def _strings(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from [value] if isinstance(value, str) else value
