"""The queue hands out what waits, most urgent first, and never twice to one coder or to two at once."""

from datetime import UTC, datetime, timedelta

import pytest

from coding_service.store import UnitOfWork
from tests.store.records import EVERYTHING, add_agency


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stocked(engine):
    """An agency with five narratives, the first of which its person is coding, and a second person."""
    agency = add_agency(engine)
    with UnitOfWork(engine) as work:
        review = work.reviews.get(EVERYTHING, agency.review_id)
        ids = [work.narratives.add(EVERYTHING, review, f"n-{number}", "Text.").id for number in range(2, 6)]
        second = work.people.add("second@north.example", "Second").id
        work.queue.rank(EVERYTHING, {narrative_id: (number, "rare") for number, narrative_id in enumerate(ids)})
        work.commit()
    return agency, ids, second


def test_most_urgent_comes_first_and_own_codings_never(engine, stocked):
    agency, ids, second = stocked
    with UnitOfWork(engine, reading=True) as work:
        own = [item.narrative_id for item in work.queue.next(agency.scope, agency.person_id, ["first"], limit=9)]
        others = [item.narrative_id for item in work.queue.next(agency.scope, second, ["first"], limit=9)]
    assert own == ids[::-1]
    assert others == [*ids[::-1], agency.narrative_id] or set(others) == {*ids, agency.narrative_id}


def test_leased_narrative_goes_to_nobody_else_until_the_lease_ends(engine, stocked, clock):
    agency, ids, second = stocked
    with UnitOfWork(engine, clock=clock) as work:
        work.queue.lease(agency.scope, ids[-1], agency.person_id, seconds=60, reason="rare")
        assert work.queue.next(agency.scope, second, ["first"])[0].narrative_id == ids[-2]
        assert work.queue.next(agency.scope, agency.person_id, ["first"])[0].narrative_id == ids[-1]
        assert work.queue.lease(agency.scope, ids[-1], second, seconds=60) is None
        assert work.queue.lease_of(agency.scope, ids[-1]).person_id == agency.person_id
        clock.now += timedelta(seconds=61)
        assert work.queue.lease_of(agency.scope, ids[-1]) is None
        assert work.queue.next(agency.scope, second, ["first"])[0].narrative_id == ids[-1]
        assert work.queue.lease(agency.scope, ids[-1], second, seconds=60) is not None
        assert [lease.narrative_id for lease in work.queue.leases_of(agency.scope, second)] == [ids[-1]]
        work.queue.release(agency.scope, ids[-1], second)
        assert work.queue.leases_of(agency.scope, second) == []


def test_states_reasons_and_counts(engine, stocked):
    agency, ids, _ = stocked
    with UnitOfWork(engine) as work:
        work.queue.move(agency.scope, ids[0], "adjudication", reason="two codings differ", priority=9.5)
        work.queue.move(agency.scope, ids[1], "done")
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        (item,) = work.queue.waiting(agency.scope, ["adjudication"])
        assert (item.narrative_id, item.priority, item.reason) == (ids[0], 9.5, "two codings differ")
        assert work.queue.counts(agency.scope) == {
            ("adjudication", "two codings differ"): 1,
            ("done", ""): 1,
            ("first", "rare"): 2,
            ("first", ""): 1,
        }
        assert (
            work.queue.next(agency.scope, "x", ["first"], exclude=ids[2:], limit=9)[0].narrative_id
            == agency.narrative_id
        )


def test_ranking_leaves_foreign_narratives_alone(engine, stocked):
    agency, _, _ = stocked
    south = add_agency(engine, "south")
    with UnitOfWork(engine) as work:
        work.queue.rank(south.scope, {agency.narrative_id: (99.0, "stolen")})
        work.queue.rank(south.scope, {})
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        assert work.queue.get(EVERYTHING, agency.narrative_id).priority == 0
