"""Figures for Prometheus, kept per app: counts, times and the bundle in use; never a word of a narrative."""

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coding_service.services.shelf import Trouble
from coding_service.suggestions import Envelope

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What is counted."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        labels = ["method", "route", "status"]
        self._requests = Counter("io_coding_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "io_coding_request_seconds",
            "Seconds from request to answer.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._narratives = Counter(
            "io_coding_narratives", "Narratives that got suggestions.", ["bundle"], registry=self._registry
        )
        self._bundle = Gauge(
            "io_coding_bundle_info",
            "The bundle that answers where none is named.",
            ["bundle", "sha256", "taxonomy", "version"],
            registry=self._registry,
        )
        self._not_served = Gauge(
            "io_coding_bundle_not_served",
            "Bundles that are promoted but not served by this process; the one from before answers.",
            ["bundle", "problem"],
            registry=self._registry,
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def count_narratives(self, bundle_id: str, n_narratives: int) -> None:
        """Count narratives that got suggestions."""
        self._narratives.labels(bundle_id).inc(n_narratives)

    def exposition(self, current: Envelope, troubles: Iterable[Trouble] = ()) -> bytes:
        """Write everything in the text format, with the current bundle and those that should be served and are not."""
        self._bundle.clear()
        taxonomy = current.taxonomy
        self._bundle.labels(current.bundle_id, current.bundle_sha256, taxonomy.id, taxonomy.version).set(1)
        self._not_served.clear()
        for trouble in troubles:
            self._not_served.labels(trouble.bundle, trouble.problem).set(1)
        return generate_latest(self._registry)


class Counted:
    """Counts each request under the template of its route, so that no id gets into a label."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.count_request(scope["method"], route, status, time.perf_counter() - start)
