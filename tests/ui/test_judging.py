"""What a rater's browser can do at the studio: come in, judge, take back, come again; and what is refused."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from t2i_studio.domain import Entry, Guideline, Purpose, SessionKind, SessionState
from t2i_studio.domain.sessions import Example
from t2i_studio.store.audit import audit_of
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.entrance import make_link
from t2i_studio.store.session_items import items_of
from t2i_studio.store.session_raters import exclude_rater, raters_of
from t2i_studio.store.sessions import get_session, set_state
from t2i_studio.store.votes import votes
from t2i_studio.ui.auth import MAX_FAILURES, LogIn
from t2i_studio.ui.judging import blind, copies
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.judging.messages import MAX_BODY
from t2i_studio.ui.judging.page import FOLDER, words
from t2i_studio.ui.judging.preference import best_order
from t2i_studio.ui.users import Users, add_user
from tests.ui.judging import MODELS, Browser, arrived, session_of, studio_of, variants


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "home")
    yield database
    database.close()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are encoded in no time."""
    monkeypatch.setattr(blind, "SIDES", (64, 160))


@pytest.fixture
def client(db: Database) -> TestClient:
    return studio_of(db)


def actions(db: Database, session: int | None) -> list[tuple[str, Any]]:
    return [(entry.action, entry.details.get("refused")) for entry in audit_of(db, session)]


def test_a_rater_practises_judges_and_is_thanked(db: Database, client: TestClient) -> None:
    session = session_of(db, 4)
    rater = arrived(db, client, session)
    told = rater.begin()
    for n in range(1, 4):
        assert (told["state"], told["item"]["practice"]) == ("work", {"n": n, "of": 3})
        told = rater.say(told["item"])
        assert set(told["feedback"]) == {"right", "expected", "fault"}
        assert told["feedback"]["right"] == (told["feedback"]["expected"] == 0)
    for n in range(4):
        assert told["item"]["practice"] is None
        assert (told["ahead"] is None) == (n == 3)
        assert (told["count"], "feedback" in told) == (n, False) or n == 0
        told = rater.say(told["item"], "tie" if n else "bad")
    assert (told["state"], told["item"], told["count"]) == ("done", None, 4)
    assert sum(vote.purpose is Purpose.JUDGED for vote in votes(db, session.id)) == 4


def test_what_comes_ahead_is_what_comes_next(db: Database, client: TestClient) -> None:
    rater = arrived(db, client, session_of(db))
    told = rater.through_practice()
    while told["ahead"]:
        ahead, told = told["ahead"], rater.say(told["item"])
        assert told["item"] == ahead


def test_sent_again_an_answer_counts_once(db: Database, client: TestClient) -> None:
    session = session_of(db)
    rater = arrived(db, client, session)
    item = rater.through_practice()["item"]
    first = rater.say(item, nonce="once")
    assert rater.say(item, nonce="once") == first
    assert first["count"] == 1
    assert len([vote for vote in votes(db, session.id) if vote.purpose is Purpose.JUDGED]) == 1
    assert rater.say(first["item"], nonce="once")["key"] == "answer.nonce_used"


def test_who_comes_back_is_in_the_same_place(db: Database, client: TestClient) -> None:
    rater = arrived(db, client, session_of(db))
    told = rater.say(rater.through_practice()["item"])
    again = Browser(studio_of(db), rater.token)  # a restarted studio
    again.key = rater.key
    assert again.ask("enter")["state"] == "work"
    back = again.ask("next")
    assert (back["item"], back["ahead"], back["count"]) == (told["item"], told["ahead"], 1)
    assert again.look(back["item"])


def test_only_who_means_to_begin_becomes_a_rater(db: Database, client: TestClient) -> None:
    session = session_of(db)
    rater = arrived(db, client, session)
    for _ in range(3):
        assert rater.ask("enter")["key"] is None
    assert raters_of(db, session.id) == []


def test_the_last_answer_is_taken_back_by_another(db: Database, client: TestClient) -> None:
    session = session_of(db)
    rater = arrived(db, client, session)
    told = rater.through_practice()
    assert rater.ask("undo")["last"] is None  # what was for practice stays
    after = rater.say(told["item"], "chosen", place=0)
    last = rater.ask("undo")["last"]
    assert last == told["item"]
    revised = rater.say(last, "chosen", place=1)
    assert (revised["count"], revised["item"]) == (1, after["item"])
    assert [vote.chosen for vote in votes(db, session.id) if vote.purpose is Purpose.JUDGED] == [1]


def test_a_lease_is_held_by_its_rater_only(db: Database, client: TestClient) -> None:
    session = session_of(db)
    rater, other = arrived(db, client, session), arrived(db, client, session)
    told, theirs = rater.through_practice(), other.through_practice()
    mine = [told["item"]["id"], told["ahead"]["id"]]
    assert rater.ask("renew", assignments=[*mine, theirs["item"]["id"], "made-up"])["renewed"] == mine


@pytest.mark.parametrize("kind", [SessionKind.STARS, SessionKind.BEST_OF_FOUR])
def test_stars_with_faults_and_best_of_four(db: Database, client: TestClient, kind: SessionKind) -> None:
    session = session_of(db, 3, kind)
    rater = arrived(db, client, session)
    told = rater.begin()
    stars = kind is SessionKind.STARS
    right = rater.say(told["item"], **({"verdict": "stars", "stars": 2} if stars else {"place": 3}))["feedback"]
    assert right["fault"] == "warped_shape"
    assert right["right"] if stars else right["right"] == (right["expected"] == 3)
    told = rater.through_practice() if (rater := arrived(db, client, session)) else {}
    assert len(told["item"]["pictures"]) == kind.pictures
    said = (
        {"verdict": "stars", "stars": 4, "faults": ["floating"], "comment": "好 < 坏 & 5 > 3"}
        if stars
        else {"place": 3}
    )
    rater.say(told["item"], **said)
    vote = next(vote for vote in votes(db, session.id) if vote.purpose is Purpose.JUDGED)
    assert (vote.stars, vote.faults, vote.comment) == ((4, ("floating",), said["comment"]) if stars else (None, (), ""))
    assert vote.chosen == (None if stars else 3)


def test_states_are_told_in_the_raters_language(db: Database, client: TestClient) -> None:
    session = session_of(db, 1, overlap=1)
    rater, other = arrived(db, client, session), arrived(db, client, session, language="en")
    item = rater.through_practice()["item"]
    assert other.through_practice()["state"] == "waiting"
    set_state(db, session.id, SessionState.PAUSED)
    refused = rater.say(item)
    assert (refused["state"], rater.received[-1].status_code) == ("paused", 409)
    assert "暂停" in refused["sentence"]
    assert other.ask("next")["state"] == "paused"
    set_state(db, session.id, SessionState.OPEN)
    exclude_rater(db, session.id, raters_of(db, session.id)[0].rater, "slow")
    assert rater.ask("next")["state"] == "excluded"
    set_state(db, session.id, SessionState.CLOSED)
    assert other.ask("next")["state"] == "closed"
    refused = other.ask("enter")
    assert (refused["state"], other.received[-1].status_code) == ("closed", 410)
    assert "closed" in refused["sentence"]


def test_pictures_go_with_the_end_of_a_session_and_each_is_still_told_their_own_count(
    db: Database, client: TestClient
) -> None:
    session, other = session_of(db, 2), session_of(db, 2)
    rater = arrived(db, client, session)
    Copies(db).make(other.id)
    told = rater.say(rater.through_practice()["item"])
    shown = told["item"]["pictures"][0]
    assert client.get(shown).is_success
    set_state(db, session.id, SessionState.CLOSED)
    Copies(db).drop_closed()
    assert [path.name for path in (db.home / "blind").iterdir()] == [str(other.id)]
    assert client.get(shown).status_code == 404
    again = Browser(studio_of(db), rater.token)  # a restarted studio
    again.key = rater.key
    assert again.ask("enter")["state"] == "closed"
    assert {name: again.ask("next")[name] for name in ("state", "count", "item")} == {
        "state": "closed", "count": 1, "item": None,
    }  # fmt: skip
    Copies(db).make(session.id)
    assert not (db.home / "blind" / str(session.id)).exists()


def test_copies_that_are_being_made_while_their_session_ends_do_not_stay(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(db, 1)

    def slow(shown: object, *rest: Any) -> bytes:
        if get_session(db, session.id).state is SessionState.OPEN:
            set_state(db, session.id, SessionState.CLOSED)
        return encode(shown, *rest)  # type: ignore[arg-type]

    encode = copies.blind_copy
    monkeypatch.setattr(copies, "blind_copy", slow)
    Copies(db).make(session.id)
    assert not (db.home / "blind" / str(session.id)).exists()


def test_until_the_pictures_are_ready_nothing_is_handed_out(db: Database, client: TestClient) -> None:
    session = session_of(db, 2)
    rater = Browser(client, make_link(db, session.id))
    told = rater.begin()
    for _ in range(200):
        if told["state"] != "preparing":
            break
        assert told["item"] is None
        told = rater.ask("next")
    assert told["state"] == "work"


def test_a_code_is_asked_for_and_guessing_it_is_slow(db: Database, client: TestClient) -> None:
    session = session_of(db, 2, entry=Entry.CODE, code="苹果 7")
    rater = arrived(db, client, session)
    assert set(rater.ask("enter")) == {"state"}
    assert rater.ask("consent")["key"] == "session.code_wrong"
    assert rater.ask("enter", code="苹果 7")["state"] == "consent"
    assert rater.ask("next")["key"] == "judging.consent"  # who knows the code still has to agree
    assert rater.ask("consent")["state"] == "work"
    guesser = Browser(client, rater.token)
    told = [guesser.ask("enter", code=f"guess {n}") for n in range(MAX_FAILURES["user"] + 1)]
    assert {answer["key"] for answer in told[:-1]} == {"session.code_wrong"}
    assert (told[-1]["key"], guesser.received[-1].status_code) == ("judging.slow", 429)
    assert ("enter", "session.code_wrong") in actions(db, session.id)


@pytest.mark.parametrize("plan", [{}, {"entry": Entry.CODE, "code": "苹果 7"}, {"entry": Entry.NAMED}])
def test_who_comes_in_again_because_the_reply_was_lost_is_one_rater(
    db: Database, client: TestClient, plan: dict[str, Any]
) -> None:
    session = session_of(db, 2, **plan)
    Copies(db).make(session.id)
    token = make_link(db, session.id, "Li" if "entry" in plan else None)
    by_code = "code" in plan

    def come(nonce: str) -> str | None:
        """A browser that has no key yet; the key that it gets."""
        browser = Browser(client, token)
        told = browser.ask("enter", code="苹果 7", nonce=nonce) if by_code else browser.ask("consent", nonce=nonce)
        assert told["state"] == ("consent" if by_code else "work")
        return browser.key

    first = come("0a" * 16)
    assert first
    assert come("0a" * 16) == first
    assert len(raters_of(db, session.id)) == 1
    assert come("0b" * 16) != first
    assert len(raters_of(db, session.id)) == (1 if plan.get("entry") is Entry.NAMED else 2)
    for wrong in ("", "0", "x" * 32, "\ud800" * 32):
        sent = f'{{"nonce": "{wrong}"}}'.encode(errors="backslashreplace")
        refused = client.post(f"/judge/{token}/consent", content=sent, headers={"Content-Type": "application/json"})
        assert refused.status_code == 400


def test_forged_links_keys_and_assignments_are_refused_and_written_down(db: Database, client: TestClient) -> None:
    session = session_of(db)
    rater, other = arrived(db, client, session), arrived(db, client, session)
    item, theirs = rater.through_practice()["item"], other.through_practice()["item"]
    forger = Browser(client, "x" * 43)
    assert forger.ask("enter")["state"] == "refused"
    assert forger.received[-1].status_code == 404
    assert ("look", "session.link_unknown") in actions(db, None)
    bits = bytearray(base64.urlsafe_b64decode(item["id"] + "=" * (-len(item["id"]) % 4)))
    bits[-1] ^= 1
    for forged in ("1", "é", base64.urlsafe_b64encode(bits).decode().rstrip("=")):
        assert rater.say({"id": forged})["key"] == "answer.unknown"
    assert rater.say(theirs)["key"] == "answer.not_yours"
    assert ("answer", "answer.not_yours") in actions(db, session.id)
    rater.key = "forged"
    assert (rater.say(item)["state"], rater.received[-1].status_code) == ("enter", 401)
    assert ("key", "judging.key") in actions(db, session.id)
    assert not [vote for vote in votes(db, session.id) if vote.purpose is Purpose.JUDGED]


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "stars", "stars": 9},
        {"verdict": "chosen", "place": 2},
        {"verdict": "chosen", "place": -1},
        {"verdict": "tie", "comment": "<script>alert(1)</script>"},
        {"verdict": "skip"},
        {"verdict": "best"},
        {"verdict": "tie", "rater": "someone"},
        {"verdict": "tie", "comment": "长" * 2001},
        {"verdict": "chosen", "place": "0; DROP TABLE answer"},
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence(db: Database, client: TestClient, wrong: dict[str, Any]) -> None:
    session = session_of(db, 2)
    rater = arrived(db, client, session)
    item = rater.through_practice()["item"]
    refused = rater.say(item, **{"place": None} | wrong)
    assert rater.received[-1].status_code in (400, 422)
    assert refused["sentence"]
    assert "\n" not in refused["sentence"]
    assert refused["key"] in {key for log in (session.id, None) for _, key in actions(db, log)}
    assert rater.ask("next")["item"] == item


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"x" * (MAX_BODY + 1), "application/json", 413),
        (b"{}", "text/plain", 400),
        (b"{}", "application/x-www-form-urlencoded", 400),
        (b"[" * 5000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"key": 5}', "application/json", 400),
    ],
)
def test_bodies_are_small_json(db: Database, client: TestClient, content: bytes, kind: str, status: int) -> None:
    token = make_link(db, session_of(db, 1).id)
    refused = client.post(f"/judge/{token}/next", content=content, headers={"Content-Type": kind})
    assert refused.status_code == status
    assert refused.json()["sentence"]


def test_raters_need_no_log_in_and_get_nothing_else_by_it(db: Database, tmp_path: Path) -> None:
    add_user(tmp_path / "users", "li", "correct horse")
    rater = arrived(db, studio_of(db), session_of(db, 1))
    client = TestClient(LogIn(rater.client.app, Users(tmp_path / "users")), base_url="http://127.0.0.1")
    rater.client = client
    told = rater.begin()
    assert client.get(f"/judge/{rater.token}").status_code == 200
    assert rater.look(told["item"])
    assert client.get(re.search(r"/judge/static/\w+/main.js", client.get(f"/judge/{rater.token}").text)[0]).is_success  # type: ignore[index]
    for path in ("/judge", "/judge/", "/judge/x/../../gallery", "/judge/x/y/z", "/judge//gallery", "/judgement", "/"):
        assert client.get(path).status_code in (401, 404), path
        assert client.get(path).status_code == 401 or path.startswith("/judge/")


def test_the_guideline_is_told_in_both_languages_and_its_pictures_are_blind(db: Database, client: TestClient) -> None:
    example = Example(variant=variants(db, MODELS[1], 1, "杯子")[0], good=True, zh="清楚", en="clear")
    session = session_of(db, 2, guideline=Guideline(zh="看<b>商品</b>", examples=(example,)))
    rater = arrived(db, client, session)
    told = rater.ask("enter")
    assert told["guideline"] == {"zh": "看<b>商品</b>", "en": "看<b>商品</b>"}
    (shown,) = told["examples"]
    assert (shown["good"], shown["why"]) == (True, {"zh": "清楚", "en": "clear"})
    assert MODELS[1].encode() not in client.get(shown["picture"]).content


def test_the_page_is_light_and_speaks_both_languages(client: TestClient) -> None:
    page = client.get("/judge/abc", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert '<html lang="zh-CN">' in page.text
    assert '<html lang="en">' in client.get("/judge/abc", headers={"Accept-Language": "fr"}).text
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    parts = [client.get(address) for address in set(re.findall(r'(?:href|src)="(/judge/static/[^"]+)"', page.text))]
    assert len(parts) == len(list(FOLDER.iterdir()))
    assert all(part.is_success and "immutable" in part.headers["cache-control"] for part in parts)
    assert len(page.content) + sum(len(part.content) for part in parts) < 100_000


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    table = words()
    for key, row in table.items():
        assert set(row) == {"zh", "en"}, key
        assert all(text.strip() for text in row.values()), key
        assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in row.values()}) == 1 or key.endswith("_one"), key
    called = re.compile(r"""\bword\(\s*(?:[^()"`]*\?\s*)?"(\w+)"(?:\s*:\s*"(\w+)")?""")
    said = {key for path in FOLDER.glob("*.js") for keys in called.findall(path.read_text()) for key in keys if key}
    assert len(said) > 40
    assert said <= set(table)


def test_no_item_tells_what_it_is_for(db: Database, client: TestClient) -> None:
    session = session_of(db, 8, known_share=0.3, repeat_share=0.2)
    rater = arrived(db, client, session)
    told, seen = rater.through_practice(), []
    while told["item"]:
        seen.append(told["item"])
        told = rater.say(told["item"])
    purposes = {vote.purpose for vote in votes(db, session.id)}
    assert {Purpose.JUDGED, Purpose.KNOWN} <= purposes
    assert {(*item, len(item["id"]), str(item["practice"]), len(item["pictures"])) for item in seen} == {
        ("id", "text", "pictures", "practice", len(seen[0]["id"]), "None", 2)
    }
    numbers = {str(item.id) for item in items_of(db, session.id)}
    # a token may hold a short number by chance, but what tells would stand in each
    assert not all(numbers.intersection(re.split(r"\W", item["id"])) for item in seen)


def test_where_answers_decide_the_most_telling_items_are_opened_first(db: Database, client: TestClient) -> None:
    session = session_of(db, 6, choice="active", budget=3, overlap=1)
    order = best_order(db, session.id)
    assert sorted(order) == [item.id for item in items_of(db, session.id) if item.purpose is Purpose.JUDGED]
    rater = arrived(db, client, session)
    told = rater.through_practice()
    while told["item"]:
        told = rater.say(told["item"])
    assert told["count"] == 3
    assert len(best_order(db, session.id)) == 3
