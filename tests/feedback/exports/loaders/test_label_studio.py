"""Tasks taken in by a real Label Studio, answered there, and its export taken back."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from t2i_studio.feedback.imports import read_label_studio

from .conftest import HANDBAG, Program

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PATIENCE = 500
"""Seconds; at its first start it makes its database."""


@pytest.fixture(scope="module")
def server(program: Callable[[str], Program], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a Label Studio of its own, with an empty database."""
    home = tmp_path_factory.mktemp("label-studio")
    binary = program("label-studio").python.with_name("label-studio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    account = ["--username", "a@example.com", "--password", "not-secret-1", "--user-token", TOKEN]
    command = [binary, "start", "--init", "--no-browser", "--data-dir", home / "data", "--port", str(port)]
    silent = {"COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "False"}
    with (home / "log").open("wb") as log:
        running = subprocess.Popen(
            [*command, "--internal-host", "127.0.0.1", "--enable-legacy-api-token", *account],
            env=os.environ | silent,
            stdout=log,
            stderr=log,
        )
    headers = {"Authorization": f"Token {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", headers=headers, timeout=60) as client:
        try:
            _wait_for(client, running)
            yield client
        finally:
            running.terminate()
            running.wait(30)


def _wait_for(client: httpx.Client, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert running.poll() is None, "Label Studio ended"
        try:
            if client.get("/version").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(1)
    pytest.fail("Label Studio did not start")


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text[:2000]
    return answer.json()


def test_answers_given_in_label_studio_come_back_as_new_ones(
    server: httpx.Client, exported: Callable[[str], Path]
) -> None:
    folder = exported("label-studio") / "pairs"
    labelling = (folder / "labelling.xml").read_text(encoding="utf-8")
    project = ok(server.post("/projects/", json={"title": "pairs", "label_config": labelling}))["id"]
    with (folder / "tasks.json").open("rb") as file:
        taken = ok(server.post(f"/projects/{project}/import", files={"file": ("tasks.json", file)}))
    assert (taken["task_count"], taken["annotation_count"]) == (3, 6)

    tasks = ok(server.get("/tasks/", params={"project": project, "fields": "all"}))["tasks"]
    [handbag] = [task for task in tasks if task["data"]["prompt"] == HANDBAG]
    assert handbag["data"]["picture_1"].startswith("data:image/png;base64,")
    for said, seconds in (("1", 3.2), ("tie", 4.1), ("bad", 5.0)):
        result = {"from_name": "choice", "to_name": "picture_1", "type": "choices", "value": {"choices": [said]}}
        ok(server.post(f"/tasks/{handbag['id']}/annotations/", json={"result": [result], "lead_time": seconds}))

    given_back = server.get(f"/projects/{project}/export", params={"exportType": "JSON"})
    found = read_label_studio(given_back.content)
    assert found.own == 6
    assert [(vote.variants, vote.chosen, vote.bad, vote.active_ms) for vote in found.votes] == [
        ((1, 2), 0, False, 3200),
        ((1, 2), None, False, 4100),
        ((1, 2), None, True, 5000),
    ]
    assert {(vote.prompt, vote.rater) for vote in found.votes} == {(HANDBAG, "Label Studio 1")}

    [ours, *_] = [each for each in handbag["annotations"] if "rater" in each["result"][0].get("meta", {})]
    changed = [ours["result"][0] | {"value": {"choices": ["bad"]}}]
    ok(server.patch(f"/annotations/{ours['id']}/", json={"result": changed}))
    edited = read_label_studio(server.get(f"/projects/{project}/export", params={"exportType": "JSON"}).content)
    assert (edited.own, len(edited.votes), sum(vote.bad for vote in edited.votes)) == (5, 4, 2)
    assert {vote.rater for vote in edited.votes} == {"Label Studio 1"}


def test_the_set_ups_of_all_kinds_are_taken(server: httpx.Client) -> None:
    from t2i_studio.feedback.exports.label_studio import labelling

    for pictures in (1, 2, 4):
        ok(server.post("/projects/", json={"title": f"{pictures} pictures", "label_config": labelling(pictures)}))
