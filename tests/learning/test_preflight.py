"""Every branch of the preflight, from ratings planted for it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from t2i_studio.domain import Length, Method, Part, Purpose, Scope, Vote
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError
from t2i_studio.learning.evidence import Rated
from t2i_studio.learning.preflight import GONE, Measured, Preflight, examine, look, network_size
from t2i_studio.learning.split import only, split
from t2i_studio.settings import EMBEDDED_MODEL, Settings
from t2i_studio.store.database import Database
from t2i_studio.store.learning_runs import examples_of, keep_examples
from t2i_studio.store.raters import new_rater
from t2i_studio.store.ratings import rate
from tests.learning.pictures import pictures
from tests.learning.ratings import judged, pair, rated, starred
from tests.store.learnt import begun
from tests.store.studio import finished

PRODUCTS = ["bag", "lamp", "cup", "shoe", "watch", "sofa", "ring", "hat", "pot", "desk"]


def text(number: int) -> str:
    return f"a {'red' if number % 2 else 'blue'} {PRODUCTS[number % 10]}"


def seen(votes: Rated | list[Vote], length: Length = Length.USUAL, **options: object) -> Preflight:
    ratings = votes if isinstance(votes, Rated) else rated(votes)
    apart = split(ratings.evidence, lambda said: said.split()[-1])
    return look(ratings, apart, length, 25_000_000, **options)  # type: ignore[arg-type]


def pairs(count: int, rater: str = "r1", first: int = 1) -> list[Vote]:
    """Comparisons, each of two pictures of its own."""
    return [pair(first + 2 * n, first + 2 * n + 1, rater, text(n)) for n in range(count)]


def against(votes: list[Vote], rater: str, opposite: np.ndarray) -> list[Vote]:
    """The same pictures judged by another, the other way round where told."""
    both = [(vote.variants[vote.chosen or 0], vote.variants[1 - (vote.chosen or 0)], vote.prompt) for vote in votes]
    return [pair(*((b, a) if no else (a, b)), rater, told) for (a, b, told), no in zip(both, opposite, strict=True)]


def stars(number: int, good: int, bad: int = 0, middle: int = 0) -> list[Vote]:
    """Ratings of pictures each of a description and a rater of their own, so that no preference is derived."""
    given = [5 - n % 2 for n in range(good)] + [1] * bad + [3] * middle
    return [starred(number + n, each, rater=f"r{n % 7}", text=f"{n} {text(n)}") for n, each in enumerate(given)]


def keys(found: Preflight) -> list[str]:
    """Of the refusals; each is said in both languages, and so is the reason and every warning."""
    for sentence in (found.reason, *found.refusals, *found.warnings):
        for language in ("en", "zh"):
            assert "{" not in sentence.error.sentence(language)
    assert Preflight.model_validate_json(found.model_dump_json()) == found
    assert (found.method is Method.RERANK) == bool(found.refusals)
    assert (found.steps == 0) == bool(found.refusals)
    return [sentence.key for sentence in found.refusals]


def warned(found: Preflight) -> set[str]:
    return {sentence.key for sentence in found.warnings}


@pytest.mark.parametrize(("short", "method"), [(False, Method.DPO), (True, Method.MAPO)])
def test_from_a_hundred_preferences_on_pairs_are_learnt_from(short: bool, method: Method) -> None:
    found = seen(pairs(100), short_of_memory=short)
    assert (found.method, found.reason.params, keys(found)) == (method, {"pairs": 100, "derived": 0}, [])
    assert (found.trained, found.checked) == (80, 20)
    assert (found.found.usable, found.found.preferences, found.raters) == (100, 100, 1)


def test_preferences_derived_from_stars_count_among_them() -> None:
    votes = [starred(2 * n + side, 5 - 3 * side, text=f"{n} {text(n)}") for n in range(100) for side in (0, 1)]
    found = seen(votes)
    assert (found.method, found.reason.params) == (Method.DPO, {"pairs": 100, "derived": 100})
    assert found.found.usable == 200


def test_ninety_nine_preferences_show_the_chosen_as_examples() -> None:
    found = seen(pairs(99))
    assert (found.method, found.reason.key, keys(found)) == (Method.SUPERVISED, "learning.by_chosen", [])
    assert found.reason.params["more"] == 1


def test_a_hundred_opinions_of_both_sides_are_learnt_from_as_such() -> None:
    found = seen(stars(1, good=70, bad=30))
    assert (found.method, keys(found)) == (Method.KTO, [])
    assert found.reason.params | {"need": 0} == {"good": 70, "bad": 30, "pairs": 0, "need": 0}


@pytest.mark.parametrize(("good", "bad"), [(69, 30), (95, 9), (30, 1)])
def test_fewer_or_of_one_side_the_liked_are_examples(good: int, bad: int) -> None:
    found = seen(stars(1, good, bad))
    assert (found.method, found.reason.key, keys(found)) == (Method.SUPERVISED, "learning.by_liked", [])


def test_a_choice_is_no_opinion_about_a_single_picture() -> None:
    found = seen(pairs(60))  # 120 pictures that were chosen or not
    assert (found.found.good, found.found.bad, found.method) == (0, 0, Method.SUPERVISED)


def test_all_bad_are_opinions() -> None:
    bad = [judged((1000 + 2 * n, 1001 + 2 * n), text=text(n), bad=True) for n in range(20)]
    found = seen(stars(1, good=60) + bad)
    assert (found.found.good, found.found.bad, found.method) == (60, 40, Method.KTO)


def test_with_too_few_liked_pictures_more_are_asked_for() -> None:
    found = seen(stars(1, good=29, bad=20))
    assert (found.method, keys(found)) == (Method.RERANK, ["learning.too_few_liked"])


@pytest.mark.parametrize("count", [1, 29])
def test_below_thirty_new_pictures_are_only_ranked_and_the_missing_named(count: int) -> None:
    found = seen(pairs(count))
    assert found.reason.key == "learning.too_few"
    assert found.reason.params == {"have": count, "need": 30, "more": 30 - count}
    assert "learning.too_few" in keys(found)


def test_one_description_teaches_a_picture_and_no_taste() -> None:
    found = seen([pair(2 * n, 2 * n + 1) for n in range(1, 150)])
    assert keys(found) == ["learning.one_description"]


@pytest.mark.parametrize("given", [5, 3, 1])
def test_all_the_same_stars_do_not_tell_better_from_worse(given: int) -> None:
    found = seen([starred(n, given, rater=f"r{n % 5}", text=text(n)) for n in range(1, 121)])
    assert keys(found)[-1] == "learning.all_alike"


def test_ties_only_do_not_either() -> None:
    assert keys(seen([judged((2 * n, 2 * n + 1), text=text(n)) for n in range(1, 60)])) == ["learning.all_alike"]


def test_some_middling_pictures_make_the_liked_ones_an_example() -> None:
    assert seen(stars(1, good=40, middle=10)).method is Method.SUPERVISED
    assert keys(seen(stars(1, good=40))) == ["learning.all_alike"]


@pytest.mark.parametrize("count", [20, 60, 150])
def test_raters_who_contradict_each_other_are_not_learnt_from(count: int) -> None:
    first = pairs(count)
    found = seen(first + pairs(150, first=10_001) + against(first, "r2", np.ones(count)))
    assert keys(found) == ["learning.contradictory"]
    assert found.contradicted.value == 1
    assert found.contradicted.pairs == count


def test_raters_at_random_are_not_learnt_from() -> None:
    first = pairs(150)
    found = seen(first + against(first, "r2", np.arange(150) % 2))
    assert keys(found) == ["learning.contradictory"]
    assert found.choices.alpha == pytest.approx(0, abs=0.05)


def test_stars_at_random_are_not_learnt_from() -> None:
    rng = np.random.default_rng(1)
    votes = [
        starred(n, int(rng.integers(1, 6)), rater=rater, text=f"{n} {text(n)}") for n in range(1, 151) for rater in "ab"
    ]
    assert keys(seen(votes)) == ["learning.no_agreement"]


@pytest.mark.parametrize("agree", [0.7, 0.8])
def test_raters_of_one_taste_who_differ_now_and_then_are(agree: float) -> None:
    rng = np.random.default_rng(2)
    for count in (15, 30, 150):
        opposite = rng.permutation(np.arange(count) < round((1 - agree) * count))
        first = pairs(count)
        found = seen(first + pairs(150, first=10_001) + against(first, "r2", opposite))
        assert keys(found) == []
        assert found.contradicted.value == pytest.approx(1 - agree, abs=0.04)
        assert found.choices.items == count


def test_three_raters_of_each_pair_count_by_answers() -> None:
    first = pairs(100)
    opposite = np.arange(100) % 10 < 2
    found = seen(first + against(first, "r2", np.zeros(100)) + against(first, "r3", opposite))
    assert found.contradicted.value == pytest.approx(0.2 * 2 / 3)  # of three couples of answers two are opposite
    assert keys(found) == []


def test_one_rater_is_told_of_and_not_refused() -> None:
    assert warned(seen(pairs(120))) == {"learning.one_rater"}
    assert warned(seen(pairs(60) + pairs(60, "r2", 1001))) == {"learning.agreement_unknown"}


def test_one_product_is_checked_by_description_and_that_is_said() -> None:
    found = seen([pair(2 * n, 2 * n + 1, text=f"{n} bag") for n in range(1, 121)])
    assert "learning.one_product" in warned(found)
    assert (found.apart_by, found.products) == ("description", {"bag": 120})
    two = seen([pair(2 * n, 2 * n + 1, text=PRODUCTS[n % 2]) for n in range(1, 121)])
    assert "learning.nothing_checks" in warned(two)
    assert (two.checked, two.trained) == (0, 120)


@pytest.mark.parametrize("why", GONE)
def test_ratings_that_cannot_be_used_are_named(why: str) -> None:
    found = seen(rated([], **{why: 40, "check": 3}))
    assert keys(found) == [f"learning.all_{why}"]
    assert found.reason.params["count"] == 40
    assert f"learning.left_{why}" in warned(seen(rated(pairs(100), **{why: 40})))


def test_nothing_rated_is_said() -> None:
    assert keys(seen([])) == ["learning.nothing_rated"]


def test_careless_raters_are_counted_and_not_named() -> None:
    careless = [
        judged((5000 + n, 6000 + n), "Zelda", text(n), chosen=0, item=n, assignment=n, purpose=Purpose.JUDGED)
        for n in range(1, 60)
    ]
    found = seen(pairs(100) + careless)
    assert found.flags == {"always-left": 1}
    assert "learning.careless" in warned(found)
    assert "Zelda" not in found.model_dump_json()
    studio = [vote.model_copy(update={"assignment": -vote.assignment}) for vote in careless]
    assert seen(studio).flags == {}  # outside sessions pictures may be kept in the order of their numbers


def test_time_and_memory_are_told_once_a_step_was_measured() -> None:
    quick, long = (
        seen(pairs(100), length, measured=Measured(seconds_per_step=0.5, gigabytes=2.5))
        for length in (Length.QUICK, Length.LONG)
    )
    assert (quick.seconds, quick.gigabytes) == (quick.steps * 0.5, 2.5)
    assert long.steps > quick.steps > 0
    assert (seen(pairs(100)).seconds, seen(pairs(100)).gigabytes) == (None, None)


def test_a_studio_is_examined_as_it_is(db: Database) -> None:
    settings = Settings(home=db.home)
    rater = new_rater(db)
    for variant in finished(db).variants:
        rate(db, variant, rater, stars=5)
    found = examine(db, settings, Scope(model="podium"), Length.USUAL)
    assert found.preflight.refusals[0].key == "learning.all_other_model"  # its weights are none of the model's
    with pytest.raises(StudioError, match="nowhere"):
        examine(db, settings, Scope(model="nowhere"), Length.USUAL)


def test_the_examples_are_as_the_store_keeps_them(db: Database) -> None:
    settings, rater = Settings(home=db.home), new_rater(db)
    weights = weight_hash(EMBEDDED_MODEL, db.home / "cache" / "weights.json")
    for text in ("红色手提包", "a white handbag on a table", "蓝色台灯", "a black teapot", "金色香水"):
        for number, variant in enumerate(pictures(db, text, count=3, weights=weights)):
            rate(db, variant, rater, stars=2 * number + 1)
    found = examine(db, settings, Scope(model="podium"), Length.QUICK)
    assert found.preflight.found.usable == len(found.examples) == 15
    assert found.preflight.products["object.handbag"] == 6  # in both languages
    assert (found.preflight.trained, found.preflight.checked) == (12, 3)
    run = begun(db)
    keep_examples(db, run.id, found.examples)
    assert examples_of(db, run.id) == found.examples
    checking = only(found.evidence, [judgement for judgement, part in found.examples if part is Part.CHECK])
    assert len(checking.preferences) == 3


def test_the_size_of_a_network_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "transformer").mkdir()
    assert network_size(tmp_path) is None
    for number in (1, 2):  # in parts
        file = tmp_path / "transformer" / f"diffusion_pytorch_model-{number:05}-of-00002.safetensors"
        save_file({f"a{number}": np.zeros((3, number)), f"b{number}": np.zeros(5)}, file, {"format": "pt"})
    assert network_size(tmp_path) == 3 + 5 + 6 + 5
    assert (network_size(EMBEDDED_MODEL) or 0) > 10**7


def test_the_page_needs_no_deep_learning_library_for_it() -> None:
    code = "import sys, t2i_studio.learning.preflight; print(json.dumps(sorted(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", f"import json; {code}"], capture_output=True, text=True, check=True)
    assert not {"torch", "diffusers", "transformers", "peft"} & set(json.loads(told.stdout))
