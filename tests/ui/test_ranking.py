"""Best first as the pages ask for it: an order comes whole, and where there is none the reason is told."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from t2i_studio.domain import State
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.weights import weight_hash
from t2i_studio.settings import EMBEDDED_MODEL, Settings
from t2i_studio.store import jobs
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.raters import new_rater, rater_named
from t2i_studio.store.sample import origin, request
from t2i_studio.store.variants import get_variant
from t2i_studio.ui import ranking
from t2i_studio.ui.desk import server_function
from t2i_studio.ui.studio import Studio

PATIENCE = 120
BATCHES = 30


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    db = open_database(home)
    yield Studio(settings, db, Engine(db, settings))
    ranking.stop(db)
    db.close()


@pytest.fixture(scope="module")
def batches(studio: Studio) -> list[tuple[int, ...]]:
    """Of each batch the variants, the first one reddish, the second one bluish."""
    return [_batch(studio, number) for number in range(BATCHES)]


def _batch(studio: Studio, number: int) -> tuple[int, ...]:
    weights = weight_hash(EMBEDDED_MODEL, studio.db.home / "cache" / "weights.json")
    made = origin().model_copy(update={"model_hash": weights})
    job = jobs.enqueue(studio.db, request(f"a bag {number}", variants=2))
    for variant, red in zip(job.variants, (True, False), strict=True):
        jobs.finish_variant(studio.db, variant, put_image(studio.db, tinted(number, red)), made)
    jobs.finish_job(studio.db, job.id, State.DONE)
    return job.variants


def tinted(number: int, red: bool) -> bytes:
    """A PNG of soft noise with a tint."""
    rng = np.random.default_rng([number, red])
    tint = np.array([60, 0, -60]) * (1 if red else -1)
    pixels = np.clip(rng.integers(60, 190, (6, 6, 3)) + tint, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC).save(out := io.BytesIO(), "PNG")
    return out.getvalue()


def ask(studio: Studio, action: Any, language: str = "en", **payload: Any) -> dict[str, Any]:
    asking: Any = SimpleNamespace(cookies={"rater": new_rater(studio.db), "lang": language}, headers={})
    answer = server_function(studio, action)(payload, asking)
    assert "error" not in answer, answer
    return dict(answer)


def settled(studio: Studio, action: Any, language: str = "en", **payload: Any) -> dict[str, Any]:
    """What is answered once the work behind it is done."""
    until = time.monotonic() + PATIENCE
    answer = ask(studio, action, language, **payload)
    while (told := answer.get("taste", answer)).get("state") == "working":
        assert time.monotonic() < until
        time.sleep(0.05)
        answer = ask(studio, action, language, **(payload | {"ticket": told["ticket"]}))
    return answer


def _job_of(studio: Studio, variant: int) -> int:
    return get_variant(studio.db, variant).job


def test_without_ratings_there_is_no_order_and_a_sentence_says_how_many_are_missing(
    studio: Studio, batches: list[tuple[int, ...]]
) -> None:
    job = _job_of(studio, batches[0][0])
    told = settled(studio, ranking.best_first, job=job)
    assert told["state"] == "none"
    assert "rate 16 more" in told["sentence"]
    assert settled(studio, ranking.best_first, job=job, language="zh")["sentence"] != told["sentence"]
    found = settled(studio, ranking.find, sort="taste")
    assert found["taste"]["state"] == "none"
    assert [each["id"] for each in found["cards"]] == sorted((v for b in batches for v in b), reverse=True)[:48]


def test_with_ratings_the_liked_one_comes_first_and_the_reason_is_told(
    studio: Studio, batches: list[tuple[int, ...]]
) -> None:
    rater = rater_named(studio.db, "ann")
    for first, second in batches[:-2]:
        compare(studio.db, (first, second), rater, winner=first)
    for first, second in batches[-2:]:
        told = settled(studio, ranking.best_first, job=_job_of(studio, first))
        assert told["state"] == "ready"
        assert told["order"] == [first, second]
        assert told["chances"][str(first)] > 0.7
        assert told["chances"][str(first)] + told["chances"][str(second)] == pytest.approx(1, abs=0.01)
        assert "28 ratings" in told["sure"]
    assert "更暖" in settled(studio, ranking.best_first, job=_job_of(studio, batches[0][0]), language="zh")["reason"]
    found = settled(studio, ranking.find, sort="taste")
    assert found["taste"]["state"] == "ready"
    assert {each["id"] for each in found["cards"][:BATCHES]} >= {first for first, _ in batches[:20]}
    rest = ask(studio, ranking.find, sort="taste", after=found["next"])
    shown = [each["id"] for each in found["cards"] + rest["cards"]]
    assert sorted(shown) == sorted(v for b in batches for v in b)
    assert rest["next"] is None
    assert found["total"] == rest["total"] == 2 * BATCHES


def test_a_batch_at_work_or_without_two_pictures_has_no_order(studio: Studio) -> None:
    job = jobs.enqueue(studio.db, request("alone", variants=1))
    for state in (None, State.CANCELLED):
        if state:
            jobs.finish_job(studio.db, job.id, state)
        assert ask(studio, ranking.best_first, job=job.id) == {"state": "none", "sentence": ""}


@pytest.mark.parametrize("place", ["taste.", "taste.1", "taste.1.x.3", "taste.999.0.5", "taste.-1.0.0"])
def test_made_up_places_are_refused(studio: Studio, place: str) -> None:
    asking: Any = SimpleNamespace(cookies={}, headers={})
    answer = server_function(studio, ranking.find)({"sort": "taste", "after": place}, asking)
    assert answer["key"] == "search.page"
