"""The Learn page: from ratings to a better model."""

import gradio as gr

from t2i_studio.ui.desk import server_function
from t2i_studio.ui.learn_actions import LEARN_ACTIONS
from t2i_studio.ui.parts import part
from t2i_studio.ui.studio import Studio


def build(studio: Studio) -> None:
    """One part; with ?run= in the page's address it shows that run."""
    with gr.Column(elem_id="main", elem_classes="learn sessions"):
        part("learn", server_functions=[server_function(studio, action) for action in LEARN_ACTIONS])
