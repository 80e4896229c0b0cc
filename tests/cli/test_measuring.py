"""``io-coding train``, ``evaluate`` and ``compare``: data on stdout, talk on stderr, errors in two lines."""

import csv
import io
import json
from dataclasses import replace

import pytest

from coding_service.corpus.files import write_corpus
from coding_service.taxonomy.files import dump_taxonomy
from tests.suggesters.narratives import make_corpus, make_taxonomy


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Recipes of two suggesters, a corpus to train on, and one to measure on."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "small.yaml").write_text(dump_taxonomy(make_taxonomy()))
    for suggester in ("dummy", "lexical"):
        lines = f"name: {suggester}\nsuggester: {suggester}\nfolds: 3\ntaxonomy: {{id: small.yaml}}\n"
        (folder / f"{suggester}.yaml").write_text(lines + "corpus: [corpus.jsonl]\n")
    write_corpus(folder / "corpus.jsonl", make_corpus())
    fresh = [replace(narrative, group=f"fresh {narrative.group}") for narrative in make_corpus(8)]
    write_corpus(folder / "fresh.jsonl", fresh)
    return folder


@pytest.fixture
def trained(cli, place, monkeypatch):
    """The folder with both bundles trained, each by the command, once."""
    monkeypatch.setenv("CODING_SERVICE_BUNDLES", str(place / "bundles"))
    monkeypatch.setenv("CODING_SERVICE_CACHE", str(place / "cache"))
    for name in ("dummy", "lexical"):
        if not (place / "bundles" / name).exists():
            assert cli("train", "--recipe", place / f"{name}.yaml", "--name", name).code == 0
    return place


def test_train_prints_figures_and_says_where(cli, trained):
    output = trained / "elsewhere"
    done = cli("train", "--recipe", trained / "lexical.yaml", "-o", output, "--measure", trained / "fresh.jsonl")
    assert done.code == 0
    assert "cross-validation" in done.out
    assert "fresh" in done.out
    assert done.err == f"Wrote bundle 'elsewhere' to {output}.\n"


def test_train_keeps_no_encoder_of_a_suggester_without_one(cli, trained):
    asked = ("train", "--recipe", trained / "lexical.yaml", "--name", "kept", "--keep-encoder")
    done = cli(*asked, trained / "bundles" / "lexical")
    assert done.code == 1
    assert "no readable encoder.json" in done.err
    assert not (trained / "bundles" / "kept").exists()


def test_train_prints_one_object_of_json(cli, trained):
    asked = ("train", "--recipe", trained / "dummy.yaml", "--name", "json", "--format", "json", "--replace")
    printed = json.loads(cli(*asked).out)
    assert (printed["id"], printed["suggester"]) == ("json", "dummy")
    assert printed["figures"][0]["set"] == "cross-validation"


def test_train_refuses_a_taken_name(cli, trained):
    done = cli("train", "--recipe", trained / "lexical.yaml", "--name", "lexical")
    assert done.code == 1
    assert done.out == ""
    assert "exists already" in done.err.splitlines()[0]
    assert "--replace" in done.err.splitlines()[1]


def test_evaluate_prints_figures_codes_and_evidence(cli, trained):
    done = cli("evaluate", "--corpus", trained / "fresh.jsonl", "--bundle", "lexical", "--by", "family", "--draws", 20)
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[2:5]] == ["all", "even", "odd"]
    assert "support.housing" in done.out
    assert "0 of 8 groups trained the bundle." in done.err
    assert "Evidence of" in done.err


def test_evaluate_gives_everything_as_json_and_rows_as_csv(cli, trained):
    asked = ("evaluate", "--corpus", trained / "fresh.jsonl", "--bundle", "lexical", "--draws", 20, "--format")
    whole = json.loads(cli(*asked, "json").out)
    assert {"bundle", "taxonomy", "overlap", "figures", "evidence", "codes"} <= set(whole)
    (row,) = csv.DictReader(io.StringIO(cli(*asked, "csv").out))
    assert float(row["micro_f1"]) == whole["figures"][0]["micro_f1"]


def test_evaluate_writes_codes_to_a_file(cli, trained, tmp_path):
    path = tmp_path / "codes.tsv"
    asked = ("evaluate", "--corpus", trained / "fresh.jsonl", "--bundle", trained / "bundles" / "lexical")
    assert cli(*asked, "--draws", 20, "--per-code", path).code == 0
    rows = list(csv.DictReader(path.open(), delimiter="\t"))
    assert [row["code"] for row in rows] == list(make_taxonomy().code_ids)
    assert {"precision", "recall", "f1", "support", "kappa", "average_precision", "ece", "threshold"} <= set(rows[0])


def test_evaluate_refuses_what_was_trained_on(cli, trained):
    asked = ("evaluate", "--corpus", trained / "corpus.jsonl", "--bundle", "lexical", "--draws", 20)
    done = cli(*asked)
    assert done.code == 1
    assert "24 of the 24 groups" in done.err
    assert cli(*asked, "--allow-overlap").code == 0


def test_compare_tells_which_is_better(cli, trained):
    done = cli("compare", "dummy", "lexical", "--corpus", trained / "fresh.jsonl", "--draws", 50)
    assert done.code == 0
    assert "p (Holm)" in done.out
    assert done.err.startswith("Micro F1: +")


def test_compare_gives_everything_as_json_and_codes_as_csv(cli, trained):
    asked = ("compare", "dummy", "lexical", "--corpus", trained / "fresh.jsonl", "--draws", 20, "--format")
    whole = json.loads(cli(*asked, "json").out)
    assert [row["set"] for row in whole["figures"]] == ["dummy", "lexical"]
    rows = list(csv.DictReader(io.StringIO(cli(*asked, "csv").out)))
    assert [row["code"] for row in rows] == list(make_taxonomy().code_ids)


@pytest.mark.parametrize("command", ["evaluate --bundle nobody", "compare nobody lexical"])
def test_an_unknown_bundle_is_told_with_those_that_exist(cli, trained, command):
    done = cli(*command.split(), "--corpus", trained / "fresh.jsonl")
    assert done.code == 1
    assert "no bundle 'nobody'" in done.err
    assert "lexical" in done.err
