"""``POST /v1/bundles/{id}/promote``, and what running servers make of a promotion while requests come in."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from coding_service.services.keys import KeyRequest, create_key
from coding_service.services.shelf import Shelf
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.rows import PromotionRow
from tests.api.stateful.conftest import TEXT, Office
from tests.services.verified_store import RECIPE, coded, write_lexical

EVERYTHING = Scope.everything()
DUMMY = RECIPE.model_copy(update={"suggester": "dummy"})
POLL_SECONDS = 0.05


@pytest.fixture
def folder(bundles, tmp_path):
    """The starter bundle of all tests, and ``other``."""
    shutil.copytree(bundles / "starter", tmp_path / "bundles" / "starter")
    write_lexical(tmp_path / "bundles" / "other", coded(20), recipe=DUMMY)
    return tmp_path / "bundles"


@pytest.fixture
def moving_office(sqlite_url, parts, serve, folder):
    """An office whose server looks at the store all the time."""
    engine = open_engine(sqlite_url)
    create_key(engine, KeyRequest("root@hq.example", "admin", None))
    made = parts(database=sqlite_url, blind_share=0, requests_per_minute=10**6, poll_seconds=POLL_SECONDS)
    with serve(replace(made, shelf=Shelf(folder, "starter", threads=1))) as client:
        yield Office(client, engine)
    engine.dispose()


def promote(office, name, jurisdiction_id=None):
    row = PromotionRow(kind="promote", bundle_id=name, bundle_sha256=None, jurisdiction_id=jurisdiction_id)
    with UnitOfWork(office.engine) as work:
        work.promotions.add(EVERYTHING, row)
        work.commit()


def ask(office, **caller):
    return office.post("/v1/suggestions", {"narratives": [{"text": TEXT}]}, **caller)


def until(told, wanted, seconds=10.0):
    """Wait until a function gives what is wanted, for as long as a promotion may take at most."""
    end = time.monotonic() + seconds
    while (found := told()) != wanted:
        assert time.monotonic() < end, found
        time.sleep(POLL_SECONDS)


def answering(office, **caller):
    return ask(office, **caller).json()["bundle"]["id"]


def test_promotions_fail_no_request(moving_office):
    """Guarantee: while bundles are swapped, every request is answered, each by one bundle whole, and the last one stays."""
    office, stop = moving_office, Event()
    office.key("reviewer")

    def hammer():
        answers = []
        while not stop.is_set():
            answer = ask(office)
            answers.append(
                (answer.status_code, answer.json()["bundle"]["id"], answer.json()["results"][0]["bundle"]["id"])
            )
        return answers

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(hammer) for _ in range(4)]
        for name in ["other", "starter"] * 4 + ["other"]:
            promote(office, name)
            until(lambda: office.client.get("/ready").json()["bundle"]["id"], name)
        stop.set()
        answers = [answer for future in asked for answer in future.result(30)]
    assert {status for status, *_ in answers} == {200}
    assert {name for _, name, _ in answers} == {"starter", "other"}
    assert all(whole == single for _, whole, single in answers)
    assert answering(office) == "other"


def test_request_in_flight_keeps_its_bundle(moving_office, monkeypatch):
    office, reading, finish = moving_office, Event(), Event()
    office.key("reviewer")
    suggester = office.client.app.state.running.parts.shelf.get().suggester
    score = suggester.score

    def slow(texts):
        reading.set()
        assert finish.wait(30)
        return score(texts)

    monkeypatch.setattr(suggester, "score", slow)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, office)
        try:
            assert reading.wait(30)
            promote(office, "other")
            until(lambda: office.client.get("/ready").json()["bundle"]["id"], "other")
        finally:
            finish.set()
        assert asked.result(30).json()["bundle"]["id"] == "starter"


def test_broken_bundle_shows_and_the_old_one_answers(moving_office, folder):
    """Guarantee: a bundle that does not load turns /ready's detail and a metric, and fails nobody."""
    office = moving_office
    calibration = folder / "other" / "calibration.json"
    whole = calibration.read_text()
    calibration.write_text("{}")
    promote(office, "other")
    told = [{"bundle": "other", "problem": "bundle-invalid"}]
    until(lambda: office.client.get("/ready").json().get("detail"), told)
    assert office.client.get("/ready").status_code == 200
    assert (
        'io_coding_bundle_not_served{bundle="other",problem="bundle-invalid"} 1.0' in office.client.get("/metrics").text
    )
    assert answering(office) == "starter"
    calibration.write_text(whole)
    until(lambda: answering(office), "other")
    assert "detail" not in office.client.get("/ready").json()
    assert "io_coding_bundle_not_served{" not in office.client.get("/metrics").text


def test_each_key_is_answered_by_the_bundle_of_its_jurisdiction(moving_office, folder):
    """Guarantee: a pointer of one jurisdiction moves nobody else, and its bundle is no other's to name or to see."""
    office = moving_office
    narrative_id = office.narrative()
    office.key("ml", "south")
    with UnitOfWork(office.engine, reading=True) as work:
        north = work.jurisdictions.named(EVERYTHING, "north").id
    write_lexical(folder / "northern", coded(20), jurisdictions=[north], recipe=DUMMY)
    promote(office, "northern", north)
    until(lambda: answering(office), "northern")
    assert answering(office, where="south") == "starter"
    assert office.suggestions(narrative_id)["bundle"]["id"] == "northern"
    assert office.suggestions(narrative_id, who="admin", where=None)["bundle"]["id"] == "northern"
    body = {"narratives": [{"text": TEXT}], "bundle": "northern"}
    assert office.post("/v1/suggestions", body, where="south").status_code == 404
    assert office.get("/v1/bundles/northern", where="south").status_code == 404
    listed = {where: office.get("/v1/bundles", where=where).json()["bundles"] for where in ("north", "south")}
    assert [bundle["id"] for bundle in listed["north"] if bundle["current"]] == ["northern"]
    assert "northern" not in {bundle["id"] for bundle in listed["south"]}
    missing, foreign = (
        office.post(f"/v1/bundles/{name}/promote", {}, who="ml", where="south") for name in ("nothing0", "northern")
    )
    assert (missing.status_code, foreign.status_code) == (404, 404)
    assert missing.text.replace("nothing0", "") == foreign.text.replace("northern", "")


def test_gate_refuses_over_http_and_says_why(moving_office):
    answer = moving_office.post("/v1/bundles/other/promote", {}, who="ml")
    assert (answer.status_code, answer.json()["code"]) == (409, "gate-refused")
    assert {"field": "reviews", "message": "at least 100 blind reviews"} in answer.json()["errors"]
    forced = moving_office.post("/v1/bundles/other/promote", {"force": True, "reason": "First one."}, who="ml")
    assert (forced.status_code, forced.json()["forced"]) == (200, True)
    assert forced.json()["report"]["verdict"] == "too few"
    until(lambda: answering(moving_office), "other")
    assert answering(moving_office, where="south") == "starter"


def test_key_of_one_jurisdiction_promotes_for_no_other(moving_office):
    office = moving_office
    body = {"force": True, "reason": "A test.", "jurisdiction": "south"}
    office.key("ml", "south")
    assert office.post("/v1/bundles/other/promote", body, who="ml").status_code == 404
    assert office.post("/v1/bundles/other/promote", body, who="ml", where=None).status_code == 200
    until(lambda: answering(office, where="south"), "other")
    assert answering(office) == "starter"
