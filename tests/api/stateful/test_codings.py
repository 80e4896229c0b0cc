"""Codings and decisions over HTTP: kept once, checked, never changed, and refused where the taxonomy has moved on."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from coding_service.services.current_taxonomy import begin_taxonomy
from coding_service.store import UnitOfWork
from coding_service.taxonomy.files import find_taxonomy
from tests.api.stateful.conftest import HOUSING, SLEEP, TEXT, done


def count_decisions(office):
    with office.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM decision")).scalar()


@pytest.fixture
def coding_id(office):
    return office.open(office.narrative())


def test_decisions_are_kept_and_the_last_on_each_code_is_current(office, coding_id):
    full = {"code": HOUSING, "verdict": "add", "rating": 3, "evidence": [{"start": 0, "end": 12}], "reason": "Moved."}
    made = done(office.decide(coding_id, full, (SLEEP, "reject")))
    assert {key: made["decisions"][0][key] for key in full} == full
    done(office.decide(coding_id, (SLEEP, "withdraw"), (HOUSING, "unsure")))
    closed = done(office.close(coding_id))
    told = [(decision["code"], decision["verdict"], decision["current"]) for decision in closed["decisions"]]
    assert told == [
        (HOUSING, "add", False),
        (SLEEP, "reject", False),
        (SLEEP, "withdraw", True),
        (HOUSING, "unsure", True),
    ]
    assert closed["complete"]
    assert closed["closed_at"] >= closed["opened_at"]
    assert office.codings(closed["narrative_id"]) == [closed]


REFUSED = {
    "unknown code": {"code": "family.economic_support.housin", "verdict": "add"},
    "group": {"code": "family", "verdict": "add"},
    "verdict": {"code": HOUSING, "verdict": "maybe"},
    "rating 0": {"code": HOUSING, "verdict": "add", "rating": 0},
    "rating 4": {"code": HOUSING, "verdict": "add", "rating": 4},
    "rating of an absent code": {"code": HOUSING, "verdict": "reject", "rating": 1},
    "evidence past the end": {"code": HOUSING, "verdict": "add", "evidence": [{"start": 0, "end": len(TEXT) + 1}]},
    "empty evidence": {"code": HOUSING, "verdict": "add", "evidence": [{"start": 3, "end": 3}]},
    "coder in the body": {"code": HOUSING, "verdict": "add", "coder": "someone else"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_decisions_are_refused_all_together(office, coding_id, name):
    answer = office.decide(coding_id, (SLEEP, "add"), REFUSED[name])
    assert answer.status_code == 422
    assert "evicted" not in answer.text
    assert count_decisions(office) == 0


def test_unknown_code_is_told_its_neighbour(office, coding_id):
    assert HOUSING in office.decide(coding_id, REFUSED["unknown code"]).json()["hint"]


def test_evidence_counts_code_points(office):
    emoji = "\N{FAMILY} evicted."
    coding_id = office.open(office.narrative(emoji))
    whole = [{"start": 0, "end": len(emoji)}]
    done(office.decide(coding_id, {"code": HOUSING, "verdict": "add", "evidence": whole}))


def test_closed_coding_takes_no_more(office, coding_id):
    done(office.close(coding_id))
    for answer in (office.decide(coding_id, (HOUSING, "add")), office.close(coding_id)):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert count_decisions(office) == 0


def test_skipped_narrative_is_not_complete(office, coding_id):
    body = {"complete": True, "skipped_reason": "Not in English."}
    assert office.post(f"/v1/codings/{coding_id}/close", body).status_code == 422
    skipped = done(office.post(f"/v1/codings/{coding_id}/close", {**body, "complete": False}))
    assert skipped["skipped_reason"] == "Not in English."


def test_each_person_codes_a_narrative_once(office):
    narrative_id = office.narrative()
    coding_id = office.open(narrative_id)
    again = office.post(f"/v1/narratives/{narrative_id}/codings", {})
    assert again.status_code == 409
    assert coding_id in again.json()["detail"]


def test_decision_by_another_taxonomy_version_says_what_to_do(office, coding_id):
    """Guarantee: neither a client with an old taxonomy nor an old coding gets a decision in; a new coding does."""
    other = {"id": "io-themes", "version": "0.9.0"}
    answer = office.decide(coding_id, (HOUSING, "add"), version=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "taxonomy-mismatch")
    assert "/v1/taxonomies/io-themes/1.0.0" in answer.json()["hint"]
    with UnitOfWork(office.engine) as work:
        begin_taxonomy(work, replace(find_taxonomy("io-themes", "1.0.0"), version="1.1.0"))
        work.commit()
    newer = {"id": "io-themes", "version": "1.1.0"}
    for version in ({"id": "io-themes", "version": "1.0.0"}, newer):
        answer = office.decide(coding_id, (HOUSING, "add"), version=version)
        assert (answer.status_code, answer.json()["code"]) == (409, "taxonomy-mismatch")
    assert count_decisions(office) == 0
    narrative_id = office.narrative("Another.")
    stale = {"taxonomy": {"id": "io-themes", "version": "1.0.0"}}
    assert office.post(f"/v1/narratives/{narrative_id}/codings", stale).status_code == 409
    done(office.decide(office.open(narrative_id), (HOUSING, "add"), version=newer))


def test_two_people_deciding_at_once_both_keep_their_rows(office):
    """Guarantee: concurrent decisions of several people on one narrative are all kept."""
    narrative_id = office.narrative()
    people = [f"reviewer{number}" for number in range(6)]
    codings = {who: office.open(narrative_id, who=who) for who in people}

    def work(who):
        return [office.decide(codings[who], (code, "add"), who=who).status_code for code in (HOUSING, SLEEP, HOUSING)]

    with ThreadPoolExecutor(len(people)) as pool:
        statuses = list(pool.map(work, people))
    assert statuses == [[201] * 3] * len(people)
    assert count_decisions(office) == 3 * len(people)


def test_closing_and_deciding_at_once_never_decides_after_the_end(office):
    """Guarantee: whichever comes first, no decision is later than the end of its coding."""
    coding_ids = [office.open(office.narrative()) for _ in range(8)]
    jobs = [job for coding_id in coding_ids for job in (("close", coding_id), ("decide", coding_id))]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda job: office.close(job[1]) if job[0] == "close" else office.decide(job[1], (SLEEP, "add")), jobs
            )
        )
    late = text("SELECT count(*) FROM decision d JOIN coding c ON c.id = d.coding_id WHERE d.decided_at > c.closed_at")
    with office.engine.connect() as connection:
        assert connection.execute(late).scalar() == 0
