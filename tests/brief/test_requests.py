"""The single door: what page, command line and API collected is one checked request."""

from datetime import UTC, datetime

import pytest

from t2i_studio.brief.requests import make_request, options_of
from t2i_studio.domain import Adapter, Derivation, Prompt, State, StyleSettings, Variant
from t2i_studio.errors import StudioError

from .test_prompt import Card

CARD = Card(negative_prompt=True)
PICTURE, MASK = "a" * 64, "b" * 64


def variant(image: str | None) -> Variant:
    request = make_request("a bag", CARD)
    return Variant(
        id=5,
        job=1,
        index=0,
        state=State.DONE,
        request=request,
        seed=1,
        image=image,
        created=datetime.now(UTC),
    )


def test_what_is_left_open_is_left_to_the_model_and_the_seed_is_drawn() -> None:
    first, second = make_request("a bag", CARD), make_request("a bag", CARD)
    assert (first.width, first.steps, first.guidance, first.sampler) == (None, None, None, None)
    assert first.seed != second.seed


@pytest.mark.parametrize(
    ("given", "derivation"),
    [
        ({}, Derivation.TEXT),
        ({"init_image": PICTURE}, Derivation.IMAGE),
        ({"init_image": PICTURE, "mask": MASK}, Derivation.INPAINT),
        ({"parent": variant(PICTURE)}, Derivation.IMAGE),
        ({"parent": variant(PICTURE), "derivation": Derivation.VARY_SUBTLE}, Derivation.VARY_SUBTLE),
    ],
)
def test_the_derivation_follows_from_what_is_given(given: dict, derivation: Derivation) -> None:
    request = make_request("a bag", CARD, **given)
    assert request.derivation is derivation
    assert (request.init_image == PICTURE) == (derivation is not Derivation.TEXT)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"mask": MASK}, "request.init_missing"),
        ({"strength": 0.5}, "request.init_missing"),
        ({"parent": variant(None)}, "request.parent_unfinished"),
        ({"variants": 500}, "number.range"),
        ({"size": (8, 8)}, "number.range"),
    ],
)
def test_what_no_model_could_do_is_refused(given: dict, key: str) -> None:
    with pytest.raises(StudioError) as refusal:
        make_request("a bag", CARD, **given)
    assert refusal.value.key == key


def test_the_users_own_words_replace_the_composed_prompt() -> None:
    request = make_request("a bag", CARD, style=StyleSettings(warmth=5), prompt=" my  words ", negative="text")
    assert request.prompt == Prompt(text="my words", negative="text", edited=True)


def test_the_options_of_a_request_make_it_again() -> None:
    made = make_request(
        "a bag",
        CARD,
        style=StyleSettings(contrast=4),
        adapters=[Adapter(path="brand", scale=0.5)],
        seed=9,
        variants=2,
        size=(256, 512),
        steps=3,
        guidance=1.5,
        init_image=PICTURE,
        strength=0.4,
        negative="text",
    )
    assert make_request(**(options_of(made) | {"model": CARD})) == made
