"""The Gallery page: every variant over all time."""

import gradio as gr

from t2i_studio.engine.registry import model_cards
from t2i_studio.store.faults import FAULTS
from t2i_studio.ui import desk, ranking
from t2i_studio.ui.desk import server_function
from t2i_studio.ui.parts import part
from t2i_studio.ui.studio import Studio


def build(studio: Studio) -> None:
    """One part; its filters live in the page's address, so that going back finds the same place."""
    with gr.Column(elem_id="main", elem_classes="gallery"):
        part(
            "gallery",
            server_functions=[server_function(studio, action) for action in (ranking.find, *desk.CARD_ACTIONS)],
            models=[card.name for card in model_cards(studio.settings)],
            faults=list(FAULTS),
        )
