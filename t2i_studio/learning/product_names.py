"""What products are called, where the preflight counts them by one name for all."""

from functools import cache
from pathlib import Path

from t2i_studio.brief import vocabulary
from t2i_studio.brief.lexicon import Product, lexicon
from t2i_studio.errors import Language, StudioError
from t2i_studio.learning.ladder import Sentence


def product_name(source: str, product: str, language: Language) -> str:
    """A product as learning.held_out.product_of tells it, in a language as far as it is known. source: the model's."""
    known = vocabulary.load(Path(source))
    concept = known.concepts.get(product) if known else None
    if concept:
        return str(concept[language])
    listed = _catalogued().get(product) or lexicon().products.get(product.lower())
    names = (listed.zh if language == "zh" else listed.en) if listed else ()
    return names[0] if names else product


def told(sentence: Sentence, source: str, language: Language) -> str:
    """A sentence of the preflight; a product in it is called by its name. source: the model's."""
    names = {name: product_name(source, id, language) for name, id in sentence.params.items() if name == "product"}
    return StudioError(sentence.key, **sentence.params | names).sentence(language)


@cache
def _catalogued() -> dict[str, Product]:
    """id of the catalogue → its product."""
    return {each.near[0]: each for each in lexicon().products.values() if len(each.near) == 1}
