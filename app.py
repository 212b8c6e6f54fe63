"""Opens the studio: `python app.py`."""

import gc
import sys

from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings

if __name__ == "__main__":
    gc.disable()  # until the pages are built: importing makes much and leaves no garbage
    from t2i_studio.ui.server import serve

    try:
        serve(Settings())
    except StudioError as error:
        sys.exit(f"{error.sentence('zh')}\n{error.sentence('en')}")
