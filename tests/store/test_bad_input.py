"""Whatever comes in, the answer is a result or a sentence for the user."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.errors import StudioError
from t2i_studio.store import jobs, raters, ratings, variants
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import accept_picture, image_path
from t2i_studio.store.variants import VariantQuery
from tests.store.studio import finished, png

any_text = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(
    ["红色手提包", "local", "floating", "%", "'"]
)
any_number = st.integers(-(2**70), 2**70) | st.integers(0, 6)
CALLS: dict[str, tuple[Callable[..., object], st.SearchStrategy[dict[str, object]]]] = {
    "search": (
        lambda db, after, limit, **fields: variants.search(db, VariantQuery(**fields), after, limit),
        st.fixed_dictionaries(
            {"after": st.none() | any_text, "limit": any_number},
            optional={
                **{"words": any_text, "model": any_text, "sort": any_text, "fault": any_text},
                **{"stars_min": any_number, "since": st.datetimes(), "until": st.datetimes()},
                **{"favourite": st.booleans(), "unrated": st.booleans(), "deleted": st.booleans()},
            },
        ),
    ),
    "rate": (
        ratings.rate,
        st.fixed_dictionaries(
            {"variant_id": any_number, "rater": any_text},
            optional={
                **{"stars": any_number, "faults": st.lists(any_text, max_size=2)},
                **{"note": any_text, "nonce": any_text},
            },
        ),
    ),
    "prefer": (
        ratings.prefer,
        st.fixed_dictionaries({"winner": any_number, "loser": any_number, "rater": any_text}),
    ),
    "rater_named": (raters.rater_named, st.fixed_dictionaries({"name": any_text})),
    "is_rater": (raters.is_rater, st.fixed_dictionaries({"rater": any_text})),
    "forget_rater": (raters.forget_rater, st.fixed_dictionaries({"rater": any_text})),
    "get_job": (jobs.get_job, st.fixed_dictionaries({"job_id": any_number})),
    "list_jobs": (jobs.list_jobs, st.fixed_dictionaries({"user": any_text, "limit": any_number})),
    "resume": (jobs.resume, st.fixed_dictionaries({"job_id": any_number})),
    "get_variants": (variants.get_variants, st.fixed_dictionaries({"ids": st.lists(any_number, max_size=3)})),
    "delete": (variants.delete, st.fixed_dictionaries({"ids": st.lists(any_number, max_size=3)})),
    "family": (variants.family, st.fixed_dictionaries({"variant_id": any_number})),
    "image_path": (image_path, st.fixed_dictionaries({"sha": any_text})),
}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = open_database(tmp_path_factory.mktemp("stocked"))
    finished(database)
    return database


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_call_answers_or_says_why_not(stocked: Database, name: str, data: st.DataObject):
    call, arguments = CALLS[name]
    with suppress(StudioError):
        call(stocked, **data.draw(arguments))


@given(st.binary(max_size=400), st.integers(0, 200), st.binary(max_size=8))
@settings(max_examples=300, deadline=None)
def test_every_upload_is_taken_or_refused_with_a_reason(data: bytes, place: int, patch: bytes):
    picture = png(7, (16, 16))
    for upload in (data, picture[:place] + patch + picture[place + len(patch) :]):
        with suppress(StudioError):
            accept_picture(upload)


def test_half_a_character_is_named(stocked: Database):
    with pytest.raises(StudioError) as caught:
        raters.is_rater(stocked, "a\ud800")
    assert (caught.value.key, caught.value.params) == ("text.control", {"character": "U+D800"})


def test_the_longest_search_still_works(stocked: Database):
    words = "".join(chr(0x4E00 + n) for n in range(variants.MAX_WORDS))
    assert variants.search(stocked, VariantQuery(words=words)).total == 0
    assert variants.search(stocked, VariantQuery(words=" ".join("abcdefghij" * 10)[:200])).total == 0
