"""Errors over HTTP: one table, complete, and nothing told of a surprise."""

import asyncio
import logging

import pytest

from coding_service import errors
from coding_service.api.app import create_app
from coding_service.api.problems import PROBLEMS, problem

SECRET = "Zyxxy the child"


def descendants(kind):
    return {kind, *(found for below in kind.__subclasses__() for found in descendants(below))}


EVERY_ERROR = sorted(
    (kind for kind in descendants(errors.CodingError) - {errors.CodingError} if kind.__module__ == errors.__name__),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_has_its_status(kind):
    """Guarantee: each error of the tree has a row of its own and is answered as a whole problem document."""
    assert kind in PROBLEMS, "add the class to PROBLEMS"
    answer = problem(kind("It failed.", hint="Do this."))
    assert answer.status_code == PROBLEMS[kind][0] >= 400
    assert answer.media_type == "application/problem+json"


def test_no_two_errors_share_a_code():
    assert len({kind.code for kind in EVERY_ERROR}) == len(EVERY_ERROR)


def test_rate_limit_says_when():
    assert problem(errors.RateLimitedError("Slow.", retry_after_seconds=7)).headers["retry-after"] == "7"


def test_request_that_a_stopping_server_cuts_off_is_told_to_come_again(client):
    """Guarantee: a client whose request is cancelled gets a problem document that says what to do."""

    @client.app.get("/v1/slow")
    async def slow():
        raise asyncio.CancelledError

    answer = client.get("/v1/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert "again" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("id_", "told"),
    [("", "String should have at least 1 character"), ("x" * 201, "String should have at most 200 characters")],
)
def test_length_of_a_text_is_told_in_characters(client, id_, told):
    answer = client.post("/v1/suggestions", json={"narratives": [{"id": id_, "text": "One."}]})
    (only,) = answer.json()["errors"]
    assert told in only["message"]


def test_list_of_wrong_items_is_not_called_too_short(client):
    answer = client.post("/v1/suggestions", json={"narratives": [{"text": 1}]})
    assert [error["field"] for error in answer.json()["errors"]] == ["body.narratives.0.text"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nope", 404, "not-found"),
        ("GET", "/nope", 404, "not-found"),
        ("GET", "/docs/assets/nope.js", 404, "not-found"),
        ("DELETE", "/v1/bundles", 405, "method-not-allowed"),
    ],
)
def test_wrong_address(client, method, path, status, code):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_wrong_method_is_told_the_right_ones(client):
    """Guarantee: all methods of an address are named, also where each of them has a route of its own."""

    @client.app.get("/v1/two")
    @client.app.post("/v1/two")
    def two():
        """Answer."""

    assert client.delete("/v1/bundles").headers["allow"] == "GET"
    assert client.put("/v1/two").headers["allow"] == "GET, POST"


def test_surprise_tells_nothing(serve, parts, caplog):
    """Guarantee: an unforeseen error is a problem without details, and its message reaches no log."""
    app = create_app(parts())

    @app.get("/v1/boom")
    def boom():
        raise ZeroDivisionError(SECRET)

    with serve(None, app=app) as client, caplog.at_level(logging.ERROR):
        answer = client.get("/v1/boom")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "content-security-policy" in answer.headers
    assert "ZeroDivisionError" in caplog.text
    assert "in boom" in caplog.text
    assert SECRET not in answer.text + caplog.text
