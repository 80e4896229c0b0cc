"""Every released schema comes up to the present one with its data; other schemas are refused with the next step."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from coding_service.errors import InputError, StoreError
from coding_service.store import UnitOfWork, open_engine
from coding_service.store.check import check
from coding_service.store.engine import WRITING
from coding_service.store.rows import Row
from coding_service.store.schema import newest_revision, require_schema, upgrade
from tests.conftest import create_database
from tests.store.records import EVERYTHING, add_agency, decide

RELEASED = ["0001"]
"""Every schema revision that ever was in a release."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'empty.sqlite'}"
    cluster = request.getfixturevalue("postgresql_cluster")
    create_database(cluster, f"empty_{request.node.name}"[:60])
    return cluster.get_uri(f"empty_{request.node.name}"[:60])


@pytest.mark.parametrize("revision", RELEASED)
def test_every_released_schema_comes_up_with_its_data(empty_url, revision):
    assert upgrade(empty_url, revision=revision) == (None, revision)
    engine = open_engine(empty_url)
    decide(engine, add_agency(engine, text="Kept text."), ("professional.fatigue", "add"))
    engine.dispose()
    assert upgrade(empty_url) == (revision, newest_revision())
    engine = open_engine(empty_url)
    with UnitOfWork(engine, reading=True) as work:
        assert [facts.text for facts in work.narratives.facts(EVERYTHING)] == ["Kept text."]
        assert work.decisions.count(EVERYTHING) == 1
    assert check(engine).problems == ()
    engine.dispose()


def test_upgrading_twice_changes_nothing(empty_url):
    upgrade(empty_url)
    assert upgrade(empty_url) == (newest_revision(), newest_revision())


def test_migrations_make_exactly_the_schema_of_the_rows(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_store_without_schema_is_told_to_upgrade(empty_url):
    engine = open_engine(empty_url)
    with pytest.raises(StoreError, match="io-coding db upgrade"):
        require_schema(engine)
    with pytest.raises(StoreError, match="io-coding db upgrade"), UnitOfWork(engine) as work:
        work.jurisdictions.all(EVERYTHING)
    engine.dispose()


def test_store_of_a_newer_release_is_left_alone(store_url, engine):
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        upgrade(store_url)
    with pytest.raises(StoreError, match="newer"):
        require_schema(engine)


def test_unreachable_store_is_an_error_of_ours(tmp_path):
    for url in ("postgresql://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path}"):
        with pytest.raises(StoreError), UnitOfWork(open_engine(url)):
            pass


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_other_urls_are_refused(url):
    with pytest.raises(InputError, match="sqlite:///PATH"):
        open_engine(url)


def test_sqlite_is_durable_and_only_its_owner_may_read_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    upgrade(url)
    with open_engine(url).connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert (tmp_path / "new.sqlite").stat().st_mode & 0o077 == 0
