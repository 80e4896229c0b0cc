"""Fixtures of the routes over the store: an office, which is an app on a store of its own with a key for each role in
two jurisdictions, north and south. Nothing is in the store but keys until a test sends it.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from coding_service.services.keys import ROLES, KeyRequest, create_key
from coding_service.store import open_engine

TAXONOMY = {"id": "io-themes", "version": "1.0.0"}
TEXT = "They were evicted from the apartment. The baby slept on the couch with mother."
HOUSING, SLEEP = "family.economic_support.housing", "family.safe_sleep"
MISSING = "0" * 32


@dataclass
class Office:
    """A client, and what people do through it; each person is named by role, or role and number, and jurisdiction."""

    client: Any
    engine: Any
    keys: dict = field(default_factory=dict)
    numbers: Any = field(default_factory=count)

    def key(self, who, where="north"):
        """Give the secret of a person's key, made when it is first asked for; ``where`` None reaches all."""
        if (who, where) not in self.keys:
            request = KeyRequest(
                f"{who}@{where or 'hq'}.example", who.rstrip("0123456789"), where, new_jurisdiction=True
            )
            self.keys[who, where] = create_key(self.engine, request)[0]
        return self.keys[who, where]

    def call(self, method, path, body=None, *, who="reviewer", where="north", retry=None):
        headers = {"Authorization": f"Bearer {self.key(who, where)}"}
        if retry is not None:
            headers["Idempotency-Key"] = retry
        return self.client.request(method, path, json=body, headers=headers)

    def get(self, path, **caller):
        return self.call("GET", path, **caller)

    def post(self, path, body, **caller):
        return self.call("POST", path, body, **caller)

    def review(self, *texts, external_id=None, **caller):
        """Send a review with these texts, by default one; gives its answer."""
        narratives = [{"external_id": str(number), "text": text} for number, text in enumerate(texts or (TEXT,), 1)]
        body = {"external_id": external_id or f"r-{next(self.numbers)}", "narratives": narratives}
        return done(self.post("/v1/reviews", body, **caller))

    def narrative(self, *texts, **caller):
        """Send a review and give the id of its first narrative."""
        return self.review(*texts, **caller)["narratives"][0]["id"]

    def open(self, narrative_id, **caller):
        """Open a coding and give its id."""
        return done(self.post(f"/v1/narratives/{narrative_id}/codings", {}, **caller))["id"]

    def decide(self, coding_id, *decisions, version=TAXONOMY, **caller):
        """Send decisions, each a code and a verdict or an object."""
        body = {"taxonomy": version, "decisions": [as_decision(decision) for decision in decisions]}
        return self.post(f"/v1/codings/{coding_id}/decisions", body, **caller)

    def close(self, coding_id, *, complete=True, **caller):
        return self.post(f"/v1/codings/{coding_id}/close", {"complete": complete}, **caller)

    def suggestions(self, narrative_id, **caller):
        return done(self.get(f"/v1/narratives/{narrative_id}/suggestions", **caller))

    def codings(self, narrative_id, **caller):
        return done(self.get(f"/v1/narratives/{narrative_id}/codings", **caller))["codings"]


def as_decision(decision):
    return decision if isinstance(decision, dict) else {"code": decision[0], "verdict": decision[1]}


def done(answer):
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


@pytest.fixture
def open_office(sqlite_url, parts, serve):
    """Start an office; settings such as ``blind_share`` may be given."""

    @contextmanager
    def start(url=sqlite_url, **settings):
        engine = open_engine(url)
        create_key(engine, KeyRequest("root@hq.example", "admin", None))
        with serve(parts(**{"database": url, "blind_share": 0, "requests_per_minute": 100_000, **settings})) as client:
            yield Office(client, engine)
        engine.dispose()

    return start


@pytest.fixture
def office(open_office):
    """An office that codes nothing blind."""
    with open_office() as office:
        yield office


@pytest.fixture
def blind_office(open_office):
    """An office that codes everything blind."""
    with open_office(blind_share=1) as office:
        yield office


assert set(ROLES) == {"reviewer", "adjudicator", "analyst", "ml", "admin"}, "name the people of new roles"
