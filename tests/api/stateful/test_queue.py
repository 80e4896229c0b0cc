"""From the queue to gold over HTTP: handed out once, coded twice, settled by a third person, and counted."""

from tests.api.stateful.conftest import HOUSING, SLEEP, TAXONOMY, done


def ask(office, who, **query):
    path = "/v1/queue" + "".join(f"?{name}={value}" for name, value in query.items())
    return done(office.get(path, who=who))["tasks"]


def code(office, narrative_id, who, *codes):
    coding_id = office.open(narrative_id, who=who)
    if codes:
        done(office.decide(coding_id, *((code, "add") for code in codes), who=who))
    done(office.close(coding_id, who=who))


def test_narrative_goes_from_hand_to_hand_until_it_is_settled(open_office):
    with open_office(second_coding_share=1) as office:
        narrative_id = office.narrative()
        (task,) = ask(office, "reviewer1")
        assert (task["narrative_id"], task["task"], task["reason"]) == (narrative_id, "first", "first coding")
        assert ask(office, "reviewer2") == []
        code(office, narrative_id, "reviewer1", HOUSING)
        assert ask(office, "reviewer1", limit=5) == []
        (task,) = ask(office, "reviewer2")
        assert (task["task"], task["reason"]) == ("second", "second coding")
        code(office, narrative_id, "reviewer2", HOUSING, SLEEP)
        assert ask(office, "reviewer3") == []
        (task,) = ask(office, "adjudicator")
        assert (task["task"], task["reason"]) == ("adjudication", "unsettled")
        (dispute,) = done(office.get("/v1/adjudications", who="adjudicator"))["narratives"]
        assert [code["code"] for code in dispute["disputed"]] == [SLEEP]
        body = {"taxonomy": TAXONOMY, "labels": [{"code": SLEEP, "label": "present", "reason": "The couch."}]}
        path = f"/v1/narratives/{narrative_id}/adjudications"
        settled = office.post(path, body, who="adjudicator", retry="once")
        assert (settled.status_code, settled.json()["task"]) == (201, "done")
        assert office.post(path, body, who="adjudicator", retry="once").json() == settled.json()
        assert done(office.get(path, who="adjudicator")) == settled.json()
        assert done(office.get("/v1/adjudications", who="adjudicator"))["narratives"] == []
        assert ask(office, "adjudicator") == []
        agreement = done(office.get("/v1/agreement", who="analyst"))
        assert (agreement["all"]["narratives"], agreement["all"]["people"]) == (1, 2)
        assert {code["kappa"] for code in agreement["all"]["codes"]} == {agreement["all"]["alpha"]} == {"too few"}


def test_bad_requests_are_told_what_is_wrong(office):
    narrative_id = office.narrative()
    for path in ("/v1/queue?limit=0", "/v1/queue?limit=21", "/v1/adjudications?limit=x"):
        assert office.get(path, who="adjudicator").status_code == 422
    path = f"/v1/narratives/{narrative_id}/adjudications"
    for label in ({}, {"code": SLEEP, "label": "maybe", "reason": "x"}, {"code": SLEEP, "label": "present"}):
        assert office.post(path, {"taxonomy": TAXONOMY, "labels": [label]}, who="adjudicator").status_code == 422
    label = {"code": SLEEP, "label": "present", "reason": "x"}
    old = {"taxonomy": {**TAXONOMY, "version": "0.9.0"}, "labels": [label]}
    assert office.post(path, old, who="adjudicator").json()["code"] == "taxonomy-mismatch"


def test_queue_and_agreement_know_their_own_jurisdiction_alone(office):
    office.narrative()
    assert done(office.get("/v1/queue", who="reviewer", where="south"))["tasks"] == []
    assert done(office.get("/v1/agreement", who="analyst", where="south"))["all"]["narratives"] == 0
