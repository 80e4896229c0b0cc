"""Requests sent again: the same key and request get the first answer, and the work is done once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from coding_service.services.keys import KeyRequest, create_key
from tests.api.stateful.conftest import HOUSING, SLEEP, TEXT, done

DECISION = {"taxonomy": {"id": "io-themes", "version": "1.0.0"}, "decisions": [{"code": HOUSING, "verdict": "add"}]}


@pytest.fixture(params=["sqlite", "postgresql"])
def any_office(request, open_office):
    """An office on each database in turn."""
    with open_office(request.getfixturevalue(f"{request.param}_url")) as office:
        yield office


@pytest.fixture
def writes(any_office):
    """One request for each writing route."""
    review = any_office.review()
    narrative_id = any_office.narrative()
    open_one, close_one = (any_office.open(any_office.narrative()) for _ in range(2))
    return {
        "/v1/reviews": {"external_id": "new", "narratives": [{"text": TEXT}]},
        f"/v1/reviews/{review['id']}/narratives": {"text": "A new one."},
        f"/v1/narratives/{narrative_id}/codings": {},
        f"/v1/codings/{open_one}/decisions": DECISION,
        f"/v1/codings/{close_one}/close": {"complete": True},
    }


def rows(office):
    tables = ("review", "narrative", "coding", "decision", "audit_event", "idempotency")
    with office.engine.connect() as connection:
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in tables}  # noqa: S608 - fixed names


def test_every_write_can_be_sent_again(any_office, writes):
    """Guarantee: the second answer is the first, to the byte, and no row is added."""
    for path, body in writes.items():
        first = any_office.post(path, body, retry="once")
        done(first)
        kept = rows(any_office)
        again = any_office.post(path, body, retry="once")
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert rows(any_office) == kept


def test_every_write_refuses_its_key_for_another_request(any_office, writes):
    for path, body in writes.items():
        done(any_office.post(path, body, retry="once"))
        before = rows(any_office)
        other = {**body, "external_id": "other"} if "reviews" in path else {**body, "complete": False}
        other = {**DECISION, "decisions": [{"code": SLEEP, "verdict": "add"}]} if "decisions" in path else other
        other = {"taxonomy": {"id": "io-themes", "version": "1.0.0"}} if "narratives" in path and not body else other
        answer = any_office.post(path, other, retry="once")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert rows(any_office) == before


def test_many_copies_at_once_do_the_work_once(any_office):
    coding_id = any_office.open(any_office.narrative())
    path = f"/v1/codings/{coding_id}/decisions"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: any_office.post(path, DECISION, retry="storm"), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert rows(any_office)["decision"] == 1


def test_keys_of_two_people_never_meet(office):
    narrative_id = office.narrative()
    first, second = (office.open(narrative_id, who=who) for who in ("reviewer", "reviewer2"))
    done(office.post(f"/v1/codings/{first}/decisions", DECISION, retry="k"))
    done(office.post(f"/v1/codings/{second}/decisions", DECISION, retry="k", who="reviewer2"))
    assert rows(office)["decision"] == 2


def test_failed_request_leaves_its_key_free(office):
    coding_id = office.open(office.narrative())
    bad = {**DECISION, "decisions": [{"code": "nothing", "verdict": "add"}]}
    assert office.post(f"/v1/codings/{coding_id}/decisions", bad, retry="k").status_code == 422
    done(office.post(f"/v1/codings/{coding_id}/decisions", DECISION, retry="k"))


def test_answer_does_not_follow_a_person_into_another_jurisdiction(office):
    """Guarantee: with a key of another jurisdiction, the same request of the same person is another request."""
    person = "both@hq.example"
    with_key = {}
    office.key("reviewer", "north")
    office.key("reviewer", "south")
    create_key(office.engine, KeyRequest(person, "admin", None))
    for where in ("north", "south"):
        with_key[where] = create_key(office.engine, KeyRequest(person, "reviewer", where))[0]
        office.keys["both", where] = with_key[where]
    body = {"external_id": "same"}
    done(office.post("/v1/reviews", body, who="both", where="north", retry="k"))
    assert office.post("/v1/reviews", body, who="both", where="south", retry="k").status_code == 409


@pytest.mark.parametrize("key", ["", "with blank", "x" * 201])
def test_malformed_key_is_refused(office, key):
    assert office.post("/v1/reviews", {"external_id": "x"}, retry=key).status_code == 422
