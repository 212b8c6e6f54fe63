"""Opens the studio: `python app.py`."""

import sys

from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings

if __name__ == "__main__":
    from t2i_studio.ui.server import serve

    try:
        serve(Settings())
    except StudioError as error:
        sys.exit(f"{error.sentence('zh')}\n{error.sentence('en')}")
