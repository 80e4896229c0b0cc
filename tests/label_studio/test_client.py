"""The client: what goes wrong is told with what to do, without repeating bodies, and nothing is added twice.

What needs the SDK is skipped where it is not installed; the end-to-end tests drive the client against the real server.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from coding_service.errors import LabelStudioError, MissingExtraError
from coding_service.label_studio import client as client_module
from coding_service.label_studio.client import connect

NARRATIVE = "the words of a case"


class Stub(ThreadingHTTPServer):
    """Answers every request with the same status and counts them."""

    status = 200
    body = b"{}"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.seen = []


class StubHandler(BaseHTTPRequestHandler):
    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path))
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *arguments):
        pass


@pytest.fixture
def stub():
    server = Stub()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(stub, monkeypatch):
    pytest.importorskip("label_studio_sdk")
    monkeypatch.setattr(client_module, "RETRIES", 1)
    return connect(f"http://127.0.0.1:{stub.server_port}/", "0" * 40)


def test_missing_settings_are_named():
    for address, token in (("", "t"), ("http://127.0.0.1", "")):
        with pytest.raises(LabelStudioError) as caught:
            connect(address, token)
        assert "CODING_SERVICE_LABEL_STUDIO_URL" in caught.value.hint


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "label_studio_sdk", None)
    with pytest.raises(MissingExtraError) as caught:
        connect("http://127.0.0.1", "t")
    assert "io-coding[label-studio]" in caught.value.hint


REFUSALS = {
    401: "LABEL_STUDIO_TOKEN",
    403: "manage the project",
    404: "label-studio init",
    400: "log",
    503: "Try again",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_refusals_say_what_to_do_and_repeat_nothing(stub, client, status):
    stub.status, stub.body = status, json.dumps({"detail": NARRATIVE}).encode()
    with pytest.raises(LabelStudioError) as caught:
        client.import_tasks(1, [{"data": {"text": NARRATIVE}}])
    assert f"status {status}" in caught.value.message
    assert REFUSALS[status] in caught.value.hint
    assert NARRATIVE not in str(caught.value)


def test_reading_is_tried_again_and_adding_is_not(stub, client):
    stub.status = 503
    for call in (lambda: client.project(1), lambda: client.import_tasks(1, [{}])):
        with pytest.raises(LabelStudioError):
            call()
    assert [method for method, _ in stub.seen] == ["GET", "GET", "POST"]


def test_project_that_is_gone_is_none(stub, client):
    stub.status = 404
    assert client.project(1) is None


def test_server_that_is_not_there_is_told(client, stub):
    stub.shutdown()
    stub.server_close()
    with pytest.raises(LabelStudioError, match="Connect") as caught:
        client.annotators()
    assert "CODING_SERVICE_LABEL_STUDIO_URL" in caught.value.hint


def test_answer_that_is_no_export_is_told(stub, client):
    stub.body = b"<html>"
    with pytest.raises(LabelStudioError, match="cannot be read"):
        list(client.annotated(1, [1]))
