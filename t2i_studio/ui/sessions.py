"""The pages of feedback sessions: all of them with the form for a new one, and one while it runs."""

import gradio as gr

from t2i_studio.ui.desk import server_function
from t2i_studio.ui.parts import part
from t2i_studio.ui.session_live import LIST_ACTIONS, LIVE_ACTIONS
from t2i_studio.ui.session_making import MAKING_ACTIONS
from t2i_studio.ui.studio import Studio


def build_list(studio: Studio) -> None:
    """One part; with ?ids= or ?new= in the page's address it shows the form."""
    with gr.Column(elem_id="main", elem_classes="sessions"):
        actions = (*LIST_ACTIONS, *MAKING_ACTIONS)
        part("sessions", server_functions=[server_function(studio, action) for action in actions])


def build_live(studio: Studio) -> None:
    """One part; it reads the session's number from the page's address."""
    with gr.Column(elem_id="main", elem_classes="session"):
        part("session", server_functions=[server_function(studio, action) for action in LIVE_ACTIONS])
