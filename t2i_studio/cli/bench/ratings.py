"""Many raters at once over HTTP: nothing lost, nothing doubled, no lock in anyone's way."""

import io
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from PIL import Image

from t2i_studio.cli.bench.figures import Figure, Served, served, temporary_home
from t2i_studio.domain import State
from t2i_studio.store import jobs
from t2i_studio.store.database import open_database
from t2i_studio.store.images import put_image
from t2i_studio.store.ratings import ratings_of
from t2i_studio.store.sample import origin, request

CLIENTS = 32
RATINGS = 2000
VARIANTS = 40


def measure() -> list[Figure]:
    """Each client is a rater of its own; every answer is held against the rows."""
    with temporary_home() as home:
        db = open_database(home)
        job = jobs.enqueue(db, request(variants=VARIANTS))
        for variant in job.variants:
            jobs.finish_variant(db, variant, put_image(db, _picture(variant)), origin(variant))
        jobs.finish_job(db, job.id, State.DONE)
        with served(home) as studio:
            began = time.perf_counter()
            with ThreadPoolExecutor(CLIENTS) as pool:
                answers = list(pool.map(lambda rater: _rate(studio, job.variants, rater), range(CLIENTS)))
            seconds = time.perf_counter() - began
        stored = [rating.id for variant in job.variants for rating in ratings_of(db, variant)]
        db.close()
    confirmed = [number for numbers, _, _ in answers for number in numbers]
    refused = [text for _, texts, _ in answers for text in texts]
    taken = sorted(second for _, _, seconds in answers for second in seconds)
    return [
        Figure("ratings confirmed and not stored", len(set(confirmed) - set(stored)), "ratings", 0),
        Figure("ratings stored twice or unasked", len(stored) - len(set(confirmed)), "ratings", 0),
        Figure("ratings refused", len(refused), "ratings", 0),
        Figure("'database is locked'", sum("lock" in text for text in refused), "ratings", 0),
        Figure("ratings a second", len(confirmed) / seconds, "/s"),
        Figure("a rating, median", 1000 * statistics.median(taken), "ms"),
        Figure("a rating, 99 of 100", 1000 * taken[int(0.99 * len(taken))], "ms"),
    ]


def _picture(number: int) -> bytes:
    """A PNG of its own for every number."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (number >> 16 & 255, number >> 8 & 255, number & 255)).save(out, "PNG")
    return out.getvalue()


def _rate(studio: Served, variants: tuple[int, ...], rater: int) -> tuple[list[int], list[str], list[float]]:
    """(ids of confirmed ratings, refusals, seconds each took)."""
    numbers, refusals, seconds = [], [], []
    with httpx.Client(base_url=studio.url, timeout=120) as client:
        for turn in range(rater, RATINGS, CLIENTS):
            data = [variants[turn % VARIANTS], 1 + turn % 5, [], "", f"rater {rater}", f"{rater}.{turn}"]
            began = time.perf_counter()
            answer = client.post("/gradio_api/run/rate", json={"data": data})
            seconds.append(time.perf_counter() - began)
            if answer.status_code == 200:
                numbers.append(answer.json()["data"][0]["id"])
            else:
                refusals.append(answer.text)
    return numbers, refusals, seconds
