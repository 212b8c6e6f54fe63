"""Settings in PNG files: ours come back whole, those of other tools as far as they go."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from t2i_studio.domain import Adapter, GenerationRequest, Origin, Prompt, StyleSettings
from t2i_studio.engine.infotext import parse_parameters, read_png, unread_settings, write_png
from t2i_studio.errors import StudioError

LINES = "\n".join(
    (
        "masterpiece, red <lora:shoe:0.8> handbag, (podium:1.2)",
        "soft light",
        "Negative prompt: blurry, low quality",
        "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 2870305590, Size: 512x768, "
        'Model hash: 6ce0161689, Model: v1-5, Lora hashes: "shoe: aabbcc, bag: 001122", Version: v1.9.4',
    )
)


def made(text="red handbag", negative="", seed=5, **values):
    request = GenerationRequest(text=text, prompt=Prompt(text=text, negative=negative), seed=3, **values)
    origin = Origin(
        pipeline="StableDiffusionPipeline",
        model="podium",
        model_hash="ab" * 32,
        seed=seed,
        sampler="DPM++ 2M",
        steps=8,
        guidance=4.5,
        width=256,
        height=128,
        prompt=text,
        negative=negative,
        device="cpu",
        dtype="float32",
        seconds=1.5,
        versions={},
        adapters=(Adapter(path="/x/shoe.safetensors", scale=0.8, hash="cd" * 32),),
    )
    return request, origin


def png(**chunks):
    info = PngImagePlugin.PngInfo()
    for name, text in chunks.items():
        info.add_itxt(name, text)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_our_own_request_comes_back_whole_for_the_one_variant():
    request, origin = made(style=StyleSettings(warmth=5), sampler="DPM++ 2M", steps=8, user="a")
    back = read_png(write_png(Image.new("RGB", (256, 128)), request, origin))
    expected = request.model_copy(update={"seed": 5, "variants": 1, "adapters": origin.adapters})
    assert back == expected


def test_other_tools_find_the_lines_they_know():
    request, origin = made(negative="blurry, dark")
    with Image.open(io.BytesIO(write_png(Image.new("RGB", (256, 128)), request, origin))) as picture:
        lines = picture.text["parameters"].split("\n")
    assert lines[:2] == ["red handbag", "Negative prompt: blurry, dark"]
    assert lines[2].startswith("Steps: 8, Sampler: DPM++ 2M, CFG scale: 4.5, Seed: 5, Size: 256x128, ")
    assert 'Lora hashes: "shoe: cdcdcdcdcdcd"' in lines[2]


def test_a_picture_of_another_tool_gives_its_settings():
    request = read_png(png(parameters=LINES))
    assert request.prompt.text == "masterpiece, red <lora:shoe:0.8> handbag, (podium:1.2)\nsoft light"
    assert request.prompt.negative == "blurry, low quality"
    assert (request.steps, request.sampler, request.guidance) == (20, "DPM++ 2M Karras", 7.5)
    assert (request.seed, request.width, request.height) == (2870305590, 512, 768)


def test_settings_of_another_tool_that_have_no_place_here_can_be_named():
    assert unread_settings(png(parameters=LINES)) == {"Model": "v1-5", "Lora hashes": "shoe: aabbcc, bag: 001122"}
    request, origin = made()
    assert unread_settings(write_png(Image.new("RGB", (8, 8)), request, origin)) is None


@pytest.mark.parametrize(("schedule", "sampler"), [("Karras", "DPM++ 2M Karras"), ("Automatic", "DPM++ 2M")])
def test_a_sampler_and_its_schedule_may_stand_apart(schedule, sampler):
    lines = LINES.replace("DPM++ 2M Karras", f"DPM++ 2M, Schedule type: {schedule}")
    assert read_png(png(parameters=lines)).sampler == sampler


TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


@given(TEXT.filter(str.strip))
def test_any_text_survives(text):
    request, origin = made(text=text)
    back = read_png(write_png(Image.new("RGB", (8, 8)), request, origin))
    assert back.prompt.text == text


@given(st.text())
def test_lines_that_are_no_settings_are_refused_in_one_sentence(text):
    with pytest.raises(StudioError):
        parse_parameters(text)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (png(), "parameters.missing"),
        (png(parameters="a cat"), "parameters.missing"),
        (png(t2i_studio="{}"), "parameters.missing"),
        (png(t2i_studio="no json"), "parameters.missing"),
        (b"no picture", "picture.unreadable"),
        (png(parameters=LINES)[:60], "picture.unreadable"),
    ],
)
def test_pictures_without_settings_are_refused(data, key):
    with pytest.raises(StudioError) as told:
        read_png(data)
    assert told.value.key == key
