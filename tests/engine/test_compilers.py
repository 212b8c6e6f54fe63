"""The ways to run the network that are compared: what is missing is left out."""

import importlib.util

import pytest

from t2i_studio.engine import compilers
from t2i_studio.settings import EMBEDDED_MODEL


def test_without_a_compiler_and_openvino_two_ways_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *at: None if name == "openvino" else found(name, *at))
    monkeypatch.setattr(compilers, "TURNS", 1)
    times = compilers.step_times(str(EMBEDDED_MODEL))
    assert list(times) == ["eager", "packed"]
    assert all(way.step > 0 and way.ready > 0 for way in times.values())
