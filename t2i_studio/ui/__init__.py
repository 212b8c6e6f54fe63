"""The pages: a view of what the store holds and the engine does. No rule of the product lives here."""

import os

from t2i_studio.ui.quick_import import import_quickly

# Both must come before Gradio is imported by anything in this package.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # the studio calls nobody
import_quickly()
