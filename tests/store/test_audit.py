"""The audit chain: written with the work, or not at all; any tampering shows."""

import pytest
from sqlalchemy import text

from coding_service.store import Event, UnitOfWork
from coding_service.store.check import check
from coding_service.store.engine import WRITING
from tests.store.records import EVERYTHING, add_agency


@pytest.fixture
def audited(engine):
    agency = add_agency(engine)
    for number in range(5):
        with UnitOfWork(engine) as work:
            detail = {"number": number, "name": "Zoë"}
            event = Event("read", "narrative", agency.narrative_id, agency.person_id, agency.jurisdiction_id, detail)
            work.audit.record(event)
            work.audit.record(Event("list", "review", "all"))
            work.commit()
    return engine


def tamper(engine, *statements):
    """Change events as somebody would who may drop the triggers."""
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in ("no_update", "no_delete"):
                connection.execute(text(f"DROP TRIGGER audit_event_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement))


def breaks(engine):
    with UnitOfWork(engine, reading=True) as work:
        return list(work.audit.breaks())


def test_untouched_chain_holds(audited):
    assert breaks(audited) == []
    assert check(audited).problems == ()
    assert check(audited).audit_events == 10


TAMPERING = {
    "a changed event": "UPDATE audit_event SET action = 'write' WHERE sequence = 4",
    "a changed time": "UPDATE audit_event SET happened_at = '2001-01-01 00:00:00.000000' WHERE sequence = 4",
    "a changed person": "UPDATE audit_event SET person_id = NULL WHERE sequence = 3",
    "a changed hash": "UPDATE audit_event SET hash = previous_hash WHERE sequence = 10",
    "a missing event": "DELETE FROM audit_event WHERE sequence = 4",
    "a missing beginning": "DELETE FROM audit_event WHERE sequence < 3",
    "a renumbered event": "UPDATE audit_event SET sequence = 40 WHERE sequence = 10",
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_shows(audited, how):
    tamper(audited, TAMPERING[how])
    assert breaks(audited), how


def test_chain_that_was_cut_off_shows_by_its_head(audited):
    before = check(audited)
    tamper(audited, "DELETE FROM audit_event WHERE sequence > 8")
    after = check(audited)
    assert (before.audit_events, before.audit_head) != (after.audit_events, after.audit_head)


def test_lost_triggers_show(audited):
    tamper(audited)
    assert any("audit_event has lost a trigger" in problem for problem in check(audited).problems)


def test_events_of_undone_work_are_not_in_the_chain(audited):
    with UnitOfWork(audited) as work:
        work.audit.record(Event("write", "narrative", "n"))
    with UnitOfWork(audited, reading=True) as work:
        assert work.audit.head()[0] == 10


def test_events_are_listed_by_scope_and_object(audited):
    with UnitOfWork(audited, reading=True) as work:
        (jurisdiction,) = work.jurisdictions.all(EVERYTHING)
        own = type(EVERYTHING)(jurisdiction.id)
        assert {event.object_kind for event in work.audit.page(own)} == {"narrative"}
        assert [event.sequence for event in work.audit.page(EVERYTHING, after=7, limit=2)] == [8, 9]
        assert len(work.audit.page(EVERYTHING, object_id="all")) == 5
