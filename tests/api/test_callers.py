"""Who is answered: with keys their holders, up to their limit; without keys this machine alone."""

import pytest

from api.conftest import KEY
from coding_service.api.limits import RateLimit
from coding_service.errors import RateLimitedError
from coding_service.services.authentication import is_loopback

PRIVATE = ["/v1/bundles", "/v1/taxonomies", "/v1/taxonomies/io-themes"]
PUBLIC = ["/live", "/ready", "/metrics", "/docs", "/openapi.json"]


@pytest.fixture
def guarded(serve, parts, digest):
    """A client from elsewhere of a server with one key."""
    with serve(parts(keys=(digest.upper(), "0" * 64)), peer="192.0.2.7") as client:
        yield client


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("sent", [None, "Bearer wrong", f"Basic {KEY}", "Bearer ", KEY, f"Bearer {KEY}x"])
def test_no_key_no_answer(guarded, path, sent):
    """Guarantee: with keys, every route under /v1 needs one."""
    answer = guarded.get(path, headers={"Authorization": sent} if sent else {})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert KEY not in answer.text


@pytest.mark.parametrize("path", PRIVATE)
def test_key_is_answered(guarded, path):
    """Guarantee: with keys, holders are answered from anywhere, through a proxy too."""
    headers = {"Authorization": f"Bearer {KEY}", "X-Forwarded-For": "198.51.100.1", "Host": "codes.agency.example"}
    assert guarded.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", PUBLIC)
def test_health_needs_no_key(guarded, path):
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "198.51.100.1"},
        {"x-forwarded-proto": "https"},
        {"Forwarded": "for=198.51.100.1"},
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.rebound.example"},
        {"Host": "[::1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/v1/bundles", "/docs", "/live"])
def test_without_keys_no_proxy_and_no_other_host(client, path, headers):
    """Guarantee: without keys, a request that came through a proxy or names another host is refused."""
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_without_keys_no_other_machine(serve, parts):
    with serve(parts(), peer="192.0.2.7") as client:
        assert client.get("/v1/bundles").status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_without_keys_this_machine_by_any_name(client, host):
    assert client.get("/v1/bundles", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("127.8.8.8", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound here
        ("::", False),
        ("", False),
        ("host.example", False),
    ],
)
def test_is_loopback(host, local):
    assert is_loopback(host) is local


def test_too_many_requests(serve, parts):
    """Guarantee: over the limit is 429 with a time to wait; health is still answered."""
    with serve(parts(requests_per_minute=2)) as client:
        statuses = [client.get("/v1/bundles").status_code for _ in range(3)]
        refused = client.get("/v1/taxonomies")
        assert statuses == [200, 200, 429]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.get("/live").status_code == 200


def test_rate_limit_counts_by_key_and_minute():
    now = [100.0]
    limit = RateLimit(1, clock=lambda: now[0])
    limit.count("a")
    limit.count("b")
    now[0] += 59.5
    with pytest.raises(RateLimitedError) as refused:
        limit.count("a")
    assert refused.value.retry_after_seconds == 1
    now[0] += 0.5
    limit.count("a")
