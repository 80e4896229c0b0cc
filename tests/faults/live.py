"""A real server in a process of its own, which can be killed and started again on the same store."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

PATIENCE_SECONDS = 60


class LiveServer:
    """``io-coding serve`` on a free port; use it in a `with` block.

    Its settings are ``CODING_SERVICE_*`` variables, given without their prefix; what it says goes to ``log``.
    """

    def __init__(self, log, *arguments, **settings):
        self._log = log
        self._command = [sys.executable, "-m", "coding_service.cli.main", "serve", "--port", "0", *arguments]
        told = {"requests_per_minute": 100_000_000, "threads": 1, **settings}
        self._environment = os.environ | {f"CODING_SERVICE_{name.upper()}": str(told[name]) for name in told}
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def begin(self):
        """Start it, and do not wait until it listens."""
        with self._log.open("w") as stream:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=stream, stderr=stream, start_new_session=True
            )

    def port(self):
        """Wait until it listens; gives its port."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            found = re.search(r"running on http://\S+:(\d+)", self._log.read_text())
            if found and listens(int(found[1])):
                return int(found[1])
            time.sleep(0.02)
        raise AssertionError(f"The server did not start:\n{self._log.read_text()}")

    def kill(self):
        """Kill it and its workers by SIGKILL, so that they finish nothing."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


class Client:
    """One connection of one person, kept open between requests."""

    def __init__(self, port, secret):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}

    def post(self, path, body, **headers):
        """Send and give the answer as it came; raises OSError or HTTPException where none comes."""
        self._connection.request("POST", path, json.dumps(body), self._headers | headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 201, content
        return content

    def close(self):
        self._connection.close()
