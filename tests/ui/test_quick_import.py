"""What is put off at start comes when it is wanted."""

import subprocess
import sys

from t2i_studio.settings import ROOT


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_engine_still_loads_behind_the_pages() -> None:
    assert run("import t2i_studio.ui.server, torch._dynamo\nprint('loaded')").endswith("loaded")


def test_pages_load_neither_pandas_nor_torch_and_tables_still_work() -> None:
    said = run(
        "import sys, t2i_studio.ui.server, gradio as gr\n"
        "print('pandas.core' in sys.modules, 'torch' in sys.modules)\n"
        "import pandas\n"
        "print(pandas.DataFrame({'a': [1, 2]}).a.sum(), sys.modules['pandas'].__version__ > '2')\n"
        "print(gr.Dataframe().postprocess(pandas.DataFrame({'a': [3]})).data)\n"
    )
    assert said.splitlines() == ["False False", "3 True", "[[3]]"]


def test_exports_work_where_only_gradio_was_imported() -> None:
    assert run("import t2i_studio.ui, gradio, pyarrow.dataset\nprint('loaded')").endswith("loaded")
