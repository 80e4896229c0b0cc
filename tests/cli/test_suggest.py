"""``io-coding suggest`` and ``bundles``: codes for texts however they are handed over; clear words where they cannot be."""

import csv
import io
import json
import shutil
from dataclasses import dataclass

import pytest
from small_bundle import CODES, TEXT, write_small_bundle

from coding_service.cli.main import run

SECRET = "Zyxxy"


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "starter")
    return folder


@pytest.fixture
def cli(monkeypatch, capsys, bundles):
    """Runs the command line in this process, with these bundles and these bytes on standard input."""

    def invoke(*arguments, stdin=b"", folder=bundles):
        monkeypatch.setenv("CODING_SERVICE_BUNDLES", str(folder))
        monkeypatch.setenv("CODING_SERVICE_THREADS", "1")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setattr("sys.argv", ["io-coding", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            run()
        return Result(left.value.code or 0, *capsys.readouterr())

    return invoke


def suggested(result):
    return {item["code"] for item in result["suggestions"] if item["band"] == "suggested"}


def test_text_as_argument(cli):
    """Guarantee: JSON is one line per narrative, in the form that the API answers with."""
    (line,) = cli("suggest", TEXT, "--format", "json").lines
    assert list(line) == ["id", "suggestions", "read", "taxonomy", "bundle"]
    assert (line["id"], line["bundle"]["id"]) == ("0", "starter")
    assert suggested(line) == CODES
    span = next(item for item in line["suggestions"] if item["code"] == "family.safe_sleep")["evidence"][0]
    assert TEXT[span["start"] : span["end"]] == "The baby slept on the couch with mother."


def test_table_quotes_the_evidence(cli):
    """Guarantee: a person sees names, ids, probabilities, bands and the passages in words."""
    shown = cli("suggest", TEXT).out
    for words in ("Safe Sleep", "family.safe_sleep", "suggested", "The baby slept on the couch with mother."):
        assert words in shown


def test_table_without_suggestion(cli):
    assert cli("suggest", "Nothing of note, at all.", "--min-probability", 1).out == "No code is near its threshold.\n"


def test_csv_has_a_row_per_suggestion(cli):
    rows = list(csv.DictReader(io.StringIO(cli("suggest", TEXT, "--format", "csv").out)))
    assert {row["code"] for row in rows if row["band"] == "suggested"} == CODES
    assert next(row["evidence"] for row in rows if row["code"] == "family.safe_sleep") == "38-78"


def test_options_limit_the_list(cli):
    everything = cli("suggest", TEXT, "--format", "json", "--min-probability", 0).lines[0]["suggestions"]
    assert len(everything) == 36
    two = cli("suggest", TEXT, "--format", "json", "--min-probability", 0, "--limit", 2).lines[0]["suggestions"]
    assert two == everything[:2]


def test_file_is_one_narrative(cli, tmp_path):
    (tmp_path / "review.txt").write_text("They were evicted from the apartment.\n\nThe baby slept on the couch.\n")
    (line,) = cli("suggest", tmp_path / "review.txt", "--format", "json").lines
    assert line["id"] == "review"
    assert suggested(line) == CODES


@pytest.mark.parametrize("source", ["file", "-"])
def test_lines_are_narratives(cli, tmp_path, source):
    """Guarantee: with --lines each line that is not blank is a narrative, from a file as from standard input."""
    content = f"{TEXT}\n\nNothing of note.\n"
    (tmp_path / "lines.txt").write_text(content)
    name = tmp_path / "lines.txt" if source == "file" else source
    lines = cli("suggest", name, "--lines", "--format", "json", stdin=content.encode()).lines
    assert [line["id"].rpartition(":")[2] for line in lines] == ["1", "3"]
    assert suggested(lines[0]) == CODES


def test_lines_of_an_argument(cli):
    lines = cli("suggest", f"{TEXT}\n\nNothing of note.", "--lines", "--format", "json").lines
    assert [line["id"] for line in lines] == ["1", "3"]


def test_stdin_is_one_narrative(cli):
    (line,) = cli("suggest", "-", "--format", "json", stdin=TEXT.encode()).lines
    assert (line["id"], suggested(line)) == ("stdin", CODES)


@pytest.mark.parametrize("stdin", [False, True])
def test_json_lines(cli, tmp_path, stdin):
    """Guarantee: over a hundred narratives of a corpus file come back in order, under their ids; no codes are needed."""
    content = "".join(json.dumps({"id": f"n{row}", "text": f"{TEXT} Day {row}."}) + "\n" for row in range(130))
    (tmp_path / "corpus.jsonl").write_text(content)
    source = ["-", "--jsonl"] if stdin else [tmp_path / "corpus.jsonl"]
    done = cli("suggest", *source, "--format", "json", stdin=content.encode())
    assert [line["id"] for line in done.lines] == [f"n{row}" for row in range(130)]
    assert done.err == "", "progress is silent without a terminal"
    assert "n129" in cli("suggest", tmp_path / "corpus.jsonl").out


def test_bundle_by_name_and_folder(cli, bundles, tmp_path):
    shutil.copytree(bundles / "starter", tmp_path / "elsewhere")
    by_folder = cli("suggest", TEXT, "--format", "json", "--bundle", tmp_path / "elsewhere").lines[0]
    by_name = cli("suggest", TEXT, "--format", "json", "--bundle", "starter").lines[0]
    assert (by_folder["bundle"]["id"], by_name["bundle"]["id"]) == ("elsewhere", "starter")
    assert by_folder["suggestions"] == by_name["suggestions"]


BAD = {
    "empty": ("", b"", "is empty"),
    "blank stdin": ("-", b" \n", "is empty"),
    "wrong encoding": ("-", f"{SECRET} caf\xe9".encode("latin-1"), "is not UTF-8"),
    "argument in a wrong encoding": (f"{SECRET} caf\udce9", b"", "is not UTF-8"),
    "UTF-16": ("-", TEXT.encode("utf-16"), "is not UTF-8"),
    "over 200 kB": ("-", (SECRET * 50_000).encode(), "at most 200000 are read"),
    "no such file": ("reviews/nope.txt", b"", "There is no file"),
    "a folder": (".", b"", "is a folder"),
}


@pytest.mark.parametrize(("source", "stdin", "message"), BAD.values(), ids=BAD)
def test_refuses_bad_input(cli, source, stdin, message):
    """Guarantee: bad input is told on standard error with a next step and without its text; nothing else is printed."""
    done = cli("suggest", source, stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 2
    assert SECRET not in done.err


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"id": "a", "text": "ok"}, {"id": "b", "text": " "}], "'text'"),
        ([{"id": "a", "text": "ok"}, {"id": "a", "text": "ok"}], "stands already on line 1"),
        ([{"id": "a", "text": "ok", "evidence": {"x": [[0, 9]]}}], "outside the text"),
    ],
)
def test_refuses_a_broken_corpus(cli, tmp_path, lines, message):
    (tmp_path / "broken.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = cli("suggest", tmp_path / "broken.jsonl", "--format", "json")
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_unknown_bundle(cli):
    done = cli("suggest", TEXT, "--bundle", "nope")
    assert (done.code, done.out) == (1, "")
    assert "There is no bundle 'nope'." in done.err
    assert "starter" in done.err


def test_truncated_bundle(cli, bundles, tmp_path):
    shutil.copytree(bundles / "starter", tmp_path / "starter")
    (tmp_path / "starter" / "calibration.json").write_text("{")
    done = cli("suggest", TEXT, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "expected" in done.err


def test_bundles_are_listed(cli, bundles):
    (row,) = [line for line in cli("bundles", "list", "--format", "json").lines if line["id"] == "starter"]
    assert (row["current"], row["taxonomy"]["version"]) == (True, "1.0.0")
    assert "io-themes 1.0.0" in cli("bundles", "list").out


@pytest.mark.parametrize("by", ["name", "folder"])
def test_bundle_is_shown(cli, bundles, by):
    name = "starter" if by == "name" else bundles / "starter"
    shown = cli("bundles", "show", name, "--format", "json").lines[0]
    assert shown["manifest"]["suggester"] == "lexical"
    assert shown["metrics"]["cross_validation"]["micro"]["point"] > 0
    assert "manifest.taxonomy.version" in cli("bundles", "show", name).out


def test_unknown_bundle_is_not_shown(cli):
    done = cli("bundles", "show", "nope")
    assert (done.code, done.out) == (1, "")
    assert "starter" in done.err
