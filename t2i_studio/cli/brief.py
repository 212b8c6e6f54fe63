"""`brief`: how a description is read, and the prompt a model would get."""

import sys
from typing import Annotated, Any

import typer

from t2i_studio.brief.prompt import compose
from t2i_studio.brief.reading import read
from t2i_studio.cli.console import Json, answer, load_settings, words
from t2i_studio.domain import BRIEF_FIELDS, Brief, Prompt, StyleSettings
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.writer import load_writer
from t2i_studio.engine.writer import rewrite as reword
from t2i_studio.errors import StudioError


def brief(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A description; - reads it from stdin.")],
    model: Annotated[str | None, typer.Option(metavar="M", help="Whose prompt [env: T2I_MODEL].")] = None,
    rewrite: Annotated[bool, typer.Option("--rewrite", help="Let the model of T2I_WRITER reword the prompt.")] = False,
    json: Json = False,
) -> None:
    """Read a description: product, colours, backdrop and the rest, each with its place; and the prompt made of it."""
    text = sys.stdin.read() if text == "-" else text
    settings = load_settings()
    card = find_model(settings, model or settings.model)
    writer = load_writer(settings) if rewrite else None
    understood = read(text)
    problem: StudioError | None = None
    prompt = Prompt(text="")
    try:
        prompt = compose(text, StyleSettings(), card)
        if writer is not None:
            prompt = reword(understood, prompt, card, writer)
    except StudioError as error:  # reading is what was asked for; what the model cannot draw is part of the answer
        problem = error
    data = _data(understood, prompt, problem)
    lines = [f"{name}: {_line(value)}" for name, value in data.items() if value and name != "spans"]
    answer(data, "\n".join(lines), json)


def _data(brief: Brief, prompt: Prompt, problem: StudioError | None) -> dict[str, Any]:
    """The answer as JSON. spans: [field, value, start, end], characters of the text as it was given, trimmed."""
    fields = [name for name in (*BRIEF_FIELDS, "other_colors", "unknown") if name != "product"]
    found = {name: getattr(brief, name) for name in fields}
    product = [brief.product] if brief.product else []
    return {
        "text": brief.text,
        "language": brief.language,
        "product": brief.text[brief.product.start : brief.product.end] if brief.product else None,
        "product_en": brief.product_en,
        "product_zh": brief.product_zh,
        "category": brief.category,
        **{name: [each.value for each in values] for name, values in found.items()},
        "backdrop": brief.backdrop[0].value if brief.backdrop else None,
        "season": brief.season[0].value if brief.season else None,
        "campaign": brief.campaign[0].value if brief.campaign else None,
        "scenes": [brief.text[start:end].strip() for start, end in brief.scenes],
        "spans": [
            [name, each.value, each.start, each.end]
            for name, values in {"product": product, **found}.items()
            for each in values
        ],
        "prompt": prompt.text,
        "rewritten": prompt.edited,
        "negative": prompt.negative,
        "dropped": list(prompt.dropped),
        "replaced": [list(pair) for pair in prompt.replaced],
        "problem": None if problem is None else words(problem.sentence("en"), problem.sentence("zh")),
    }


def _line(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    return ", ".join(" → ".join(each) if isinstance(each, list) else str(each) for each in value)
