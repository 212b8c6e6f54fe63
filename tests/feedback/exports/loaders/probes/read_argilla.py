"""Run by Argilla's Python inside an export: `rg.Dataset.from_disk` of every kind into a real server, and read back.

The server keeps its data in SQLite and its queue in a Redis of its own, which must be on the path. For its search it
wants Elasticsearch or OpenSearch; here an index takes their place that takes everything and finds nothing, so no
search is run. Arguments: the checkout (unused), a scratch folder.
"""

# ruff: noqa: E402  (Argilla reads its settings when it is imported)

import json
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


scratch, queue = Path(sys.argv[2]), free_port()
os.environ |= {
    "ARGILLA_HOME_PATH": str(scratch),
    "ARGILLA_DATABASE_URL": f"sqlite+aiosqlite:///{scratch}/argilla.db",
    "ARGILLA_REDIS_URL": f"redis://127.0.0.1:{queue}/0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
for words in (["migrate"], ["users", "create_default", "--quiet"]):
    subprocess.run([sys.executable, "-m", "argilla_server", "database", *words], check=True, capture_output=True)

import argilla as rg
import uvicorn
from argilla_server._app import create_server_app
from argilla_server.search_engine import SearchEngine


async def _taken(*_: Any, **__: Any) -> None:
    return None


def without_search() -> None:
    """Give out an index that takes everything, by whatever name the server asks for one."""
    index = type("Nothing", (SearchEngine,), dict.fromkeys(SearchEngine.__abstractmethods__, _taken))()

    @asynccontextmanager
    async def by_name(_: str) -> Any:
        yield index

    SearchEngine.get_by_name = staticmethod(by_name)


def served() -> str:
    """The address of the server, answering. Its lifespan is off, for that asks the search whether it is there."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_server_app(), port=port, lifespan="off", log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    return f"http://127.0.0.1:{port}"


def read_back(client: rg.Argilla, kind: str) -> dict[str, Any]:
    """What the server holds of a kind after `from_disk`."""
    taken = rg.Dataset.from_disk(kind, workspace="argilla", client=client)
    kept = client.datasets(taken.name, workspace="argilla")
    records = [
        {
            "prompt": record.fields["prompt"],
            "reds": [record.fields[f"picture_{n}"].getpixel((0, 0))[0] for n in range(1, len(record.fields.to_dict()))],
            "suggested": {each.question_name: [each.value, each.score] for each in record.suggestions},
        }
        for record in kept.records(with_suggestions=True)
    ]
    asked = [question.name for question in kept.settings.questions]
    return {"asked": asked, "min_submitted": kept.settings.distribution.min_submitted, "records": records}


warnings.simplefilter("ignore")
without_search()
command = ["redis-server", "--port", str(queue), "--bind", "127.0.0.1", "--save", "", "--dir", str(scratch)]
redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
try:
    client = rg.Argilla(api_url=served(), api_key="argilla.apikey")
    found = {folder.name: read_back(client, folder.name) for folder in sorted(Path().iterdir())}
finally:
    redis.terminate()
print(json.dumps(found))
