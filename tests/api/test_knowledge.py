"""``GET /v1/taxonomies`` and ``GET /v1/bundles``: what narratives are coded by, and what can answer."""

import json
import shutil
from dataclasses import replace

import pytest

from coding_service.services.shelf import Shelf
from coding_service.taxonomy.files import find_taxonomy


def test_lists_taxonomies(client):
    listed = client.get("/v1/taxonomies").json()["taxonomies"]
    assert {"id": "io-themes", "versions": ["1.0.0"]} in listed


@pytest.mark.parametrize("path", ["io-themes", "io-themes/1.0.0"])
def test_shows_a_taxonomy(client, path):
    """Guarantee: a taxonomy arrives whole, with its hash; no version is the newest."""
    shown, released = client.get(f"/v1/taxonomies/{path}").json(), find_taxonomy("io-themes", "1.0.0")
    assert shown["sha256"] == released.sha256
    assert [code["id"] for code in shown["codes"]] == [code.id for code in released.codes]
    assert shown["codes"][5]["definition"] == released.codes[5].definition


@pytest.mark.parametrize(
    ("path", "hint"), [("nope", "io-themes"), ("io-themes/9.9.9", "1.0.0"), ("..%2Fio-themes/1.0.0", "")]
)
def test_unknown_taxonomy(client, path, hint):
    answer = client.get(f"/v1/taxonomies/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert hint in answer.json()["hint"]


def test_taxonomy_of_the_served_bundle_is_known(serve, parts, shelf):
    """Guarantee: an agency's own taxonomy is shown where its bundle is served, though it was never released here."""
    own = replace(shelf.get().taxonomy, id="county", version="2.1.0")

    class CountyShelf(Shelf):
        def get(self, name=None, *, jurisdiction=None):
            return replace(shelf.get(), taxonomy=own)

    county = CountyShelf(shelf.path("starter").parent, "starter")
    with serve(replace(parts(), shelf=county)) as client:
        assert {"id": "county", "versions": ["2.1.0"]} in client.get("/v1/taxonomies").json()["taxonomies"]
        assert client.get("/v1/taxonomies/county/2.1.0").json()["sha256"] == own.sha256
        assert client.get("/v1/taxonomies/county").json()["version"] == "2.1.0"
        assert client.get("/v1/taxonomies/county/1.0.0").status_code == 404


def test_lists_bundles(client):
    """Guarantee: the list marks the one bundle that answers where none is named."""
    listed = {bundle["id"]: bundle for bundle in client.get("/v1/bundles").json()["bundles"]}
    assert [name for name, bundle in listed.items() if bundle["current"]] == ["starter"]
    assert listed["starter"]["suggester"] == "lexical"
    assert 0 <= listed["starter"]["macro_f1"] <= 1
    assert listed["starter"]["problem"] is None


def test_shows_a_bundle_without_the_groups_it_saw(client, shelf):
    shown = client.get("/v1/bundles/starter").json()
    assert shown["manifest"]["files"] == shelf.get().manifest["files"]
    assert "groups" not in shown["manifest"]["corpora"][0]
    assert set(shown["metrics"]) == {"cross_validation", "test_splits"}
    assert "codes" not in shown["metrics"]["cross_validation"]


def test_unknown_bundle(client):
    answer = client.get("/v1/bundles/nope")
    assert (answer.status_code, answer.json()["hint"]) == (404, "Known are: starter.")


@pytest.fixture
def broken(bundles, tmp_path):
    """A folder of bundles in which one is truncated, one is of another format and one has lost its metrics."""
    for name in ("starter", "truncated", "foreign", "no-metrics", "altered"):
        shutil.copytree(bundles / "starter", tmp_path / name)
    (tmp_path / "truncated" / "bundle.json").write_text('{"format": 1, ')
    (tmp_path / "foreign" / "bundle.json").write_text(json.dumps({"format": 99}))
    (tmp_path / "no-metrics" / "metrics.json").unlink()
    (tmp_path / "altered" / "calibration.json").write_text("{}")
    return tmp_path


def test_broken_bundles_do_not_hide_the_others(serve, parts, broken):
    """Guarantee: a bundle that cannot be read is listed with its problem, and refused when it is asked for."""
    with serve(replace(parts(), shelf=Shelf(broken, "starter", threads=1))) as client:
        listed = {bundle["id"]: bundle["problem"] for bundle in client.get("/v1/bundles").json()["bundles"]}
        for name in ("truncated", "foreign", "no-metrics"):
            assert listed[name] == "bundle-invalid"
            assert client.get(f"/v1/bundles/{name}").status_code == 503
        assert listed["starter"] is None
        body = {"narratives": [{"text": "Baby slept on the couch."}], "bundle": "altered"}
        answer = client.post("/v1/suggestions", json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "bundle-invalid")
        assert client.post("/v1/suggestions", json=body | {"bundle": None}).status_code == 200
