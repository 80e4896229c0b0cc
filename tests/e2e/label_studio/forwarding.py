"""Two forwarders of HTTP on loopback ports: one that loses, doubles and delays events, one that sees what is asked.

Nothing in the programs knows of them; they are given the forwarders' addresses as those of each other.
"""

import random
import time
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

EVENTS = "/label-studio/events"
LOST_SHARE, DOUBLED_SHARE = 0.3, 0.3
MOST_DELAY_SECONDS = 4.0
_NOT_PASSED_ON = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Passing:
    """A request on its way."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Forwarder(ThreadingHTTPServer):
    """Passes requests on to a target, and its answers back; a target that is down gives no answer at all."""

    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), _Handler)
        self._target = urlsplit(target)
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, request):
        """Give status, headers and body of the answer; subclasses meddle here."""
        return self.forward(request)

    def forward(self, request):
        connection = HTTPConnection(self._target.hostname, self._target.port, timeout=60)
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def close(self):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
        try:
            status, answered, content = self.server.answer(Passing(self.command, self.path, headers, body))
        except (OSError, HTTPException):
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in answered:
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass  # noqa: N815 - names that http.server looks for

    def log_message(self, *arguments):
        pass


class BadPost(Forwarder):
    """Stands before our server: each event is lost, or comes once or twice, each time after a while of its own.

    Parameters
    ----------
    target : str
        Address of our server; what is no event passes at once.
    seed : int
        What is lost, doubled and delayed for how long depends on it and on the order of the events alone.
    """

    def __init__(self, target, seed):
        super().__init__(target)
        self.counts = Counter()
        self._chance = random.Random(seed)
        self._lock = Lock()
        self._under_way = []
        self._latest = 0

    def answer(self, request):
        if request.path != EVENTS:
            return self.forward(request)
        with self._lock:
            self.counts["sent"] += 1
            number = self.counts["sent"]
            copies = 0 if self._chance.random() < LOST_SHARE else 1
            if copies and self._chance.random() < DOUBLED_SHARE:
                copies = 2
            self.counts["lost" if not copies else "doubled" if copies > 1 else "single"] += 1
            for _ in range(copies):
                delay = self._chance.uniform(0, MOST_DELAY_SECONDS)
                carrier = Thread(target=self._carry, args=(request, number, delay), daemon=True)
                self._under_way.append(carrier)
                carrier.start()
        return 200, [], b"{}"

    def _carry(self, request, number, delay):
        time.sleep(delay)
        with self._lock:
            self.counts["out of order"] += number < self._latest
            self._latest = max(self._latest, number)
        try:
            status, _, _ = self.forward(request)
        except (OSError, HTTPException):
            status = "our server down"
        with self._lock:
            self.counts[f"answered {status}"] += 1

    def wait(self):
        """Return once everything that was not lost has come."""
        for carrier in self._under_way:
            carrier.join()


class Gate(Forwarder):
    """Stands before Label Studio, and springs a trap when annotations are asked for.

    `set_trap(spring, moment)` calls `spring` once, at the next export: ``asked`` before Label Studio is asked,
    ``answered`` before its answer is passed on, or so many seconds after that.
    """

    def __init__(self, target):
        super().__init__(target)
        self.counts = Counter()
        self.sprung = Event()
        self._trap = None
        self._lock = Lock()

    def set_trap(self, spring, moment):
        with self._lock:
            self.sprung.clear()
            self._trap = (spring, moment)

    def take_trap_away(self):
        with self._lock:
            self._trap = None

    def answer(self, request):
        spring, moment = self._take(request)
        if moment == "asked":
            self._spring(spring, moment)
        answer = self.forward(request)
        if moment == "answered":
            self._spring(spring, moment)
        elif isinstance(moment, float):
            Thread(target=self._spring, args=(spring, "later", moment), daemon=True).start()
        return answer

    def _take(self, request):
        with self._lock:
            if self._trap is None or request.method != "GET" or "/export" not in request.path:
                return None, None
            trap, self._trap = self._trap, None
            return trap

    def _spring(self, spring, moment, seconds=0.0):
        time.sleep(seconds)
        spring()
        self.counts[moment] += 1
        self.sprung.set()
