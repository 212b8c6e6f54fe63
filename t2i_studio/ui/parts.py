"""Parts of a page that Gradio has no component for: a `gr.HTML` whose nodes one of our scripts builds.

The template is constant and the scripts write user text with `textContent`, because Gradio runs a template's
filled-in value as a JavaScript template: text in it could execute.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from t2i_studio.brief import grids, markets, presets
from t2i_studio.ui.i18n import TABLE

STATIC = Path(__file__).parent / "static"


@cache
def version() -> str:
    """Changes with any script, style, word or preset, so that browsers may keep them for ever."""
    digest = hashlib.sha256(TABLE.read_bytes())
    scripts = (path for path in STATIC.rglob("*") if path.is_file())
    tables = (grids.NAMES, presets.TABLE, *presets.PICTURES.iterdir(), markets.FOLDER / "markets.csv")
    for path in sorted((*scripts, *tables)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def part(
    script: str,
    *,
    events: Sequence[str] = (),
    server_functions: Sequence[Callable[..., Any]] = (),
    **props: Any,
) -> gr.HTML:
    """A component built by static/<script>.js, whose export gets {element, props, server, watch, trigger}.

    events: names the script triggers; Gradio looks for them, quoted, in the loading script. props: more
    props the script may watch. `value` is what event handlers get as input.
    """
    names = ", ".join(f'"{name}"' for name in events)
    return gr.HTML(
        html_template=f'<div class="part" data-part="{script}"></div>',
        js_on_load=f'const events = [{names}];\nimport("/studio/{version()}/{script}.js").then((part) => '
        "part.default({element, props, server, watch, trigger, events}));",
        apply_default_css=False,
        server_functions=list(server_functions),
        elem_id=props.pop("elem_id", script),
        **props,
    )
