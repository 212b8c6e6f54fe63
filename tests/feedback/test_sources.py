"""Names of what is compared."""

from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.feedback.sources import source_names


def test_paths_lose_their_folders_and_other_names_stay():
    assert source_names(["/home/li/loras/warm:1", "–", "podium", "owner/model"]) == {
        "/home/li/loras/warm:1": "warm:1",
        "–": "–",
        "podium": "podium",
        "owner/model": "owner/model",
    }


def test_what_only_folders_tell_apart_keeps_as_many_as_it_takes():
    names = source_names(["/home/li/v1/lora:1", "/home/li/v2/lora:1", "/home/li/v1/lora:1 + /home/li/b:1"])
    assert list(names.values()) == ["v1/lora:1", "v2/lora:1", "v1/lora:1 + li/b:1"]
    assert "home" not in "".join(names.values())


@given(st.lists(st.text("ab/:+ .", min_size=1, max_size=12), unique=True, max_size=6))
def test_every_source_has_a_name(sources):
    assert set(source_names(sources)) == set(sources)
