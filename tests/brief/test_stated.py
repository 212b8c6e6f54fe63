"""What a request asks a picture to show, in the ids of the embedded model's concepts."""

from pathlib import Path

import pytest

from t2i_studio.brief.requests import make_request
from t2i_studio.brief.stated import stated
from t2i_studio.domain import StyleSettings
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.settings import Settings


@pytest.fixture(scope="module")
def podium() -> ModelCard:
    return find_model(Settings(), "podium")


SAME = {
    "object": "handbag", "color": "red", "backdrop": "pink", "podium": "round", "position": "left",
    "prop.balloons": "there",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "红色手提包，粉色背景，白色圆形展台，气球，居左",
        "A red handbag on a white round podium, pink background, balloons, on the left",
        "紅色手提包，粉色背景，圓形展台，氣球，居左",
    ],
)
def test_one_scene_in_any_language_states_the_same(podium: ModelCard, text: str) -> None:
    assert stated(make_request(text=text, model=podium), podium) == SAME


def test_colours_go_to_their_things(podium: ModelCard) -> None:
    asked = stated(make_request(text="blue bag, red backdrop", model=podium), podium)
    assert (asked["color"], asked["backdrop"]) == ("blue", "red")
    asked = stated(make_request(text="蓝色背景，红色手提包", model=podium), podium)
    assert (asked["color"], asked["backdrop"]) == ("red", "blue")


@pytest.mark.parametrize("text", ["a green apple, pink background", "A Green Apple on a pink background"])
def test_a_colour_in_the_name_of_a_product_that_another_stands_for_is_kept(podium: ModelCard, text: str) -> None:
    request = make_request(text=text, model=podium)
    assert "green apple" in request.prompt.text.lower()
    assert request.prompt.replaced == ()
    asked = stated(request, podium)
    assert (asked["object"], asked["color"], asked["backdrop"]) == ("apple", "green", "pink")


@pytest.mark.parametrize("text", ["红色手提包，无展台，粉色背景", "no podium, red bag, pink background"])
def test_a_podium_that_is_not_wanted_is_said_to_the_model(podium: ModelCard, text: str) -> None:
    assert stated(make_request(text=text, model=podium), podium)["podium"] == "none"


def test_sliders_state_their_levels_and_win_over_words(podium: ModelCard) -> None:
    style = StyleSettings(warmth=5, richness=2, position="right")
    asked = stated(make_request(text="红色手提包，居左，冷色调", model=podium, style=style), podium)
    assert (asked["warmth"], asked["richness"], asked["position"]) == ("5", "2", "right")
    assert "brightness" not in asked


def test_levels_said_in_words_count_too(podium: ModelCard) -> None:
    assert stated(make_request(text="a very bright close-up of a watch", model=podium), podium) == {
        "object": "watch", "brightness": "5", "distance": "5",
    }  # fmt: skip


def test_what_is_excluded_or_dropped_is_not_asked_for(podium: ModelCard) -> None:
    asked = stated(make_request(text="红色手提包，没有气球，大理石地面", model=podium), podium)
    assert asked == {"object": "handbag", "color": "red"}


def test_a_wording_of_the_users_own_is_what_counts(podium: ModelCard) -> None:
    request = make_request(text="红色手提包", prompt="蓝色手表，无展台", model=podium)
    assert stated(request, podium) == {"object": "watch", "color": "blue", "podium": "none"}


def test_a_model_without_a_vocabulary_states_nothing_in_ids(podium: ModelCard, tmp_path: Path) -> None:
    free = podium.model_copy(update={"source": str(tmp_path), "style": "sentence"})
    assert stated(make_request(text="红色手提包", model=free), free) == {}
