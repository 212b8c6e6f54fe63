"""The organiser's form: what it offers, what it says beforehand, what it makes; the engine is not started."""

from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from pydantic import ValidationError

from t2i_studio.domain import Entry, Purpose, SessionKind, State
from t2i_studio.engine.engine import Engine
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store import jobs
from t2i_studio.store.database import open_database
from t2i_studio.store.entrance import enter, links_of, session_by
from t2i_studio.store.images import put_image
from t2i_studio.store.sample import origin
from t2i_studio.store.session_drafts import get_draft, waiting_drafts
from t2i_studio.store.session_items import items_of
from t2i_studio.store.sessions import get_session, list_sessions
from t2i_studio.ui import session_live, session_making, session_watch
from t2i_studio.ui.session_form import Form, standard_guideline
from t2i_studio.ui.session_preview import SHOWN
from t2i_studio.ui.studio import Studio, Visitor
from tests.store.studio import finished, png

VISITOR = Visitor(rater="r", user="lin", language="zh")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    settings = Settings(home=tmp_path)
    db = open_database(tmp_path)
    return Studio(settings, db, Engine(db, settings))


def chosen(studio: Studio, *presets: str | None, each: int = 2) -> list[int]:
    return [v for preset in presets for v in finished(studio.db, "红色手提包", variants=each, preset=preset).variants]


def offer(studio: Studio, ids: list[int]) -> dict[str, Any]:
    return session_making.plan_session(studio, VISITOR, ids=ids)


def make(studio: Studio, **form: Any) -> dict[str, Any]:
    return session_making.make_session(studio, VISITOR, form=Form(**form), nonce=token_hex(8))


def test_a_form_sent_again_after_a_lost_reply_makes_no_second_session(studio: Studio) -> None:
    form = Form(**offer(studio, chosen(studio, None, "diwali"))["form"])
    first, again = (session_making.make_session(studio, VISITOR, form=form, nonce="the same") for _ in range(2))
    assert first == again
    assert len(list_sessions(studio.db)) == 1


def test_the_form_as_it_is_offered_makes_a_session_with_a_link_that_works(studio: Studio) -> None:
    form = offer(studio, chosen(studio, None, "diwali"))["form"]
    made = make(studio, **form)
    session = get_session(studio.db, made["session"])
    assert session_by(studio.db, made["token"]) == session.id
    assert (session.plan.kind, session.plan.overlap, session.plan.user) == (SessionKind.PAIRS, 3, "lin")
    judged = [item for item in items_of(studio.db, session.id) if item.purpose is Purpose.JUDGED]
    assert [{shown.source for shown in item.pictures} for item in judged] == [{"–", "diwali"}] * 4
    assert session.plan.name.startswith("红色手提包 · ")


def test_what_differs_is_compared_and_single_pictures_get_stars(studio: Studio) -> None:
    same = offer(studio, chosen(studio, None, each=3))
    assert (same["axes"], same["form"]["axis"], same["form"]["kind"]) == (["picture"], "picture", "pairs")
    looks = offer(studio, chosen(studio, None, "diwali"))
    assert (looks["axes"], looks["form"]["axis"]) == (["preset", "picture"], "preset")
    alone = offer(studio, [finished(studio.db, text, variants=1).variants[0] for text in ("a", "b")])
    assert alone["form"]["kind"] == "stars"


def test_of_many_pictures_a_budget_is_proposed(studio: Studio) -> None:
    form = offer(studio, chosen(studio, None, each=30))["form"]
    assert (form["budget"], form["choice"]) == (200, "active")


def test_a_guideline_that_was_not_changed_stays_the_studios_own(studio: Studio) -> None:
    ids = chosen(studio, None)
    own = {"zh": standard_guideline(SessionKind.PAIRS, "zh"), "en": "Look at the shoes."}
    guideline = get_session(studio.db, make(studio, ids=ids, **own)["session"]).plan.guideline
    assert (guideline.zh, guideline.en) == ("", "Look at the shoes.")


def test_the_estimate_says_items_answers_people_minutes_and_power(studio: Studio) -> None:
    told = session_making.estimate_session(
        studio, VISITOR, form=Form(ids=chosen(studio, None, "diwali"), axis="preset")
    )
    assert (told["items"], told["judgements"], told["sources"], told["raters"]) == (4, 12, 2, 3)
    assert told["answers"] * told["seconds"] / 60 == pytest.approx(told["minutes"])
    assert told["needed"] == 194
    assert told["detectable"] is None or told["each_pair"] > 0


def test_the_estimate_counts_the_pictures_to_generate_with_those_without_an_adapter(studio: Studio) -> None:
    form = Form(prompts="a\nb", axis="adapter", sources=["one:0.5", "two:1"], each=2)
    told = session_making.estimate_session(studio, VISITOR, form=form)
    assert (told["pictures"], told["sources"], told["items"]) == (2 * 3 * 2, 3, 2 * 3 * 4)


def test_what_is_no_session_yet_is_said_in_the_estimate(studio: Studio) -> None:
    for form in (Form(), Form(prompts="a bag", axis="preset", sources=["diwali"]), Form(prompts="a bag", each=1)):
        told = session_making.estimate_session(studio, VISITOR, form=form)
        assert list(told) == ["not_yet"]
        assert told["not_yet"].endswith("。")


@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_preview_has_what_the_raters_page_needs_and_keeps_nothing(studio: Studio, kind: SessionKind) -> None:
    form = Form(ids=chosen(studio, None, each=6), kind=kind, en="Only the bag counts.")
    told = session_making.preview_session(studio, VISITOR, form=form)["preview"]
    assert told["guideline"] == {"zh": "Only the bag counts.", "en": "Only the bag counts."}
    assert [item["practice"]["n"] for item in told["items"][: told["practice"]]] == [1, 2, 3]
    assert all(item["practice"] is None for item in told["items"][told["practice"] :])
    assert all(len(item["pictures"]) == kind.pictures for item in told["items"])
    assert len(told["items"]) <= SHOWN + 3
    assert not list_sessions(studio.db)


def test_descriptions_become_batches_with_the_same_seeds_for_each_source(studio: Studio) -> None:
    made = make(
        studio, prompts="红色手提包\n\n 蓝色运动鞋 \n红色手提包", axis="preset", sources=["–", "diwali"], each=2
    )
    session_watch.stop(studio)
    draft = get_draft(studio.db, made["draft"])
    requests = [jobs.get_job(studio.db, job).request for job in draft.jobs]
    assert [(r.text, r.preset, r.variants) for r in requests] == [
        ("红色手提包", None, 2), ("红色手提包", "diwali", 2), ("蓝色运动鞋", None, 2), ("蓝色运动鞋", "diwali", 2),
    ]  # fmt: skip
    assert requests[0].seed == requests[1].seed
    assert requests[2].seed == requests[3].seed
    assert requests[0].seed != requests[2].seed


def test_a_draft_becomes_a_session_without_a_page(studio: Studio) -> None:
    draft = get_draft(studio.db, make(studio, prompts="红色手提包", each=3)["draft"])
    session_watch.stop(studio)
    assert session_watch.look(studio)
    assert session_live.feedback_sessions(studio, VISITOR)["drafts"][0]["of"] == 3
    session_watch.stop(studio)
    jobs.claim(studio.db, draft.jobs[0])
    for number in jobs.get_job(studio.db, draft.jobs[0]).variants:
        jobs.finish_variant(studio.db, number, put_image(studio.db, png(number)), origin(number))
    jobs.finish_job(studio.db, draft.jobs[0], State.DONE)
    assert not session_watch.look(studio)
    assert waiting_drafts(studio.db) == []
    assert len(list_sessions(studio.db)) == 1


def test_interrupted_batches_of_a_draft_are_begun_again(studio: Studio) -> None:
    draft = get_draft(studio.db, make(studio, prompts="红色手提包", each=2)["draft"])
    session_watch.stop(studio)
    jobs.claim(studio.db, draft.jobs[0])
    jobs.finish_job(studio.db, draft.jobs[0], State.INTERRUPTED)
    assert session_watch.look(studio)
    assert jobs.get_job(studio.db, draft.jobs[0]).state is State.WAITING


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ({"prompts": " \n "}, "session.prompts_none"),
        ({"prompts": "红色手提包", "axis": "model", "sources": ["podium"]}, "session.sources_few"),
        ({"prompts": "红色手提包", "axis": "model", "sources": ["podium", "nonsense"]}, "model.unknown"),
        ({"prompts": "红色手提包", "axis": "preset", "sources": ["–", "nonsense"]}, "preset.unknown"),
        ({"prompts": "\n".join(map(str, range(600))), "each": 8}, "session.too_many_pictures"),
        ({"ids": [77]}, "variant.unknown"),
        ({"prompts": "红色手提包", "each": 2, "overlap": 0}, "number.range"),
        ({"prompts": "红色手提包", "each": 2, "entry": Entry.CODE, "code": "abc"}, "session.code_missing"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence_and_leaves_nothing(
    studio: Studio, form: dict[str, Any], key: str
) -> None:
    with pytest.raises(StudioError) as caught:
        make(studio, **form)
    assert caught.value.key == key
    assert not waiting_drafts(studio.db)
    assert not list_sessions(studio.db)


def test_a_guideline_of_a_megabyte_is_refused(studio: Studio) -> None:
    ids = chosen(studio, None)
    with pytest.raises(StudioError) as caught:
        make(studio, ids=ids, zh="评" * 1_000_000)
    assert caught.value.key == "text.too_long"
    refused = session_live.feedback_sessions(studio, VISITOR)["refused"]
    assert [entry["refused"] for entry in refused] == [caught.value.sentence("zh")]
    with pytest.raises(ValidationError):
        Form(prompts="x" * 30_000)


def test_a_session_by_code_or_by_name_begins_as_it_should(studio: Studio) -> None:
    ids = chosen(studio, None)
    coded = make(studio, ids=ids, entry=Entry.CODE, code="plum tree")
    assert enter(studio.db, coded["token"], code="plum tree").session == coded["session"]
    named = make(studio, ids=ids, entry=Entry.NAMED)
    assert named["token"] is None
    session_live.new_link(studio, VISITOR, id=named["session"], label="Ann")
    assert [link.label for link in links_of(studio.db, named["session"])] == ["Ann"]
