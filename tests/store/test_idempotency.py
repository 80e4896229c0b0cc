"""First answers are kept for a day, and then make room."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from coding_service.store import UnitOfWork
from tests.store.records import add_agency

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def send(engine):
    """Send a request with a key at so many hours; gives its first answer, or None where it is the first."""
    person_id = add_agency(engine).person_id

    def request(key, *, hours):
        same = {"person_id": person_id, "route": "POST /decisions"}
        with UnitOfWork(engine, clock=lambda: NOON + timedelta(hours=hours)) as work:
            first = work.idempotency.claim(key, **same, request_hash="h")
            if first is not None:
                return first.answer
            work.idempotency.answer(key, **same, status=200, answer={"key": key})
            work.commit()
        return None

    return request


def keys(engine):
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT key FROM idempotency")).scalars())


def test_answer_can_be_had_again_for_a_day(engine, send):
    assert send("a", hours=0) is None
    assert send("b", hours=23) is None
    assert send("a", hours=23.9) == {"key": "a"}
    assert send("c", hours=24.1) is None
    assert keys(engine) == {"b", "c"}
    assert send("a", hours=24.2) is None


def test_old_answers_go_faster_than_new_ones_come(engine, send):
    """Guarantee: the table does not grow with the years, and no request pays for all old ones at once."""
    for number in range(12):
        send(f"old {number}", hours=0)
    for number in range(3):
        assert len(keys(engine)) == 12 - 4 * number
        send(f"new {number}", hours=48)
    assert keys(engine) == {"new 0", "new 1", "new 2"}
