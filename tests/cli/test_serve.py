"""``io-coding serve``: a real server in a process of its own, from start to Ctrl-C."""

import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from small_bundle import CODES, TEXT, write_small_bundle

KEY = "a secret that only tests know"
SECRET = "Zyxxy"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "starter")
    return folder


def environment(bundles, settings):
    fixed = {"CODING_SERVICE_THREADS": "1", "CODING_SERVICE_DATABASE": "sqlite:////nowhere/store.sqlite"}
    return {**os.environ, **fixed, "CODING_SERVICE_BUNDLES": str(bundles), **settings}


@contextmanager
def server(bundles, log, *arguments, **settings):
    """Start the server on a free port; gives its process and port once it listens."""
    command = [sys.executable, "-m", "coding_service.cli.main", "serve", "--port", "0", *arguments]
    with log.open("w") as stream:
        process = subprocess.Popen(command, env=environment(bundles, settings), stdout=stream, stderr=stream)
    try:
        yield process, wait_for_port(process, log)
    finally:
        process.kill()
        process.wait()


def wait_for_port(process, log):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"running on http://\S+:(\d+)", log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.05)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


def call(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_serves_until_interrupted(bundles, tmp_path):
    """Guarantee: it answers, logs no text and no query, and Ctrl-C ends it cleanly."""
    log = tmp_path / "log"
    with server(bundles, log) as (process, port):
        assert call(port, "GET", "/ready")[0] == 200
        narrative = {"id": "a", "text": f"{SECRET}. {TEXT}"}
        status, answer = call(port, "POST", f"/v1/suggestions?note={SECRET}", {"narratives": [narrative]})
        assert status == 200
        found = json.loads(answer)["results"][0]["suggestions"]
        assert {item["code"] for item in found if item["band"] == "suggested"} == CODES
        big = {"narratives": [{"text": SECRET * 500_000}]}
        assert call(port, "POST", "/v1/suggestions", big)[0] == 413
        assert call(port, "GET", "/live", Forwarded="for=192.0.2.1")[0] == 403
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    written = log.read_text()
    assert '"POST /v1/suggestions HTTP/1.1" 200' in written
    assert "Serving bundle 'starter' for io-themes 1.0.0" in written
    assert "Traceback" not in written
    assert SECRET not in written


def test_serves_beyond_this_machine_with_keys(bundles, tmp_path):
    digests = json.dumps([hashlib.sha256(KEY.encode()).hexdigest()])
    with server(bundles, tmp_path / "log", "--host", "0.0.0.0", CODING_SERVICE_KEYS=digests) as (_, port):  # noqa: S104 - the case
        assert call(port, "GET", "/v1/bundles")[0] == 401
        assert call(port, "GET", "/v1/bundles", Authorization=f"Bearer {KEY}")[0] == 200


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (["--host", "0.0.0.0"], {}, "Without keys the server does not listen on '0.0.0.0'"),  # noqa: S104 - the case
        ([], {"CODING_SERVICE_BUNDLE": "nope"}, "There is no bundle 'nope'."),
    ],
)
def test_refuses_to_start(bundles, arguments, settings, message):
    """Guarantee: what would not be safe, or could not answer, is told before anything listens."""
    done = subprocess.run(
        [sys.executable, "-m", "coding_service.cli.main", "serve", "--port", "0", *arguments],
        env=environment(bundles, settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"Error: {message}" in done.stderr
