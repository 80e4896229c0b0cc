"""Input as nobody means it, at every place of every body: it is refused by a problem document, never by a crash."""

import copy
import json

import pytest

from tests.api.stateful.conftest import HOUSING, MISSING, TAXONOMY, TEXT

NASTY = {
    "NUL": "a\0b",
    "half of a pair": "\ud800",
    "half of a pair in a text": "evicted \udfff",
    "noncharacter": "\uffff\U0010ffff",
    "right to left": "\u202eevicted\u202c",
    "long": "x" * 100_000,
    "white": " \n\t\u2028",
    "huge number": 10**400,
    "64 bits": 2**63,
    "negative": -(2**63) - 1,
    "fraction": 1.5,
    "infinite": float("inf"),
    "not a number": float("nan"),
    "true": True,
    "null": None,
    "empty": "",
    "list": [[]],
    "object": {"": {}},
    "formula": "=1+1",
    "day without a month": "2026-13-41",
    "first day": "0001-01-01",
}
RAW = {
    "deep": b"[" * 50_000 + b"]" * 50_000,
    "nothing": b"",
    "no UTF-8": b"\xff",
    "UTF-16": json.dumps(TEXT).encode("utf-16"),
    "a name twice": b'{"a": 1, "a": 2}',
    "null": b"null",
    "cut off": b'{"text": "' + TEXT.encode(),
}
LONGEST_PROBLEM = 3000
REVIEW = {"external_id": "r", "jurisdiction": "north", "cause": "suid", "incident_type": "fatality", "incident_date": "2026-01-14", "review_date": "2026-03-02", "completed": True, "narratives": [{"external_id": "1", "text": TEXT}]}  # fmt: skip
DECISION = {"code": HOUSING, "verdict": "accept", "rating": 2, "evidence": [{"start": 0, "end": 8}], "reason": "Evicted."}  # fmt: skip
CLOSING = {"complete": True, "skipped_reason": None, "missing_theme": "Interpreters", "comment": "Close."}
LABEL = {"code": HOUSING, "label": "present", "reason": "Evicted."}
BODIES = {
    "/v1/suggestions": {"narratives": [{"id": "1", "text": TEXT}], "limit": 5, "min_probability": 0.2, "bundle": "starter"},
    "/v1/reviews": REVIEW,
    "/v1/reviews/{review_id}/narratives": {"external_id": "9", "text": "Another text."},
    "/v1/narratives/{narrative_id}/codings": {"taxonomy": TAXONOMY},
    "/v1/codings/{coding_id}/decisions": {"taxonomy": TAXONOMY, "decisions": [DECISION]},
    "/v1/codings/{coding_id}/close": CLOSING,
    "/v1/narratives/{narrative_id}/adjudications": {"taxonomy": TAXONOMY, "labels": [LABEL]},
    "/v1/bundles/starter/promote": {"jurisdiction": "north", "force": False, "reason": "Retrained."},
}  # fmt: skip
WHO = {
    "/v1/narratives/{narrative_id}/adjudications": "adjudicator",
    "/v1/bundles/starter/promote": "admin",
}
HEADERS = {
    "Idempotency-Key": ["", "\x7f", "é", "x" * 5000, "a b"],
    "Content-Type": ["", "application/json; charset=utf-16", "text/plain", "application/xml", "multipart/form-data"],
    "Content-Length": ["-1", "1e3"],
    "Accept": ["nothing/at-all"],
    "Authorization": ["", "Bearer", "Bearer \x01", "Basic é", "Bearer " + "x" * 5000],
}


def places(body):
    """Give the path to each value inside a body, branches too."""
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in items:
        yield (key,)
        yield from ((key, *rest) for rest in places(value))


def replaced(body, place, value):
    changed = copy.deepcopy(body)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return changed


@pytest.fixture
def desk(store_url, open_office):
    """An office on each database, with a review, a narrative and an open coding of the reviewer."""
    with open_office(store_url) as office:
        review = office.review()
        narrative_id = review["narratives"][0]["id"]
        ids = {"review_id": review["id"], "narrative_id": narrative_id, "coding_id": office.open(narrative_id)}
        yield office, ids


def wrong(answer):
    """Say what is wrong with an answer; empty where it is a good one, or a problem document as it should be."""
    if answer.status_code >= 500:
        return f"status {answer.status_code}"
    if answer.status_code < 400:
        return ""
    document = answer.headers["content-type"] == "application/problem+json"
    if not document or answer.json()["status"] != answer.status_code:
        return "no problem document"
    if len(answer.content) > LONGEST_PROBLEM:
        return f"a problem of {len(answer.content)} bytes"
    return "narrative text" if TEXT in answer.text else ""


@pytest.mark.slow
@pytest.mark.parametrize("path", BODIES)
def test_nasty_value_anywhere_is_refused_or_kept(desk, path):
    """Guarantee: whatever stands at whatever place of a body, the answer is no crash and tells no narrative."""
    office, ids = desk
    headers = {"Authorization": f"Bearer {office.key(WHO.get(path, 'reviewer'))}", "Content-Type": "application/json"}
    bodies = {
        (place, name): json.dumps(replaced(BODIES[path], place, value)).encode()
        for place in places(BODIES[path])
        for name, value in NASTY.items()
    }
    answers = {
        name: office.client.post(path.format(**ids), content=content, headers=headers)
        for name, content in (bodies | RAW).items()
    }
    assert not {name: wrong(answer) for name, answer in answers.items() if wrong(answer)}


@pytest.mark.parametrize(
    ("path", "place", "value"),
    [
        ("/v1/reviews", ("completed",), "yes"),
        ("/v1/reviews", ("completed",), 1),
        ("/v1/reviews", ("incident_date",), 20260114),
        ("/v1/reviews", ("incident_date",), "20260114"),
        ("/v1/reviews", ("review_date",), "2026-01-14T00:00:00"),
        ("/v1/suggestions", ("limit",), True),
        ("/v1/suggestions", ("limit",), "5"),
        ("/v1/suggestions", ("min_probability",), False),
        ("/v1/codings/{coding_id}/decisions", ("decisions", 0, "rating"), True),
        ("/v1/codings/{coding_id}/decisions", ("decisions", 0, "evidence", 0, "start"), "0"),
        ("/v1/codings/{coding_id}/close", ("complete",), 1),
        ("/v1/bundles/starter/promote", ("force",), 1),
    ],
)
def test_value_of_another_kind_is_refused(office, path, place, value):
    """Guarantee: nothing is taken for what it may have been meant to be, such as digits for a date or 1 for true."""
    body = replaced(BODIES[path], place, value)
    answer = office.post(path.format(coding_id=MISSING), body, who=WHO.get(path, "reviewer"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == ".".join(("body", *map(str, place)))


@pytest.mark.parametrize("name", HEADERS)
def test_nasty_header_is_refused_or_ignored(desk, name):
    office, ids = desk
    path = "/v1/codings/{coding_id}/decisions"
    for value in HEADERS[name]:
        headers = {"Authorization": f"Bearer {office.key('reviewer')}", "Content-Type": "application/json"}
        headers = {**headers, name: value}
        encoded = {each.encode(): told.encode("utf-8") for each, told in headers.items()}
        assert not wrong(office.client.post(path.format(**ids), content=json.dumps(BODIES[path]), headers=encoded))


@pytest.mark.parametrize("path", ["/v1/queue?limit={}", "/v1/adjudications?limit={}", "/v1/reviews/{}", "/v1/narratives/{}", "/v1/taxonomies/{}", "/v1/taxonomies/io-themes/{}", "/v1/bundles/{}"])  # fmt: skip
def test_nasty_address_is_refused(office, path):
    for value in (
        "%00",
        "%ff",
        "%ED%A0%80",
        "-1",
        "1e9",
        "9" * 400,
        "..%2f..%2fetc",
        "a" * 5000,
        "%0a",
        "%E2%80%AE",
        "{x}",
    ):
        assert not wrong(office.get(path.format(value), who="adjudicator")), value
