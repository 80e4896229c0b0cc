"""``POST /v1/suggestions``: what it answers, and how it refuses what it cannot read."""

import json

import pytest
from small_bundle import CODES, TEXT

URL = "/v1/suggestions"
SECRET = "Zyxxy the child"
JSON = {"Content-Type": "application/json"}


def ask(client, *texts, **options):
    return client.post(URL, json={"narratives": [{"text": text} for text in texts], **options})


def test_answers_each_narrative_in_order(client):
    """Guarantee: results come in the order of the request, under the id that was sent or the position."""
    sent = {"narratives": [{"text": TEXT}, {"id": "b", "text": "Nothing of note."}, {"text": TEXT}]}
    answer = client.post(URL, json=sent).json()
    assert [result["id"] for result in answer["results"]] == ["0", "b", "2"]
    assert answer["results"][0]["suggestions"] == answer["results"][2]["suggestions"]
    assert {item["code"] for item in answer["results"][0]["suggestions"] if item["band"] == "suggested"} == CODES


def test_answer_names_what_gave_it(client, shelf):
    """Guarantee: the answer and each result name bundle and taxonomy, to the byte."""
    answer = ask(client, TEXT).json()
    expected = shelf.get().envelope.to_dict()
    assert {key: answer[key] for key in expected} == expected
    assert {key: answer["results"][0][key] for key in expected} == expected


def test_evidence_counts_code_points(client):
    """Guarantee: offsets are those of the text as sent, in code points, whatever stands before."""
    before = "👶 é. "
    found = ask(client, before + TEXT).json()["results"][0]["suggestions"]
    spans = {item["code"]: item["evidence"][0] for item in found}
    span = spans["family.safe_sleep"]
    assert (before + TEXT)[span["start"] : span["end"]] == "The baby slept on the couch with mother."


def test_limits_what_is_listed(client):
    everything = ask(client, TEXT, min_probability=0).json()["results"][0]["suggestions"]
    assert len(everything) == 36
    assert ask(client, TEXT, min_probability=0, limit=2).json()["results"][0]["suggestions"] == everything[:2]


def test_text_of_100_kb_is_read_whole(client):
    text = ("Worker noted the visit. " * 4166)[:99_900] + TEXT
    result = ask(client, text).json()["results"][0]
    assert result["read"] == {"chars": len(text), "of": len(text)}
    assert "family.safe_sleep" in {item["code"] for item in result["suggestions"]}


def test_64_narratives_are_read_in_one_batch(serve, parts, monkeypatch):
    """Guarantee: texts of one request go through the suggester together."""
    own = parts()
    calls = []
    suggester = own.shelf.get().suggester
    score = suggester.score
    monkeypatch.setattr(suggester, "score", lambda texts: calls.append(len(texts)) or score(texts))
    with serve(own) as client:
        assert len(ask(client, *[TEXT] * 64).json()["results"]) == 64
    assert calls == [64]


BAD = {
    "wrong encoding": (f'{{"narratives": [{{"text": "{SECRET} caf\xe9"}}]}}'.encode("latin-1"), 422, "in UTF-8"),
    "invalid JSON": (f'{{"narratives": [{{"text": "{SECRET}}}]'.encode(), 422, "in UTF-8"),
    "half a surrogate": (f'{{"narratives": [{{"text": "{SECRET} \\ud800"}}]}}'.encode(), 422, "errors"),
    "deep nesting": (b"[" * 100_000, 422, "UTF-8"),
    "no body": (b"", 422, "errors"),
    "a list": ([SECRET], 422, "errors"),
    "no narratives": ({}, 422, "errors"),
    "empty list": ({"narratives": []}, 422, "at least one"),
    "empty text": ({"narratives": [{"text": "ok"}, {"text": " \n"}]}, 422, "leave it out"),
    "no text": ({"narratives": [{"id": "a"}]}, 422, "errors"),
    "text is a number": ({"narratives": [{"text": 7}]}, 422, "errors"),
    "empty id": ({"narratives": [{"id": "", "text": SECRET}]}, 422, "errors"),
    "id is long": ({"narratives": [{"id": "x" * 201, "text": SECRET}]}, 422, "errors"),
    "65 texts": ({"narratives": [{"text": SECRET}] * 65}, 422, "several requests"),
    "text over its size": ({"narratives": [{"text": "é" * 100_001}]}, 413, "Cut it"),
    "body over its size": ({"narratives": [{"text": "x" * 100_000}] * 21}, 413, "fewer narratives"),
    "unknown bundle": ({"narratives": [{"text": SECRET}], "bundle": "nope"}, 404, "Known are: starter"),
    "bundle outside": ({"narratives": [{"text": SECRET}], "bundle": "../starter"}, 404, "Known are"),
    "unknown option": ({"narratives": [{"text": SECRET}], "limt": 3}, 422, "errors"),
    "text as a key": ({"narratives": [{"text": "ok", SECRET: SECRET}]}, 422, "errors"),
    "limit 0": ({"narratives": [{"text": SECRET}], "limit": 0}, 422, "errors"),
    "probability over 1": ({"narratives": [{"text": SECRET}], "min_probability": 2}, 422, "errors"),
    "probability NaN": (f'{{"narratives": [{{"text": "{SECRET}"}}], "min_probability": NaN}}'.encode(), 422, "errors"),
}


@pytest.mark.parametrize(("body", "status", "hint"), BAD.values(), ids=BAD)
def test_refuses_bad_input(client, body, status, hint, caplog):
    """Guarantee: bad input is answered by a problem with a hint, and its text appears neither there nor in a log."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(URL, content=content, headers=JSON)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:io-coding:problem:{problem['code']}"
    assert hint in problem["hint"]
    assert SECRET not in answer.text
    assert SECRET not in caplog.text


def test_names_the_wrong_field(client):
    answer = client.post(URL, json={"narratives": [{"text": TEXT}, {"txt": TEXT}]}).json()
    assert {item["field"] for item in answer["errors"]} == {"body.narratives.1.text", "body.narratives.1.txt"}


def test_tells_a_missing_content_type(client):
    """Guarantee: the commonest mistake with curl gets its own hint."""
    answer = client.post(URL, content=b'{"narratives": []}', headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["hint"]) == (422, "Send `Content-Type: application/json`.")


def test_chunked_body_is_cut_off(serve, parts):
    """Guarantee: a body without a stated length is refused as soon as it is over the limit, not after it is read."""
    taken = []

    def chunks():
        for number in range(1000):
            taken.append(number)
            yield b" " * 1000

    with serve(parts(max_request_bytes=5_000)) as client:
        answer = client.post(URL, content=chunks(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
