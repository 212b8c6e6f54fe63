"""What checks was never trained on."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.domain import Part, Vote
from t2i_studio.learning.split import MOST, descriptions, only, split
from tests.learning.ratings import judged, pair, rated, starred

PRODUCTS = ["bag", "lamp", "cup", "shoe", "watch", "sofa", "ring", "hat", "pot", "desk"]


def product_of(text: str) -> str | None:
    """The last word, where it is a product."""
    word = text.split()[-1]
    return word if word in PRODUCTS else None


def votes_of(texts: list[str]) -> list[Vote]:
    """Of each text a comparison of four, and stars that prefer one picture to another."""
    votes = []
    for number, text in enumerate(texts):
        first = 10 * number + 1
        votes += [judged((first, first + 1, first + 2, first + 3), text=text, chosen=number % 4)]
        votes += [starred(first, 5, text=text), starred(first + 1, 1, text=text, rater=f"r{number % 3}")]
    return votes


texts = st.lists(
    st.builds(
        lambda color, product: f"a {color} {product}", st.sampled_from("rgbw"), st.sampled_from([*PRODUCTS, "x"])
    ),
    max_size=40,
)


@given(texts)
def test_no_product_is_on_both_sides_and_every_judgement_on_one(given_texts: list[str]) -> None:
    evidence = rated(votes_of(given_texts)).evidence
    apart = split(evidence, product_of)
    about = descriptions(evidence)
    assert apart.parts.keys() == about.keys()
    names = {text: product_of(text) or text for text in given_texts}
    if apart.by == "description":
        assert len(set(names.values())) <= 1
        names = {text: text for text in given_texts}
    sides = Counter((names[about[judgement]], part) for judgement, part in apart.parts.items())
    assert len({name for name, _ in sides}) == len(sides)
    assert apart.count(Part.CHECK) <= MOST * len(apart.parts)
    assert sum(apart.products.values()) == len(apart.parts)


@given(texts)
def test_the_sides_together_say_what_the_whole_says(given_texts: list[str]) -> None:
    evidence = rated(votes_of(given_texts)).evidence
    apart = split(evidence, product_of)
    sides = [only(evidence, [j for j, part in apart.parts.items() if part is side]) for side in Part]
    assert Counter(each for side in sides for each in side.preferences) == Counter(evidence.preferences)
    assert Counter(each for side in sides for each in side.opinions) == Counter(evidence.opinions)


def test_about_a_fifth_of_the_products_checks() -> None:
    apart = split(
        rated(votes_of([f"a {color} {product}" for product in PRODUCTS for color in "rgb"])).evidence, product_of
    )
    assert (apart.by, apart.count(Part.CHECK)) == ("product", 2 * 3 * 3)


def test_the_order_of_the_ratings_changes_nothing() -> None:
    votes = votes_of([f"a {color} {product}" for product in PRODUCTS for color in "rgb"])
    there, back = split(rated(votes).evidence, product_of), split(rated(votes[::-1]).evidence, product_of)
    assert there.parts == back.parts


def test_of_one_product_descriptions_are_kept_apart() -> None:
    apart = split(rated(votes_of([f"a {color} bag" for color in "abcdefghij"])).evidence, product_of)
    assert (apart.by, apart.products) == ("description", {"bag": 30})
    assert apart.count(Part.CHECK) == 2 * 3


def test_a_product_that_most_ratings_are_about_trains() -> None:
    texts = [f"a {color} bag" for color in "abcdefghijklmnop"] + ["a lamp", "a cup"]
    evidence = rated(votes_of(texts)).evidence
    apart = split(evidence, product_of)
    about = descriptions(evidence)
    assert {part for judgement, part in apart.parts.items() if about[judgement].endswith("bag")} == {Part.TRAIN}
    assert apart.count(Part.CHECK) == 3


def test_with_two_products_alike_nothing_is_kept_back() -> None:
    assert split(rated(votes_of(["a bag", "a lamp"])).evidence, product_of).count(Part.CHECK) == 0


def test_nothing_is_split_into_nothing() -> None:
    assert split(rated([]).evidence, product_of).parts == {}


def test_a_preference_of_two_ratings_needs_both() -> None:
    votes = [starred(1, 5), starred(2, 1), pair(3, 4)]
    evidence = rated(votes).evidence
    rows = [vote.judgement for vote in votes if vote.judgement]
    assert len(only(evidence, rows).preferences) == 2
    assert [each.better for each in only(evidence, rows[1:]).preferences] == [3]
    assert [each.variant for each in only(evidence, rows[:1]).opinions] == [1]
