"""Odd and very long descriptions: each is read with all places inside the text, in time that grows with its length."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2i_studio.brief.lexicon import lexicon
from t2i_studio.brief.reading import read
from t2i_studio.brief.requests import make_request
from t2i_studio.cli.bench.figures import Figure
from t2i_studio.domain import BRIEF_FIELDS, MAX_TEXT, Brief, Found
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings

CASES = 10_000
SAMPLE = (
    "【2026新款】红色真皮手提包，白色圆形展台，粉色背景，不要文字和人物；"
    "a navy-blue mug with gold rim, no people, ¥199.00. "
)
ODD = (
    "不要", "没有", "without ", "no ", "送", "如", "的", "背景", "色", "，", "。", "\n", "场景一：", "1. ", "{", "|",
    "}", "1..9", "¥", "9" * 30, "3.5cm", "×", "👜", "👩🏽\u200d🤝\u200d👩🏻", "é", "\u200b", "\u202e", "\ufeff", "Ａ",
    "ﬀ", "㍿", "Ⅷ", "０", "<b>", "${x}", "((", "(a:1.2)", ")", "\\", "'", "İ", "ß", "ﷺ", "ا", "한", "か", "\u0301",
    "\U0001f9ff", "\ufdd0",
)  # fmt: skip


def measure() -> list[Figure]:
    """CASES strings, made of the lexicon's words and of what breaks parsers; then long ones."""
    run, problems = fuzz_reader(CASES)
    for problem in problems[:5]:
        print(problem, file=sys.stderr)
    return [
        Figure("odd descriptions", run, "cases"),
        Figure("odd descriptions with a traceback or a place outside the text", len(problems), "cases", 0),
        Figure(f"time a character, {MAX_TEXT:,} against 1,000 characters", _growth(), "×", 1.5),
        Figure("a text of 100,000 characters is refused", _refusal_milliseconds(), "ms", 100),
    ]


def fuzz_reader(cases: int, *, repeatable: bool = False) -> tuple[int, list[str]]:
    """(descriptions tried, what went wrong with some)."""
    words = sorted(lexicon().products)
    pieces = st.sampled_from(words) | st.sampled_from(ODD) | st.sampled_from(list(SAMPLE)) | st.text(max_size=8)
    texts = st.lists(pieces, min_size=1, max_size=40).map("".join) | st.text(max_size=200)
    model = find_model(Settings(), Settings().model)
    problems: list[str] = []
    run = 0

    @settings(
        max_examples=cases, derandomize=repeatable, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(texts)
    def one(text: str) -> None:
        nonlocal run
        run += 1
        try:
            problem = _misplaced(read(text))
            make_request(text=text, model=model)
        except StudioError:
            problem = None
        except Exception as error:  # what a visitor would see as a traceback
            problem = repr(error)
        if problem:
            problems.append(f"{problem}: {text!r}"[:600])

    one()
    return run, problems


def _places(brief: Brief) -> Iterator[Found]:
    for field in (*BRIEF_FIELDS, "unknown"):
        value: Any = getattr(brief, field)
        yield from ([value] if isinstance(value, Found) else value or ())


def _misplaced(brief: Brief) -> str | None:
    """The first place that is not a part of the text."""
    places = [(found.start, found.end) for found in _places(brief)] + list(brief.scenes)
    wrong = [(start, end) for start, end in places if not 0 <= start < end <= len(brief.text)]
    return f"place {wrong[0]} of {len(brief.text)}" if wrong else None


def _growth() -> float:
    """Seconds a character of the longest text against those of a tenth of it; each the best of three."""
    return _seconds(MAX_TEXT) / _seconds(1_000) / (MAX_TEXT / 1_000)


def _seconds(length: int) -> float:
    best = float("inf")
    for turn in range(3):  # another text each time, for the last ones are remembered
        text = (f"第{turn}款" + SAMPLE * (length // len(SAMPLE) + 1))[:length].strip()
        begun = time.perf_counter()
        read(text)
        best = min(best, time.perf_counter() - begun)
    return best


def _refusal_milliseconds() -> float:
    begun = time.perf_counter()
    try:
        read(SAMPLE * (100_000 // len(SAMPLE) + 1))
    except StudioError:
        return 1_000 * (time.perf_counter() - begun)
    return float("inf")
