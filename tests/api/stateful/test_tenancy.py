"""Every route with every role and with a foreign jurisdiction's key: nothing is read, or guessed by id."""

from dataclasses import dataclass

import pytest

from coding_service.services.keys import ROLES
from tests.api.stateful.conftest import HOUSING, MISSING, TAXONOMY, TEXT

EVERYBODY = set(ROLES)
CODERS = {"reviewer", "adjudicator", "admin"}
READERS = CODERS | {"ml"}


@dataclass(frozen=True)
class Case:
    """Who may call a route, with what body; the ids in its path are those of the caller's own jurisdiction."""

    roles: set
    body: dict | None = None


DECISIONS = {"taxonomy": TAXONOMY, "decisions": [{"code": HOUSING, "verdict": "add"}]}
RULING = {"taxonomy": TAXONOMY, "labels": [{"code": HOUSING, "label": "present", "reason": "Evicted."}]}
OVER_THE_STORE = {
    ("POST", "/v1/reviews"): Case(CODERS, {"external_id": "new"}),
    ("GET", "/v1/reviews/{review_id}"): Case(EVERYBODY),
    ("POST", "/v1/reviews/{review_id}/narratives"): Case(CODERS, {"text": "Another text."}),
    ("GET", "/v1/narratives/{narrative_id}"): Case(READERS),
    ("GET", "/v1/narratives/{narrative_id}/suggestions"): Case(READERS),
    ("GET", "/v1/narratives/{narrative_id}/codings"): Case(READERS),
    ("POST", "/v1/narratives/{narrative_id}/codings"): Case(CODERS, {}),
    ("POST", "/v1/codings/{coding_id}/decisions"): Case(CODERS, DECISIONS),
    ("POST", "/v1/codings/{coding_id}/close"): Case(CODERS, {"complete": False}),
    ("GET", "/v1/queue"): Case({"reviewer", "adjudicator"}),
    ("GET", "/v1/adjudications"): Case({"adjudicator"}),
    ("GET", "/v1/narratives/{narrative_id}/adjudications"): Case({"adjudicator"}),
    ("POST", "/v1/narratives/{narrative_id}/adjudications"): Case({"adjudicator"}, RULING),
    ("GET", "/v1/agreement"): Case({"adjudicator", "analyst", "ml", "admin"}),
    ("POST", "/v1/bundles/{bundle_id}/promote"): Case({"ml", "admin"}, {}),
}
"""Routes that know a case. A new route needs an entry here or in the table below."""

FRESH = {
    ("POST", "/v1/narratives/{narrative_id}/codings"),
    ("GET", "/v1/narratives/{narrative_id}/adjudications"),
    ("POST", "/v1/narratives/{narrative_id}/adjudications"),
}
"""Routes that need a narrative which the caller has not coded."""

STATELESS = {
    ("POST", "/v1/suggestions"): {"narratives": [{"text": "A text of nobody."}]},
    ("GET", "/v1/taxonomies"): None,
    ("GET", "/v1/taxonomies/{taxonomy_id}"): None,
    ("GET", "/v1/taxonomies/{taxonomy_id}/{version}"): None,
    ("GET", "/v1/bundles"): None,
    ("GET", "/v1/bundles/{bundle_id}"): None,
}
"""Routes that know no case; every role may call them."""

WITHOUT_KEY = {"/", "/docs", "/docs/start.js", "/docs/assets", "/openapi.json", "/live", "/ready", "/metrics"}
"""Paths that tell nothing of a case and need no key."""

NAMES = {"taxonomy_id": "io-themes", "version": "1.0.0", "bundle_id": "starter"}


def routes_of(routes):
    for route in routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes)
        else:
            yield route


def test_every_route_has_an_entry(office):
    """Guarantee: a route without an entry in the tables above fails the suite."""
    found = set()
    for route in routes_of(office.client.app.routes):
        for method in getattr(route, "methods", None) or {"GET"}:
            if method != "HEAD" and route.path not in WITHOUT_KEY:
                found.add((method, route.path))
    assert found == OVER_THE_STORE.keys() | STATELESS.keys()


@pytest.fixture
def world(office):
    """A review with a narrative in the north, and an open coding of each person who may code."""
    review = office.review()
    narrative_id = review["narratives"][0]["id"]
    other = office.narrative("A text that nobody has opened yet.")
    codings = {who: office.open(narrative_id, who=who) for who in sorted(CODERS)}
    return {"review_id": review["id"], "narrative_id": narrative_id, "unopened": other, "codings": codings}


def path_for(route, world, who):
    """Fill in the ids of the north."""
    narrative_id = world["unopened" if route in FRESH else "narrative_id"]
    coding_id = world["codings"].get(who, world["codings"]["reviewer"])
    return route[1].format(**{**NAMES, **world, "narrative_id": narrative_id, "coding_id": coding_id})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", OVER_THE_STORE, ids=" ".join)
def test_role_may_or_may_not(office, world, route, role):
    """Guarantee: each role gets what the table allows it, and 403 for all else."""
    case = OVER_THE_STORE[route]
    answer = office.call(route[0], path_for(route, world, role), case.body, who=role)
    assert answer.status_code in ({200, 201} if role in case.roles else {403}), answer.text
    assert TEXT not in answer.text or role in READERS


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "route", [route for route in OVER_THE_STORE if "_id}" in route[1].replace("{bundle_id}", "")], ids=" ".join
)
def test_foreign_id_is_answered_like_a_missing_one(office, world, route, role):
    """Guarantee: to a key of another jurisdiction an id answers as if it did not exist, to the byte."""
    case = OVER_THE_STORE[route]
    nothing = {**dict.fromkeys(world, MISSING), "codings": {"reviewer": MISSING}}
    answers = [
        office.call(route[0], path_for(route, ids, role), case.body, who=role, where="south")
        for ids in (world, nothing)
    ]
    assert [answer.status_code for answer in answers] == [404 if role in case.roles else 403] * 2
    assert answers[0].content == answers[1].content
    assert answers[0].headers.keys() == answers[1].headers.keys()


@pytest.mark.parametrize("role", sorted(CODERS))
def test_nothing_can_be_written_into_a_foreign_jurisdiction(office, world, role):
    """Guarantee: naming another jurisdiction is like naming one that does not exist."""
    told = []
    for name in ("north", "nowhere"):
        answer = office.post("/v1/reviews", {"external_id": "x", "jurisdiction": name}, who=role, where="south")
        assert answer.status_code == 404
        told.append(answer.text.replace(name, ""))
    assert told[0] == told[1]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", OVER_THE_STORE, ids=" ".join)
def test_key_of_all_jurisdictions_reaches_both(office, world, route, role):
    """Guarantee: a key of all jurisdictions has the rights of its role in each of them."""
    if route == ("POST", "/v1/reviews") or "coding_id" in route[1]:
        pytest.skip("names its jurisdiction, or the person's own coding")
    case = OVER_THE_STORE[route]
    answer = office.call(route[0], path_for(route, world, role), case.body, who=role, where=None)
    assert answer.status_code in ({200, 201} if role in case.roles else {403})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", STATELESS, ids=" ".join)
def test_stateless_routes_answer_every_role(office, route, role):
    assert office.call(route[0], route[1].format(**NAMES), STATELESS[route], who=role).status_code == 200


@pytest.mark.parametrize("route", [*OVER_THE_STORE, *STATELESS], ids=" ".join)
def test_no_key_no_answer(office, world, route):
    answer = office.client.request(route[0], path_for(route, world, "reviewer"), json={})
    assert answer.status_code == 401


def test_key_of_the_settings_reaches_no_case(open_office, digest):
    """Guarantee: a key that belongs to nobody in the store gets suggestions, and nothing of the store."""
    with open_office(keys=(digest,)) as office:
        narrative_id = office.narrative()
        office.keys["settings", None] = "a secret that only tests know"
        assert office.get("/v1/bundles", who="settings", where=None).status_code == 200
        assert office.get(f"/v1/narratives/{narrative_id}", who="settings", where=None).status_code == 403


def test_without_any_key_only_stateless_routes_are_served(sqlite_url, parts, serve):
    with serve(parts(database=sqlite_url)) as client:
        assert client.get("/v1/bundles").status_code == 200
        assert client.post("/v1/reviews", json={"external_id": "x"}).status_code == 404
        assert not [path for path in client.get("/openapi.json").json()["paths"] if "review" in path or "cod" in path]
