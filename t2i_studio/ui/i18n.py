"""Words of the pages in both languages, and which language a visitor gets.

The words are data, assets/words/ui.json: {key: {"en": …, "zh": …}}; `{name}` is a value filled in. Gradio's
own components take them through `gr.I18n`, our scripts through a file of words made for one language.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from t2i_studio.errors import Language
from t2i_studio.settings import ASSETS

TABLE = ASSETS / "words" / "ui.json"
LANGUAGES: tuple[Language, ...] = ("en", "zh")
LOCALES: dict[Language, str] = {"en": "en", "zh": "zh-CN"}
"""What the browser is told, so that Gradio picks its own words: its Chinese table has no other name."""
COOKIE = "lang"


@cache
def words(language: Language) -> dict[str, str]:
    """Every word of the pages in `language`."""
    table: dict[str, dict[Language, str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return {key: row[language] for key, row in table.items()}


def choose_language(cookies: Mapping[str, str], accepted: str) -> Language:
    """The visitor's choice (cookie), else the first language of ours in Accept-Language, else English."""
    if (chosen := cookies.get(COOKIE)) in LANGUAGES:
        return chosen  # type: ignore[return-value]
    ranked = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), place, tag.lower()))
        except ValueError:
            continue
    for _, _, tag in sorted(ranked):
        for language in LANGUAGES:
            if tag.split("-")[0] == language:
                return language
    return "en"


def gradio_words() -> Any:
    """The same words for Gradio's components: `tr = gradio_words(); gr.Textbox(label=tr("description"))`."""
    import gradio as gr

    return gr.I18n(**{LOCALES[language]: words(language) for language in LANGUAGES})
