"""The database itself refuses to change what people decided, whoever asks it."""

import sqlite3

import pytest
from sqlalchemy import text

from coding_service.errors import ConflictError
from coding_service.store import Event, UnitOfWork, open_engine
from coding_service.store.check import GUARDED
from coding_service.store.engine import WRITING, speaking_plainly
from coding_service.store.rows import AdjudicationRow, EvaluationSnapshotRow, PromotionRow, Row, SuggestionSnapshotRow
from tests.store.records import EVERYTHING, TAXONOMY, add_agency, decide


@pytest.fixture
def full_store(engine):
    """A store with a row in every guarded table."""
    agency = add_agency(engine)
    decide(engine, agency, ("professional.fatigue", "add"))
    tenant = {
        "jurisdiction_id": agency.jurisdiction_id,
        "narrative_id": agency.narrative_id,
        "person_id": agency.person_id,
    }
    with UnitOfWork(engine) as work:
        work.adjudications.add(EVERYTHING, [AdjudicationRow(**tenant, **TAXONOMY, code="a", label="present")])
        shown = SuggestionSnapshotRow(**tenant, **TAXONOMY, bundle_id="b", bundle_sha256="0", suggestions=[])
        work.snapshots.add(EVERYTHING, shown)
        frozen = EvaluationSnapshotRow(fingerprint="f", **TAXONOMY, narrative_ids=[agency.narrative_id], gold={})
        work.evaluations.add(EVERYTHING, frozen)
        work.promotions.add(EVERYTHING, PromotionRow(kind="promote", bundle_id="b", bundle_sha256="0"))
        work.audit.record(Event("read", "narrative", agency.narrative_id))
        work.commit()
    return engine


CHANGES = [
    *(
        (str(Row.metadata.tables[table].delete()), table)
        for table in (*GUARDED, "review", "coding", "taxonomy_version")
    ),
    ("UPDATE decision SET verdict = 'reject'", "decision"),
    ("UPDATE adjudication SET label = 'absent'", "adjudication"),
    ("UPDATE audit_event SET action = 'none'", "audit_event"),
    ("UPDATE promotion SET bundle_id = 'c'", "promotion"),
    ("UPDATE suggestion_snapshot SET bundle_id = 'c'", "suggestion_snapshot"),
    ("UPDATE evaluation_snapshot SET fingerprint = 'c'", "evaluation_snapshot"),
    ("UPDATE narrative SET text = 'other'", "narrative"),
    ("UPDATE review SET blind = true, blind_role = 'training'", "review"),
    ("UPDATE coding SET person_id = 'other'", "coding"),
    ("UPDATE taxonomy_version SET sha256 = 'other'", "taxonomy_version"),
]


def rows_of(engine, table):
    with engine.connect() as connection:
        return connection.execute(Row.metadata.tables[table].select()).all()


@pytest.mark.parametrize(("statement", "table"), CHANGES, ids=[statement for statement, _ in CHANGES])
def test_database_refuses_to_change_or_delete(full_store, statement, table):
    before = rows_of(full_store, table)
    assert before
    with (
        pytest.raises(ConflictError),
        speaking_plainly(),
        full_store.execution_options(**{WRITING: True}).begin() as connection,
    ):
        connection.execute(text(statement))
    assert rows_of(full_store, table) == before


def test_postgresql_refuses_to_truncate(full_store):
    if full_store.dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    for table in GUARDED:
        with pytest.raises(ConflictError), speaking_plainly(), full_store.begin() as connection:
            connection.execute(text(f"TRUNCATE {table} CASCADE"))


def test_sqlite_refuses_insert_or_replace_from_a_plain_connection(sqlite_url):
    """REPLACE deletes without calling delete triggers, so inserting over a row is refused as well."""
    engine = open_engine(sqlite_url)
    decide(engine, add_agency(engine), ("professional.fatigue", "add"))
    engine.dispose()
    plain = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    over = "INSERT OR REPLACE INTO decision SELECT {}, jurisdiction_id, coding_id, narrative_id, code, 'reject', rating, evidence, reason, decided_at FROM decision"
    for same in ("sequence, 'x'", "99, id"):
        with pytest.raises(sqlite3.IntegrityError):
            plain.execute(over.format(same))
    plain.close()


def test_review_details_may_be_corrected(full_store):
    with UnitOfWork(full_store) as work:
        (review,) = work.reviews.page(EVERYTHING)
        review.completed = True
        work.reviews.save()
        work.commit()
    with UnitOfWork(full_store, reading=True) as work:
        assert work.reviews.page(EVERYTHING)[0].completed
