"""Whatever was confirmed survives; whatever was not is either whole or absent; and many may write at once."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from t2i_studio.domain import State
from t2i_studio.store import jobs
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import image_path, put_image
from t2i_studio.store.maintenance import check_store
from t2i_studio.store.models import RatingRow
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import rate
from t2i_studio.store.sample import origin, request
from t2i_studio.store.variants import get_variants
from tests.store.studio import Child, finished, png

KILLS = 50


def nonces(db: Database) -> Counter[str]:
    with db.read() as session:
        return Counter(session.scalars(select(RatingRow.nonce)))


def killed_somewhere(child: Child, dice: random.Random) -> list[str]:
    """What a child said until it was killed at a random moment of its first quarter of a second."""
    time.sleep(dice.uniform(0.005, 0.25))
    child.kill()
    return child.heard()


def test_a_confirmed_rating_survives_a_kill_exactly_once(db: Database):
    variant, rater = finished(db).variants[0], new_rater(db)
    db.close()
    dice, confirmed = random.Random(1), []

    for round in range(KILLS):

        def work(say, round=round) -> None:  # type: ignore[no-untyped-def]
            own = open_database(db.home)
            for count in range(10_000):
                nonce = f"{round}.{count}"
                rate(own, variant, rater, stars=1 + count % 5, faults=["floating"], nonce=nonce)
                say(nonce)

        confirmed += killed_somewhere(Child(work), dice)

    kept = nonces(db)
    assert len(confirmed) > KILLS // 5  # however slow the machine is, there was something to lose
    assert set(kept.values()) == {1}
    assert set(confirmed) <= set(kept)
    assert len(kept) <= len(confirmed) + KILLS
    assert check_store(db) == []


def test_a_finished_picture_survives_a_kill_and_its_job_resumes(db: Database):
    db.close()
    dice, confirmed = random.Random(2), {}

    def work(say) -> None:  # type: ignore[no-untyped-def]
        own = open_database(db.home)
        while True:
            job = jobs.enqueue(own, request(variants=4))
            jobs.claim(own, job.id)
            for variant in job.variants:
                jobs.start_variant(own, variant)
                image = put_image(own, png(variant, (64, 64)))
                jobs.finish_variant(own, variant, image, origin(variant))
                say(f"{variant} {image}")
            jobs.finish_job(own, job.id, State.DONE)

    for _ in range(KILLS):
        confirmed |= dict(line.split() for line in killed_somewhere(Child(work), dice))

    assert len(confirmed) > KILLS // 5  # however slow the machine is, there was something to lose
    made = get_variants(db, [int(id) for id in confirmed])
    assert {str(variant.id): variant.image for variant in made} == confirmed
    assert all(variant.state is State.DONE and image_path(db, variant.image or "") for variant in made)
    assert check_store(db) == []
    _finish_what_was_interrupted(db)


def _finish_what_was_interrupted(db: Database) -> None:
    interrupted = jobs.mark_interrupted(db)
    assert interrupted == len(jobs.list_jobs(db, [State.INTERRUPTED], limit=1000)) > 0
    assert jobs.list_jobs(db, jobs.OPEN) == []
    for job in jobs.list_jobs(db, [State.INTERRUPTED], limit=1000):
        jobs.resume(db, job.id)
        assert jobs.claim(db, job.id)
        for variant in get_variants(db, job.variants):
            if variant.state is State.WAITING:
                image = put_image(db, png(variant.id, (64, 64)))
                jobs.finish_variant(db, variant.id, image, origin(variant.id))
        jobs.finish_job(db, job.id, State.DONE)
    assert check_store(db) == []


def test_eight_processes_rate_at_once_and_none_is_turned_away(db: Database):
    variant, rater = finished(db).variants[0], new_rater(db)
    db.close()

    def work(say) -> None:  # type: ignore[no-untyped-def]
        own = open_database(db.home)
        for count in range(50):
            nonce = f"{jobs.this_process()}.{count}"
            rate(own, variant, rater, stars=3, nonce=nonce)
            say(nonce)

    raters = [Child(work) for _ in range(8)]
    said = [line for child in raters for line in child.heard()]
    assert len(said) == 400
    assert nonces(db) == Counter(said)


def test_thirty_two_threads_rate_at_once_and_none_is_turned_away(db: Database):
    ids, rater = finished(db, variants=4).variants, new_rater(db)

    def work(count: int) -> int:
        return rate(db, ids[count % 4], rater, stars=1 + count % 5, faults=["clutter"], nonce=str(count)).id

    with ThreadPoolExecutor(32) as threads:
        made = list(threads.map(work, range(640)))
    assert len(set(made)) == 640
    with db.read() as session:
        assert session.scalar(select(func.count(RatingRow.id))) == 640
