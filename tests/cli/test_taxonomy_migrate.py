"""``io-coding taxonomy migrate`` from the outside."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coding_service.cli.taxonomy import app
from coding_service.errors import TaxonomyError
from tests.services.verified_store import add_jurisdiction, add_verified, coded, write_lexical

DATA = Path(__file__).parents[1] / "taxonomy" / "data"


@pytest.fixture
def call(sqlite_url, tmp_path, monkeypatch):
    """Run the command on a store with a few codings and a bundle of the old version."""
    from coding_service.store import open_engine

    store = open_engine(sqlite_url)
    add_verified(store, add_jurisdiction(store), coded(6))
    store.dispose()
    write_lexical(tmp_path / "bundles" / "old", coded(30, start=1000))
    monkeypatch.setenv("CODING_SERVICE_DATABASE", sqlite_url)
    monkeypatch.setenv("CODING_SERVICE_BUNDLES", str(tmp_path / "bundles"))
    monkeypatch.setenv("CODING_SERVICE_BUNDLE", "old")

    def invoke(*options, crosswalk=DATA / "1.0.0-to-1.1.0.yaml"):
        new = str(DATA / "io-themes-1.1.0.yaml")
        arguments = ["migrate", "--from", "1.0.0", "--to", new, "--crosswalk", str(crosswalk), *options]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return invoke


def test_dry_run_then_migration_then_nothing(call):
    """Guarantee: the table shows what changes, standard error says whether anything was done."""
    told = call("--dry-run")
    assert "professional.records" in told.stdout
    assert "unknown in old codings, never absent" in told.stdout
    assert "serves on" in told.stdout
    assert "professional.knowledge" not in told.stdout
    assert "6 closed codings" in told.stderr
    assert "Warning: team.coordination loses" in told.stderr
    assert "Nothing was changed" in told.stderr
    done = call()
    assert done.stdout == told.stdout
    assert "Done: new codings are made in io-themes 1.1.0" in done.stderr
    assert "done before" in call().stderr


def test_json_is_one_object_and_csv_the_old_codes(call):
    report = json.loads(call("--dry-run", "--format", "json").stdout)
    assert report["state"] == "dry run"
    assert len(report["old_codes"]) == 36
    lines = call("--dry-run", "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("code,change,becomes,decisions")
    assert len(lines) == 37


def test_broken_crosswalk_is_refused_with_its_line(call, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text((DATA / "1.0.0-to-1.1.0.yaml").read_text().replace("environment.technology", "environment.tech"))
    with pytest.raises(TaxonomyError, match=r"broken\.yaml, line 13: 'environment\.tech' is no selectable code"):
        call(crosswalk=path)
