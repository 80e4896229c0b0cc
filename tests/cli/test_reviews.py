"""``io-coding reviews`` and ``corpus export --from-store``: files in, files out, and gold as a corpus."""

import json

import pytest
from typer.testing import CliRunner

from coding_service.cli.main import app
from coding_service.services.authentication import Caller
from coding_service.services.codings import Closing, close_coding, open_coding
from coding_service.services.decisions import Batch, NewDecision, decide
from coding_service.services.stages import Doubling
from coding_service.store import Scope, UnitOfWork, open_engine

LINE = {"id": "r-1", "cause": "suid", "narratives": [{"id": "1", "text": "Evicted twice."}]}


@pytest.fixture
def run(monkeypatch, sqlite_url):
    """Run a command on a store of its own."""
    monkeypatch.setenv("CODING_SERVICE_DATABASE", sqlite_url)
    monkeypatch.setenv("CODING_SERVICE_BLIND_SHARE", "0")
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)


@pytest.fixture
def coded(run, sqlite_url):
    """A store with one narrative that one person has coded completely."""
    run("reviews", "import", "-", "--jurisdiction", "north", "--new-jurisdiction", input=json.dumps(LINE))
    store = open_engine(sqlite_url)
    with UnitOfWork(store) as work:
        person = work.people.add("a@north.example", "A").id
        (narrative,) = work.narratives.facts(Scope.everything())
        work.commit()
    caller = Caller("k", "a@north.example", "reviewer", narrative.jurisdiction_id, person)
    coding_id = open_coding(store, caller, narrative.id)["id"]
    new = NewDecision("family.economic_support.housing", "add", 2, ((0, 7),))
    decide(store, caller, coding_id, Batch(("io-themes", "1.0.0"), (new,)))
    close_coding(store, caller, coding_id, Closing(complete=True), doubling=Doubling("key", 0))
    store.dispose()


def test_import_tells_what_it_did_and_export_gives_it_back(run, tmp_path):
    file = tmp_path / "reviews.jsonl"
    file.write_text(json.dumps(LINE) + "\n", encoding="utf-8")
    first = run("reviews", "import", str(file), "--jurisdiction", "north", "--new-jurisdiction")
    assert "1 new reviews, 0 corrected, 0 unchanged; 1 new narratives." in first.stderr
    again = run("reviews", "import", str(file), "--jurisdiction", "north")
    assert "0 new reviews, 0 corrected, 1 unchanged; 0 new narratives." in again.stderr
    exported = run("reviews", "export", "--jurisdiction", "north")
    assert json.loads(exported.stdout)["narratives"] == LINE["narratives"]
    table = tmp_path / "reviews.csv"
    assert run("reviews", "export", "--output", str(table)).exit_code == 0
    unchanged = run("reviews", "import", str(table), "--jurisdiction", "north")
    assert "1 unchanged" in unchanged.stderr


def test_unknown_jurisdiction_is_refused(run):
    assert run("reviews", "import", "-", "--jurisdiction", "nowhere", input=json.dumps(LINE)).exit_code != 0


def test_corpus_comes_from_the_store_with_its_fingerprint(run, coded, tmp_path):
    result = run("corpus", "export", "--from-store")
    record = json.loads(result.stdout)
    assert record["text"] == "Evicted twice."
    assert record["codes"] == ["family.economic_support", "family.economic_support.housing"]
    assert record["evidence"] == {"family.economic_support.housing": [[0, 7]]}
    assert "1 narratives, fingerprint" in result.stderr
    assert run("corpus", "export", "--from-store", "--jurisdiction", "north").stdout == result.stdout
    file = tmp_path / "corpus.jsonl"
    run("corpus", "export", "--from-store", "--output", str(file))
    assert run("corpus", "check", str(file)).exit_code in (0, 1)
    assert file.read_text(encoding="utf-8") == result.stdout


def test_explanation_prints_labels_and_no_text(run, coded):
    rows = [
        json.loads(line)
        for line in run("corpus", "export", "--from-store", "--explain", "--format", "json").stdout.splitlines()
    ]
    assert {row["label"] for row in rows} == {"present", "absent"}
    assert {row["source"] for row in rows} == {"single"}
    assert "Evicted" not in str(rows)


def test_empty_evaluation_half_is_told(run, coded):
    result = run("corpus", "export", "--from-store", "--evaluation")
    assert result.exit_code != 0
    assert "No narrative of the store has a label yet" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from-store", "--explain", "--output", "why.csv"], "--explain"),
        (["--from-store", "--explain", "--to", "csv"], "--explain"),
        (["--from-store", "--format", "csv"], "--to csv"),
    ],
)
def test_options_that_would_do_nothing_are_refused(run, arguments, told):
    assert told in str(run("corpus", "export", *arguments).exception)


@pytest.mark.parametrize("arguments", [[], ["a.jsonl", "--from-store"], ["a.jsonl", "--explain"]])
def test_corpus_comes_from_one_place(run, arguments):
    assert "from a file or from the store" in str(run("corpus", "export", *arguments).exception)
