"""The same promises on a PostgreSQL server; T2I_TEST_POSTGRESQL is the URL of a database to be emptied."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from t2i_studio.domain import Stage
from t2i_studio.errors import StudioError
from t2i_studio.store import jobs
from t2i_studio.store.answers import answer
from t2i_studio.store.assignments import next_assignment
from t2i_studio.store.database import Database, alembic_config, open_database
from t2i_studio.store.entrance import enter, make_link
from t2i_studio.store.learning_runs import examples_of, set_stage
from t2i_studio.store.learnt_adapters import adopt, adopted_adapter, get_adapter, list_adapters, roll_back
from t2i_studio.store.maintenance import Kind, backup, check_store
from t2i_studio.store.raters import forget_rater, new_rater, withdrawn_raters
from t2i_studio.store.ratings import prefer, rate, ratings_of
from t2i_studio.store.sample import request
from t2i_studio.store.session_items import items_of
from t2i_studio.store.session_progress import progress
from t2i_studio.store.session_raters import raters_of
from t2i_studio.store.variants import VariantQuery, get_variant, search
from t2i_studio.store.votes import votes
from tests.store.learnt import judged, learnt_from, made
from tests.store.session_studio import said, session_of
from tests.store.studio import finished

URL = os.environ.get("T2I_TEST_POSTGRESQL", "")
on_a_server = pytest.mark.skipif(not URL, reason="T2I_TEST_POSTGRESQL is not set")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Database]:
    with create_engine(URL).begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database = open_database(tmp_path, URL)
    yield database
    database.close()


@on_a_server
def test_migrations_make_exactly_the_tables_of_the_models(server: Database):
    config = alembic_config()
    with server.read() as session:
        config.attributes["connection"] = session.connection()
        command.check(config)


@on_a_server
def test_a_job_is_claimed_once_however_many_ask(server: Database):
    job = jobs.enqueue(server, request())
    with ThreadPoolExecutor(16) as threads:
        claims = [*threads.map(lambda _: jobs.claim(server, job.id), range(16))]
    assert len([claim for claim in claims if claim]) == 1


@on_a_server
def test_a_rating_sent_by_many_at_once_counts_once(server: Database):
    variant, rater = finished(server).variants[0], new_rater(server)
    with ThreadPoolExecutor(16) as threads:
        made = [*threads.map(lambda _: rate(server, variant, rater, stars=4, nonce="a"), range(16))]
    assert made == ratings_of(server, variant) * 16


@on_a_server
@pytest.mark.parametrize("sort", ["newest", "oldest", "stars"])
def test_variants_are_found_page_by_page(server: Database, sort: str):
    made = [id for _ in range(3) for id in finished(server).variants]
    rate(server, made[2], new_rater(server), stars=5, faults=["floating"])
    query = VariantQuery(words="手提包", sort=sort)
    first = search(server, query, limit=4)
    rest = search(server, query, first.next, limit=4)
    assert sorted(variant.id for variant in (*first.items, *rest.items)) == made
    assert (first.total, rest.next) == (6, None)
    assert [variant.id for variant in search(server, VariantQuery(fault="floating")).items] == [made[2]]


@on_a_server
@pytest.mark.parametrize("judgements", ["keep", "delete"])
def test_judgements_are_append_only_until_the_rater_is_forgotten(server: Database, judgements: str):
    one, two = finished(server).variants
    rater = new_rater(server, "王小明")
    rate(server, one, rater, stars=4, faults=["floating"])
    prefer(server, one, two, rater)
    for change in ("UPDATE rating SET stars = 1", "DELETE FROM rating_fault", "DELETE FROM comparison"):
        with pytest.raises(IntegrityError, match="append-only"), server.write() as session:
            session.execute(text(change))
    forgotten = forget_rater(server, "王小明", judgements)  # type: ignore[arg-type]
    assert (forgotten.names, forgotten.ratings, forgotten.preferences) == (1, 1, 1)
    assert get_variant(server, one).stars == (4 if judgements == "keep" else None)
    assert check_store(server) == []


@on_a_server
@pytest.mark.parametrize("judgements", ["keep", "delete"])
def test_what_was_learnt_is_kept_and_marked_when_a_rater_is_forgotten(server: Database, judgements: str):
    leaving, kept = new_rater(server), judged(server, new_rater(server))
    run = learnt_from(server, *judged(server, leaving), *kept)
    set_stage(server, run.id, Stage.TRAINING)
    adapter = made(server, run=run)
    adopt(server, adapter.id, "ann")
    for table in ("learning_example", "learnt_adapter", "adoption"):
        for change in (f"UPDATE {table} SET id = 99", f"DELETE FROM {table}"):
            with pytest.raises(IntegrityError, match="append-only"), server.write() as session:
                session.execute(text(change))
    forget_rater(server, leaving, judgements)  # type: ignore[arg-type]
    assert adopted_adapter(server, "podium") == get_adapter(server, adapter.id)
    assert get_adapter(server, adapter.id).forgotten
    assert len(examples_of(server, run.id)) == (4 if judgements == "keep" else 2)
    assert roll_back(server, "podium", "", "ann") is None
    assert len(withdrawn_raters(server)) == (judgements == "keep")


@on_a_server
def test_learning_can_be_undone_and_done_again(server: Database):
    adopt(server, made(server, run=learnt_from(server, *judged(server, new_rater(server)))).id, "ann")
    config = alembic_config()
    for going, revision in ((command.downgrade, "0005"), (command.upgrade, "head")):
        with server.write() as session:
            config.attributes["connection"] = session.connection()
            going(config, revision)
    assert list_adapters(server) == []
    assert learnt_from(server, *judged(server, new_rater(server))).id == 1


@on_a_server
def test_backing_up_is_the_servers_business(server: Database, tmp_path: Path):
    with pytest.raises(StudioError) as caught:
        backup(server, tmp_path / "copy")
    assert caught.value.key == "backup.not_sqlite"


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "oracle://x", "postgresql+nodriver://x/y"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str):
    with pytest.raises(StudioError) as caught:
        open_database(tmp_path, url)
    assert caught.value.key == "store.url"


@on_a_server
def test_a_server_that_does_not_answer_is_named(tmp_path: Path):
    with pytest.raises(StudioError) as caught:
        open_database(tmp_path, "postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert caught.value.key == "store.unreachable"


@on_a_server
def test_a_session_keeps_its_overlap_when_many_judge_at_once(server: Database):
    of = session_of(server, 6, overlap=2, known_share=0.1, repeat_share=0.1, choice="active", budget=4)
    token = make_link(server, of.id)

    def work(_: int) -> None:
        rater = enter(server, token).rater
        while (found := next_assignment(server, of.id, rater)).why != "done":
            if found.assignment is not None:
                sent = said(found.assignment)
                assert answer(server, rater, sent) == answer(server, rater, sent)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert sorted(item.answers for item in items_of(server, of.id)) == [0, 0, 2, 2, 2, 2]
    assert progress(server, of.id).done == 4
    for change in ("UPDATE comparison SET winner_id = NULL", "DELETE FROM answer", "DELETE FROM session_audit"):
        with pytest.raises(IntegrityError, match="append-only"), server.write() as session:
            session.execute(text(change))
    before = len(votes(server, of.id))
    first, second = (each.rater for each in raters_of(server, of.id)[:2])
    forget_rater(server, first)
    assert len(votes(server, of.id)) == before
    forget_rater(server, second, "delete")
    assert {problem.kind for problem in check_store(server)} == {Kind.LOST_PICTURE}  # the sample has no files
