"""The page of one variant: how it was made, where it comes from, what became of it."""

import gradio as gr

from t2i_studio.ui import desk
from t2i_studio.ui.desk import server_function
from t2i_studio.ui.explaining import explain, explanation, stop_explaining
from t2i_studio.ui.parts import part
from t2i_studio.ui.studio import Studio


def build(studio: Studio) -> None:
    """One part; it reads the variant's id from the page's address."""
    with gr.Column(elem_id="main", elem_classes="detail"):
        part(
            "detail",
            server_functions=[
                server_function(studio, action)
                for action in (desk.detail, desk.again, explain, explanation, stop_explaining, *desk.CARD_ACTIONS)
            ],
        )
