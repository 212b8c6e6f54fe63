"""`rank`: a clear sentence where there is too little to learn from, and a batch best first where there is enough."""

import json
from pathlib import Path

import pytest

from t2i_studio.cli import run
from t2i_studio.domain import State
from t2i_studio.engine.weights import weight_hash
from t2i_studio.settings import EMBEDDED_MODEL
from t2i_studio.store import jobs
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.raters import rater_named
from t2i_studio.store.sample import origin, request
from tests.ui.test_ranking import tinted


@pytest.fixture
def rated(tmp_path: Path) -> tuple[Path, tuple[int, ...], int]:
    """A home whose rater likes the reddish second picture of each of 29 batches; the variants and number of a 30th."""
    db = open_database(tmp_path)
    made = origin().model_copy(update={"model_hash": weight_hash(EMBEDDED_MODEL, tmp_path / "cache" / "weights.json")})
    for number in range(30):
        job = jobs.enqueue(db, request(f"a bag {number}", variants=2))
        for variant, red in zip(job.variants, (False, True), strict=True):
            jobs.finish_variant(db, variant, put_image(db, tinted(number, red)), made)
        jobs.finish_job(db, job.id, State.DONE)
        if number < 29:
            compare(db, job.variants, rater_named(db, "ann"), winner=job.variants[1])
    db.close()
    return tmp_path, job.variants, job.id


def test_a_batch_is_printed_best_first_with_chances_and_the_reason(
    rated: tuple[Path, tuple[int, ...], int], capsys: pytest.CaptureFixture[str]
) -> None:
    home, (first, second), job = rated
    assert run(["rank", "--job", str(job), "--home", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in told["variants"]] == [second, first]
    assert told["variants"][0]["probability"] > 0.7
    assert told["ratings"] == 29
    assert told["accuracy_low"] > 0.5
    assert {"trait": "warmth", "more": True}.items() <= told["traits"][0].items() or "warm" in told["reason"]
    assert run(["rank", "--job", str(job), "--home", str(home)]) == 0
    assert "29" in capsys.readouterr().out.splitlines()[-1]


def test_too_few_ratings_are_said_with_how_many_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2I_LANGUAGE", "en")
    db = open_database(tmp_path)
    job = jobs.enqueue(db, request("a bag", variants=2))
    db.close()
    assert run(["rank", "--job", str(job.id), "--home", str(tmp_path)]) == 2
    assert "rate 16 more" in capsys.readouterr().err
    for wrong in ("0", "x", "999"):
        assert run(["rank", "--job", wrong, "--home", str(tmp_path)]) == 2
        assert "Traceback" not in capsys.readouterr().err
