"""Reviews and narratives over HTTP: kept as sent, refused with the list, and each look at a text recorded."""

import pytest
from sqlalchemy import text

from tests.api.stateful.conftest import TEXT, done

REVIEW = {
    "external_id": "2026-014",
    "cause": "suid",
    "incident_type": "fatality",
    "incident_date": "2026-01-14",
    "review_date": "2026-03-02",
    "completed": True,
    "narratives": [{"external_id": "1", "text": TEXT}, {"text": "A second one."}],
}


def audit(office):
    query = text("SELECT action, object_kind, object_id, person_id FROM audit_event ORDER BY sequence")
    with office.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_review_is_given_back_as_it_was_sent(office):
    made = done(office.post("/v1/reviews", REVIEW))
    assert {key: made[key] for key in REVIEW if key != "narratives"} == {
        key: value for key, value in REVIEW.items() if key != "narratives"
    }
    assert made["jurisdiction"] == "north"
    assert made["value_lists"] == {"causes": "1.0.0", "incident-types": "1.0.0"}
    assert len(made["narratives"]) == 2
    assert done(office.get(f"/v1/reviews/{made['id']}", who="analyst")) == made
    narrative = done(office.get(f"/v1/narratives/{made['narratives'][0]['id']}"))
    assert (narrative["text"], narrative["external_id"], narrative["review_id"]) == (TEXT, "1", made["id"])


def test_review_may_have_no_narrative(office):
    made = done(office.post("/v1/reviews", {"external_id": "empty", "cause": "drowning"}))
    assert made["narratives"] == []
    added = done(office.post(f"/v1/reviews/{made['id']}/narratives", {"external_id": "1", "text": TEXT}))
    assert done(office.get(f"/v1/reviews/{made['id']}"))["narratives"] == [{"id": added["id"], "external_id": "1"}]


@pytest.mark.parametrize(
    ("field", "value", "known"), [("cause", "SUID", "suid"), ("incident_type", "death", "near_fatality")]
)
def test_unknown_value_is_refused_with_the_list(office, field, value, known):
    answer = office.post("/v1/reviews", {"external_id": "x", field: value})
    assert answer.status_code == 422
    assert value in answer.json()["detail"]
    assert known in answer.json()["hint"]


def test_text_in_the_wrong_field_is_not_repeated(office):
    answer = office.post("/v1/reviews", {"external_id": "x", "cause": TEXT * 2})
    assert answer.status_code == 422
    assert "evicted" not in answer.text


REFUSED = {
    "known review": (409, "/v1/reviews", {"external_id": "known"}),
    "known narrative": (409, "/v1/reviews/{id}/narratives", {"external_id": "1", "text": "Another."}),
    "empty text": (422, "/v1/reviews/{id}/narratives", {"text": "  "}),
    "long text": (413, "/v1/reviews/{id}/narratives", {"text": "x" * 200_001}),
    "NUL": (422, "/v1/reviews/{id}/narratives", {"text": "a\0b"}),
    "unknown field": (422, "/v1/reviews", {"external_id": "x", "blind": False}),
    "no date": (422, "/v1/reviews", {"external_id": "x", "incident_date": "yesterday"}),
    "space around a name": (422, "/v1/reviews", {"external_id": " x"}),
    "two narratives of one name": (422, "/v1/reviews", {"external_id": "x", "narratives": [{"text": "Same."}] * 2}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_keep_nothing(office, name):
    status, path, body = REFUSED[name]
    review = office.review(external_id="known")
    before = audit(office)
    assert office.post(path.format(id=review["id"]), body).status_code == status
    assert audit(office) == before


def test_each_read_and_write_of_a_narrative_is_recorded_with_its_person(office):
    """Guarantee: creating, reading, listing, suggesting and coding leave one audit event each; a refusal leaves none."""
    narrative_id = office.narrative()
    office.get(f"/v1/narratives/{narrative_id}", who="ml")
    office.suggestions(narrative_id)
    coding_id = office.open(narrative_id)
    office.codings(narrative_id)
    office.close(coding_id)
    office.get(f"/v1/narratives/{narrative_id}", who="analyst")
    office.get(f"/v1/narratives/{narrative_id}", where="south")
    events = [event for event in audit(office) if event[1] not in ("api_key", "review")]
    assert [(action, kind) for action, kind, _, _ in events] == [
        ("create", "narrative"),
        ("read", "narrative"),
        ("suggest", "narrative"),
        ("open", "coding"),
        ("list codings", "narrative"),
        ("close", "coding"),
    ]
    assert {target for _, _, target, _ in events} == {narrative_id, coding_id}
    assert all(person for *_, person in events)
    assert len({person for *_, person in events}) == 2


def test_no_text_is_in_the_audit_chain(office):
    narrative_id = office.narrative()
    office.suggestions(narrative_id)
    with office.engine.connect() as connection:
        assert "evicted" not in str(connection.execute(text("SELECT * FROM audit_event")).all())


def test_admin_of_all_must_name_the_jurisdiction(office):
    office.key("reviewer")
    assert office.post("/v1/reviews", {"external_id": "x"}, who="admin", where=None).status_code == 422
    made = done(office.post("/v1/reviews", {"external_id": "x", "jurisdiction": "north"}, who="admin", where=None))
    assert done(office.get(f"/v1/reviews/{made['id']}"))["jurisdiction"] == "north"


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["Same.", "Other.", "same"], "stands twice in the review"),
        (["One.", " "], "Narrative '1' is empty"),
        (["One.", "a\0b"], "narrative '1' holds a NUL"),
    ],
)
def test_wrong_narrative_among_several_is_named(office, texts, told):
    body = {"external_id": "x", "narratives": [{"text": each} for each in texts]}
    answer = office.post("/v1/reviews", body)
    assert (answer.status_code, told in answer.json()["detail"]) == (422, True)


def test_most_narratives_at_once_are_those_of_the_settings(open_office):
    with open_office(max_narratives=2) as office:
        body = {"external_id": "x", "narratives": [{"text": f"Text {row}."} for row in range(3)]}
        assert "at most 2" in office.post("/v1/reviews", body).json()["detail"]
        assert len(done(office.post("/v1/reviews", {**body, "narratives": body["narratives"][:2]}))["narratives"]) == 2


def test_text_that_was_let_in_is_read(open_office):
    """Guarantee: no setting lets a text into the store that then gets no suggestions."""
    with open_office(max_text_bytes=300_000) as office:
        narrative_id = office.narrative("They slept in the car. " * 10_000)
        assert office.suggestions(narrative_id)["id"] == narrative_id
