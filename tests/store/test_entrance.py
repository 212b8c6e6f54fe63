import pytest

from t2i_studio.domain import Entry, SessionState
from t2i_studio.errors import StudioError
from t2i_studio.store.audit import audit_of
from t2i_studio.store.database import Database
from t2i_studio.store.entrance import (
    consent,
    enter,
    links_of,
    make_link,
    rater_by,
    revoke_link,
    session_by,
    session_of_link,
)
from t2i_studio.store.session_raters import raters_of
from t2i_studio.store.sessions import set_state
from tests.store.session_studio import session_of


def key_of(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments, **named)
    return caught.value.key


def refusals(db: Database, session: int | None) -> list[object]:
    return [entry.details["refused"] for entry in audit_of(db, session) if "refused" in entry.details]


def test_an_open_link_makes_a_rater_of_each_browser_and_knows_it_again(db: Database):
    of = session_of(db)
    token = make_link(db, of.id)
    first, second = enter(db, token), enter(db, token, language="en")
    assert first.rater != second.rater
    assert enter(db, token, key=first.key) == first
    assert rater_by(db, of.id, first.key) == first.rater
    assert enter(db, token, key="forged").rater not in (first.rater, second.rater)
    assert [each.language for each in raters_of(db, of.id)] == ["zh", "en", "zh"]
    assert session_by(db, token) == of.id


def test_a_key_opens_its_own_session_only(db: Database):
    of, other = session_of(db), session_of(db)
    mine = enter(db, make_link(db, of.id))
    assert rater_by(db, other.id, mine.key) is None
    assert enter(db, make_link(db, other.id), key=mine.key).rater != mine.rater
    assert rater_by(db, of.id, "") is None
    assert rater_by(db, 2**70, mine.key) is None


def test_a_named_link_leads_to_its_rater_from_any_browser(db: Database):
    of = session_of(db, entry=Entry.NAMED)
    token, other = make_link(db, of.id, "王小明"), make_link(db, of.id, "李雷")
    phone, desk = enter(db, token), enter(db, token)
    assert phone.rater == desk.rater
    assert phone.key != desk.key
    assert rater_by(db, of.id, phone.key) == rater_by(db, of.id, desk.key) == phone.rater
    assert enter(db, other, key=phone.key).rater != phone.rater
    assert [(each.label, each.rater == phone.rater) for each in raters_of(db, of.id)] == [
        ("王小明", True),
        ("李雷", False),
    ]
    assert key_of(make_link, db, of.id) == "session.label_missing"
    assert key_of(make_link, db, of.id, "x" * 201) == "rater.name_too_long"


def test_a_code_is_asked_of_every_new_browser(db: Database):
    of = session_of(db, entry=Entry.CODE, code="夏季2026")
    token = make_link(db, of.id)
    for wrong in (None, "", "夏季2025", "\ud800", "x" * 100_000):
        assert key_of(enter, db, token, wrong) == "session.code_wrong"
    entered = enter(db, token, " 夏季2026 ")
    assert enter(db, token, key=entered.key) == entered
    assert refusals(db, of.id) == ["session.code_wrong"] * 5
    assert of.plan.code is None


def test_links_that_lead_nowhere_are_refused_and_the_refusal_is_kept(db: Database):
    of = session_of(db)
    token = make_link(db, of.id, "电梯海报")
    for wrong in ("", "x", token[:-1], token + "x", "\ud800", "x" * 100_000):
        assert key_of(enter, db, wrong) == key_of(session_by, db, wrong) == "session.link_unknown"
    assert refusals(db, None) == ["session.link_unknown"] * 12
    [link] = links_of(db, of.id)
    assert (link.label, link.rater, link.revoked) == ("电梯海报", None, False)
    revoke_link(db, link.id)
    assert key_of(enter, db, token) == "session.link_revoked"
    assert links_of(db, of.id)[0].revoked
    assert key_of(revoke_link, db, 99) == "session.link_none"
    other = make_link(db, of.id)
    set_state(db, of.id, SessionState.CLOSED)
    assert key_of(enter, db, other) == "session.closed"
    assert key_of(make_link, db, of.id) == "session.closed"
    assert refusals(db, of.id) == ["session.closed", "session.closed", "session.link_revoked"]
    assert {session_of_link(db, each) for each in (token, other)} == {of.id}  # who is in may ask how it ended
    assert key_of(session_of_link, db, "x") == "session.link_unknown"


def test_secrets_are_not_in_the_files(db: Database):
    of = session_of(db, entry=Entry.CODE, code="geheim-und-lang")
    token = make_link(db, of.id)
    key = enter(db, token, "geheim-und-lang").key
    assert key_of(enter, db, token, "falsch-und-lang") == "session.code_wrong"
    for secret in (token, key, "geheim-und-lang", "falsch-und-lang"):
        assert not any(secret.encode() in path.read_bytes() for path in db.home.glob("studio.db*"))


def test_consent_is_kept_once(db: Database):
    of = session_of(db)
    token = make_link(db, of.id)
    entered = enter(db, token)
    assert not entered.consented
    consent(db, of.id, entered.rater)
    first = raters_of(db, of.id)[0].consented
    consent(db, of.id, entered.rater)
    assert raters_of(db, of.id)[0].consented == first is not None
    assert enter(db, token, key=entered.key).consented
    assert key_of(consent, db, of.id, "nobody") == "session.no_rater"


def test_a_language_is_one_of_ours(db: Database):
    assert key_of(enter, db, make_link(db, session_of(db).id), language="fr") == "choice.unknown"
