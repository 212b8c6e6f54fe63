"""Made-up comparisons are real rows about real pictures, and say nothing of the products that are held out."""

from collections import Counter

import numpy as np
import pytest

from t2i_studio.cli.simulation.made_up import made_up_descriptions, made_up_pairs, split_products
from t2i_studio.engine.registry import find_model
from t2i_studio.judge.folder import load_judge
from t2i_studio.learning.held_out import product_of
from t2i_studio.settings import Settings
from t2i_studio.store.database import open_database
from t2i_studio.store.images import image_path
from t2i_studio.store.jobs import list_jobs
from t2i_studio.store.studio_votes import studio_votes
from t2i_studio.store.variants import get_variants


@pytest.fixture(scope="module")
def podium():
    return find_model(Settings(), "podium")


def test_products_are_either_rated_or_held_out(podium):
    rated, held_out = split_products(podium, 3)
    assert not set(rated) & set(held_out)
    assert abs(len(rated) - 2 * len(held_out)) <= 1
    assert len(held_out) >= 16
    assert split_products(podium, 3) == (rated, held_out) != split_products(podium, 4)


def test_descriptions_are_about_the_products_they_should_be(podium):
    rated, _ = split_products(podium, 0)
    count = 4 * len(rated)
    texts = made_up_descriptions(podium, rated, count, 0)
    assert len(set(texts)) == count
    counts = Counter(product_of(text, podium) for text in texts)
    assert set(counts) == set(rated)
    assert made_up_descriptions(podium, rated, 40, 0) == texts[:40]


def test_what_is_stored_is_what_raters_said_about_real_pictures(podium, tmp_path):
    db = open_database(tmp_path / "home")
    judge, cache = load_judge(), tmp_path / "cache"
    made = made_up_pairs(db, cache, Settings(model="podium"), taste="warm_rich", pairs=6, seed=1, judge=judge)
    assert {job.request.text for job in list_jobs(db)} == set(made.texts)
    assert len(made.texts) == len(made.utilities) == 5
    assert not {product_of(text, podium) for text in made.texts} & set(made.held_out)
    votes = studio_votes(db)
    assert len(votes) == made.comparisons == 6
    assert all(image_path(db, variant.image).exists() for vote in votes for variant in get_variants(db, vote.variants))
    (twice,) = (pair for pair, count in Counter(frozenset(vote.variants) for vote in votes).items() if count == 2)
    assert len({vote.rater for vote in votes if frozenset(vote.variants) == twice}) == 2
    shuffled = open_database(tmp_path / "other")  # the pictures are not made again
    again = made_up_pairs(
        shuffled, cache, Settings(model="podium"), taste="warm_rich", pairs=6, seed=1, judge=judge, shuffled=True
    )
    assert np.array_equal(again.utilities, made.utilities)
    assert np.isinf(again.noise)
    for each in (db, shuffled):
        each.close()
