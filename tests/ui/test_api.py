"""The API, with the clients people really use: gradio_client, MCP's own, and plain HTTP."""

import asyncio
import base64
import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image

from t2i_studio.brief.presets import find_preset
from t2i_studio.settings import Settings
from t2i_studio.ui.server import create_app

ENDPOINTS = {"generate", "job", "cancel", "resume", "rate", "variants", "variant", "models"}


@pytest.fixture(scope="module")
def url(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served studio with a tiny model."""
    home = tmp_path_factory.mktemp("api") / "home"
    app = create_app(Settings(home=home, model=str(tiny_model), offline=True, device="cpu", threads=1))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def client(url: str) -> Client:
    return Client(url, verbose=False)


@pytest.fixture(scope="module")
def made(client: Client) -> dict[str, Any]:
    """A batch of two."""
    return client.predict("a red handbag", variants=2, seed=4, api_name="/generate")


def picture_url(colour: str) -> str:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def test_every_endpoint_and_parameter_is_described(client: Client) -> None:
    described = client.view_api(return_format="dict")["named_endpoints"]
    assert {name.lstrip("/") for name in described} == ENDPOINTS
    parameters = {p["parameter_name"] for p in described["/generate"]["parameters"]}
    assert {"description", "variants", "seed", "start", "mask", "wait", "preset", "marks", "market"} <= parameters
    assert "request" not in parameters


def test_generate_answers_with_pictures_that_our_own_route_serves(url: str, made: dict[str, Any]) -> None:
    assert made["state"] == "done"
    assert [variant["seed"] for variant in made["variants"]] == [4, 5]
    for variant in made["variants"]:
        assert variant["url"].startswith(url)
        picture = httpx.get(variant["url"]).raise_for_status().content
        assert hashlib.sha256(picture).hexdigest() == variant["sha256"]


def test_what_is_varied_comes_back_as_batches_and_as_one_picture(client: Client) -> None:
    made = client.predict("{red|blue} mug", variants=1, axes=["steps=1,2"], seed=3, api_name="/generate")
    assert [batch["state"] for batch in made["batches"]] == ["done"] * 4
    assert [batch["variants"][0]["description"] for batch in made["batches"]] == ["red mug", "blue mug"] * 2
    sheet = httpx.get(made["sheet"]).raise_for_status()
    assert sheet.headers["content-type"] == "image/png"
    assert httpx.get(made["sheet"].replace("/sheets/", "/sheets/9")).status_code == 404


def test_a_preset_and_corrections_are_taken_and_kept(client: Client) -> None:
    given = {"preset": "premium_black", "style": ["warmth=5"], "marks": ["backdrop=red"]}
    made = client.predict("red mug", model="podium", wait=False, **given, api_name="/generate")
    client.predict(made["batch"], api_name="/cancel")
    request = client.predict(made["variants"][0]["id"], api_name="/variant")["request"]
    assert (request["preset"], request["style"]["warmth"]) == ("premium_black", 5)
    assert request["style"]["brightness"] == find_preset("premium_black").style.brightness
    assert request["marks"] == [{"field": "backdrop", "start": 0, "end": 3}]


def test_generate_can_answer_at_once_and_the_job_be_asked(client: Client) -> None:
    begun = client.predict("white mug", variants=1, wait=False, api_name="/generate")
    while (job := client.predict(begun["batch"], api_name="/job"))["state"] in ("waiting", "running"):
        time.sleep(0.1)
    assert job["state"] == "done"
    assert job["variants"][0]["sha256"]


def test_a_cancelled_batch_is_resumed(client: Client) -> None:
    begun = client.predict("red mug", variants=30, steps=50, wait=False, api_name="/generate")
    client.predict(begun["batch"], api_name="/cancel")
    while client.predict(begun["batch"], api_name="/job")["state"] in ("waiting", "running"):
        time.sleep(0.1)
    assert client.predict(begun["batch"], api_name="/job")["state"] == "cancelled"
    assert client.predict(begun["batch"], api_name="/resume")["state"] in ("waiting", "running")
    client.predict(begun["batch"], api_name="/cancel")


def test_pictures_to_start_from_come_as_number_hash_or_data(client: Client, made: dict[str, Any]) -> None:
    parent = made["variants"][0]
    for start in (str(parent["id"]), parent["sha256"], picture_url("orange")):
        again = client.predict("a mug", variants=1, start=start, strength=0.5, api_name="/generate")
        detail = client.predict(again["variants"][0]["id"], api_name="/variant")
        assert detail["request"]["derivation"] == "image"
    masked = client.predict(
        "a mug", variants=1, start=parent["sha256"], mask=picture_url("white"), api_name="/generate"
    )
    detail = client.predict(masked["variants"][0]["id"], api_name="/variant")
    assert detail["request"]["derivation"] == "inpaint"


def test_ratings_are_stored_once_and_found_again(client: Client, made: dict[str, Any]) -> None:
    variant = made["variants"][1]["id"]
    first = client.predict(variant, stars=5, faults=["clutter"], nonce="mine", api_name="/rate")
    assert client.predict(variant, stars=5, faults=["clutter"], nonce="mine", api_name="/rate") == first
    assert len(client.predict(variant, api_name="/variant")["ratings"]) == 1
    found = client.predict(words="handbag", stars=5, api_name="/variants")
    assert [item["id"] for item in found["variants"]] == [variant]


@pytest.mark.parametrize(
    ("endpoint", "given", "said"),
    [
        ("generate", {"description": ""}, "empty"),
        ("generate", {"description": 7}, "description"),
        ("generate", {"description": "bag", "variants": 500}, "variants is 500"),
        ("generate", {"description": "bag", "variants": 2.5}, "2.5"),
        ("generate", {"description": "bag", "size": "33x32"}, "33"),
        ("generate", {"description": "bag", "style": ["glow=3"]}, "glow"),
        ("generate", {"description": "bag", "style": "glow=3"}, "style"),
        ("generate", {"description": "bag", "model": "no/model"}, "no/model"),
        ("generate", {"description": "bag", "start": "data:image/png;base64,AAAA"}, "picture"),
        ("generate", {"description": "bag", "start": "../../etc/passwd"}, "picture"),
        ("generate", {"description": "bag", "wait": "no"}, "wait"),
        ("generate", {"description": "bag", "axes": ["glow=1"]}, "glow"),
        ("generate", {"description": "bag", "preset": "glow"}, "glow"),
        ("generate", {"description": "bag", "marks": ["glow=bag"]}, "glow"),
        ("generate", {"description": "bag", "marks": ["backdrop=red"]}, "red"),
        ("generate", {"description": "bag", "marks": "backdrop=bag"}, "marks"),
        ("generate", {"description": "{red|blue"}, "partner"),
        ("job", {"batch": 10**9}, "1000000000"),
        ("job", {"batch": None}, "batch"),
        ("rate", {"variant": 1, "stars": 6}, "stars is 6"),
        ("rate", {"variant": 1}, "nothing"),
        ("rate", {"variant": 10**9, "stars": 3}, "1000000000"),
        ("variants", {"sort": "best"}, "best"),
        ("variants", {"limit": 0}, "limit is 0"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(client: Client, endpoint: str, given: dict, said: str) -> None:
    with pytest.raises(AppError, match=said):
        client.predict(**given, api_name=f"/{endpoint}")


def test_sentences_come_in_the_callers_language(url: str) -> None:
    chinese = Client(url, verbose=False, headers={"Accept-Language": "zh-CN"})
    with pytest.raises(AppError, match="需求描述为空"):
        chinese.predict("", api_name="/generate")


def test_plain_http_is_enough(url: str, made: dict[str, Any]) -> None:
    event = httpx.post(f"{url}/gradio_api/call/v2/variants", json={"words": "handbag"}).json()["event_id"]
    answer = httpx.get(f"{url}/gradio_api/call/v2/variants/{event}").text
    assert "event: complete" in answer
    assert made["variants"][0]["sha256"] in answer


def test_an_mcp_client_finds_and_uses_the_same_tools(url: str) -> None:
    async def talk() -> None:
        async with (
            streamablehttp_client(f"{url}/gradio_api/mcp/") as (reader, writer, _),
            ClientSession(reader, writer) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            assert set(tools) == ENDPOINTS
            for tool in tools.values():
                assert tool.description
                assert all("description" in p for p in tool.inputSchema.get("properties", {}).values())
            made = await session.call_tool("generate", {"description": "红色手提包 mug", "variants": 1})
            variant = json.loads(made.content[0].text)["variants"][0]
            assert httpx.get(variant["url"]).headers["content-type"] == "image/png"
            refused = await session.call_tool("rate", {"variant": variant["id"], "stars": 9})
            assert refused.isError
            assert "stars is 9" in refused.content[0].text

    asyncio.run(talk())
