"""What those who run the server see: it lives however busy it is, says by what it suggests, and counts without words."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from small_bundle import TEXT

from coding_service.api.access_log import hide_queries
from coding_service.services.shelf import Shelf

SECRET = "Zyxxy"


def test_ready_names_the_bundle(client, shelf):
    assert client.get("/ready").json() == {"status": "ready", **shelf.get().envelope.to_dict()}


def test_live_while_a_suggester_works(serve, parts, shelf):
    """Guarantee: inference never holds up the event loop, nor the other routes."""
    working, finish = Event(), Event()
    loaded = shelf.get()

    class Slow:
        def score(self, texts):
            working.set()
            assert finish.wait(30)
            return loaded.suggester.score(texts)

    class SlowShelf(Shelf):
        def get(self, name=None, *, jurisdiction=None):
            return replace(loaded, suggester=Slow())

    slow = SlowShelf(shelf.path("starter").parent, "starter")
    with serve(replace(parts(), shelf=slow)) as client, ThreadPoolExecutor() as pool:
        asked = pool.submit(client.post, "/v1/suggestions", json={"narratives": [{"text": TEXT}]})
        try:
            assert working.wait(30)
            for path in ("/live", "/ready", "/metrics", "/v1/bundles", "/docs"):
                assert client.get(path).status_code == 200
            assert not asked.done()
        finally:
            finish.set()
        assert asked.result(30).status_code == 200


def test_metrics_count_by_template(client, shelf):
    """Guarantee: figures tell routes by their templates, and hold no text, id or query."""
    client.post("/v1/suggestions", json={"narratives": [{"id": SECRET, "text": f"{SECRET} {TEXT}"}] * 3})
    client.get(f"/v1/bundles/{SECRET}")
    client.get(f"/v1/taxonomies?q={SECRET}")
    client.get(f"/{SECRET}")
    client.request(SECRET, "/live")
    text = client.get("/metrics").text
    assert 'io_coding_requests_total{method="POST",route="/v1/suggestions",status="200"} 1.0' in text
    assert 'io_coding_requests_total{method="GET",route="/v1/bundles/{bundle_id}",status="404"} 1.0' in text
    assert 'io_coding_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert 'io_coding_request_seconds_count{method="POST",route="/v1/suggestions"} 1.0' in text
    assert 'io_coding_narratives_total{bundle="starter"} 3.0' in text
    assert f'io_coding_bundle_info{{bundle="starter",sha256="{shelf.get().sha256}"' in text
    assert SECRET not in text


def test_figures_belong_to_their_app(serve, parts):
    """Guarantee: two apps in one process do not share counters."""
    with serve(parts()) as one, serve(parts()) as other:
        one.get("/live")
        assert 'route="/live"' in one.get("/metrics").text
        assert 'route="/live"' not in other.get("/metrics").text


def test_access_log_shows_no_query(caplog):
    hide_queries()
    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        line = '%s - "%s %s HTTP/%s" %d'
        logging.getLogger("uvicorn.access").info(line, "127.0.0.1:1", "GET", f"/live?text={SECRET}", "1.1", 200)
    assert caplog.messages == ['127.0.0.1:1 - "GET /live HTTP/1.1" 200']
