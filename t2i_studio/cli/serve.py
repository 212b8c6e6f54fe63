"""`serve`: opens the pages."""

import gc
from typing import Annotated

import typer

from t2i_studio.brief.values import whole
from t2i_studio.cli.console import Home, load_settings


def serve(
    host: Annotated[str | None, typer.Option(metavar="H", help="Address to listen on [env: T2I_HOST].")] = None,
    port: Annotated[str | None, typer.Option(metavar="P", help="Port [env: T2I_PORT].")] = None,
    auth: Annotated[str | None, typer.Option(metavar="FILE", help="Users file: log-in [env: T2I_AUTH].")] = None,
    home: Home = None,
) -> None:
    """Open the studio in a browser; stop with Ctrl-C."""
    number = None if port is None else whole("port", port, 0, 65535)
    settings = load_settings(home=home, host=host, port=number, auth=auth)
    gc.disable()  # until the pages are built: importing makes much and leaves no garbage
    from t2i_studio.ui.server import serve as serve_pages  # gradio takes two seconds; only here

    serve_pages(settings)
