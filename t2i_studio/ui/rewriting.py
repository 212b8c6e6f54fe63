"""The prompt reworded by the local language model that the studio's owner configured, on the visitor's request."""

import time
from typing import Any

import gradio as gr

from t2i_studio.brief.reading import read
from t2i_studio.brief.requests import make_request
from t2i_studio.engine.writer import load_writer, rewrite
from t2i_studio.errors import StudioError
from t2i_studio.ui import form
from t2i_studio.ui.studio import Studio, Visitor
from t2i_studio.ui.understanding import first_text


def reword(studio: Studio, visitor: Visitor, asked: dict[str, Any], *values: Any) -> list[Any]:
    """The composed prompt in the writer's words, or why there is none, for the prompt's part of the page.

    Always an answer, since the part waits for one; nothing is drawn of it before the visitor has seen it.
    """
    try:
        options = form.options(studio, visitor, *values)
        text = first_text(options["text"])
        composed = make_request(**options | {"text": text, "prompt": None}).prompt
        brief = read(text, options["marks"])
        answer = {"text": rewrite(brief, composed, options["model"], load_writer(studio.settings)).text}
    except StudioError as error:
        answer = {"problem": error.sentence(visitor.language)}
    return [gr.HTML(written=answer | {"at": time.time_ns()})]
