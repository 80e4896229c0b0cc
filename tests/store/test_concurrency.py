"""People work at once: nobody's rows are lost, nothing is done twice, and nobody waits long."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from coding_service.errors import ConflictError, StoreError
from coding_service.store import Event, UnitOfWork, open_engine
from coding_service.store.rows import DecisionRow, RunRow
from tests.store.records import EVERYTHING, add_agency, decide, new_coding


def at_once(*calls):
    """Run calls in threads that start together; give their results or errors."""
    barrier = Barrier(len(calls))

    def start(call):
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - handed to the test
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


def test_two_people_deciding_at_once_both_keep_their_rows(engine):
    agency = add_agency(engine)
    with UnitOfWork(engine) as work:
        second = work.people.add("second@north.example", "Second").id
        coding_id = work.codings.open(EVERYTHING, new_coding(agency.jurisdiction_id, agency.narrative_id, second)).id
        work.commit()
    other = type(agency)(agency.jurisdiction_id, second, agency.review_id, agency.narrative_id, coding_id)
    results = at_once(*(lambda who=who: decide(engine, who, ("a", "add"), ("b", "reject")) for who in (agency, other)))
    assert not [result for result in results if isinstance(result, Exception)]
    with UnitOfWork(engine, reading=True) as work:
        assert len(work.decisions.of_coding(EVERYTHING, agency.coding_id)) == 2
        assert len(work.decisions.of_coding(EVERYTHING, coding_id)) == 2


def test_chain_holds_under_eight_concurrent_writers(store_url):
    """Each writer has its own engine, as separate processes would."""
    engines = [open_engine(store_url) for _ in range(8)]
    agency = add_agency(engines[0])

    def write(engine):
        for number in range(10):
            with UnitOfWork(engine) as work:
                coding = work.codings.get(EVERYTHING, agency.coding_id)
                work.decisions.add(EVERYTHING, coding, [DecisionRow(code=f"c{number}", verdict="add")])
                work.audit.record(Event("decide", "coding", agency.coding_id, agency.person_id, agency.jurisdiction_id))
                work.commit()

    assert at_once(*(lambda engine=engine: write(engine) for engine in engines)) == [None] * 8
    with UnitOfWork(engines[0], reading=True) as work:
        assert list(work.audit.breaks()) == []
        assert work.audit.head()[0] == 80
        assert work.decisions.count(EVERYTHING) == 80
    for engine in engines:
        engine.dispose()


def test_repeated_requests_do_the_work_once_and_get_the_first_answer(store_url):
    engines = [open_engine(store_url) for _ in range(4)]
    agency = add_agency(engines[0])
    same = {"person_id": agency.person_id, "route": "POST /decisions"}

    def request(engine, number):
        with UnitOfWork(engine) as work:
            first = work.idempotency.claim("key", **same, request_hash="h")
            if first is not None:
                return first.answer
            coding = work.codings.get(EVERYTHING, agency.coding_id)
            work.decisions.add(EVERYTHING, coding, [DecisionRow(code="a", verdict="add")])
            work.idempotency.answer("key", **same, status=201, answer={"by": number})
            work.commit()
            return {"by": number}

    answers = at_once(*(lambda e=engine, n=number: request(e, n) for number, engine in enumerate(engines)))
    assert len({str(answer) for answer in answers}) == 1, answers
    with UnitOfWork(engines[0]) as work:
        assert work.decisions.count(EVERYTHING) == 1
        with pytest.raises(ConflictError, match="another request"):
            work.idempotency.claim("key", **same, request_hash="other")
    for engine in engines:
        engine.dispose()


def test_two_coders_never_get_the_same_lease(store_url):
    engines = [open_engine(store_url) for _ in range(4)]
    agency = add_agency(engines[0])
    with UnitOfWork(engines[0]) as work:
        people = [work.people.add(f"{number}@north.example", "Coder").id for number in range(4)]
        work.commit()

    def take(engine, person_id):
        with UnitOfWork(engine) as work:
            lease = work.queue.lease(agency.scope, agency.narrative_id, person_id, seconds=60)
            work.commit()
            return lease is not None

    taken = at_once(*(lambda e=engine, p=person: take(e, p) for engine, person in zip(engines, people, strict=True)))
    assert sorted(taken, key=str) == [False, False, False, True]
    for engine in engines:
        engine.dispose()


def test_one_training_at_a_time(store_url):
    engines = [open_engine(store_url) for _ in range(4)]

    def begin(engine):
        with UnitOfWork(engine) as work:
            work.runs.begin(EVERYTHING, RunRow(recipe="r"), stale_seconds=60)
            work.commit()
            return "began"

    results = at_once(*(lambda engine=engine: begin(engine) for engine in engines))
    assert [result for result in results if not isinstance(result, ConflictError)] == ["began"]
    for engine in engines:
        engine.dispose()


def test_reader_never_waits_for_a_writer(engine):
    agency = add_agency(engine)
    with UnitOfWork(engine) as writing:
        coding = writing.codings.get(EVERYTHING, agency.coding_id)
        writing.decisions.add(EVERYTHING, coding, [DecisionRow(code="a", verdict="add")])
        with UnitOfWork(engine, reading=True) as work:
            assert work.decisions.count(EVERYTHING) == 0
        writing.commit()


def test_second_writer_is_told_that_the_store_is_locked(sqlite_url, monkeypatch):
    monkeypatch.setattr("coding_service.store.engine.BUSY_SECONDS", 0.05)
    first, second = open_engine(sqlite_url), open_engine(sqlite_url)
    with UnitOfWork(first), pytest.raises(StoreError, match="locked"), UnitOfWork(second):
        pass
    monkeypatch.setattr("coding_service.store.unit.BUSY_SECONDS", 0.05)
    with UnitOfWork(first), pytest.raises(StoreError, match="locked"), UnitOfWork(first):
        pass
    with UnitOfWork(first) as work:  # and the turn was given back
        work.jurisdictions.add("north")
        work.commit()
