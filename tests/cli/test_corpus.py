"""``io-coding corpus`` checks, counts, splits, imports and exports; data on stdout, talk on stderr, 1 where it fails."""

import csv
import io
import json

import pytest

from coding_service.corpus.files import read_corpus

SECRET = "Mother slept on the couch with the baby"
LINES = [
    {
        "id": f"n{row}",
        "text": f"{SECRET}{row}; crib{row} at{row} shelter{row}.",
        "codes": ["family.safe_sleep"] if row % 2 else [],
        "unknown": [],
        "evidence": {"family.safe_sleep": f"couch with the baby{row}"} if row % 2 else {},
        "group": f"r{row // 2}",
        "meta": {"cause": "suid", "pair": "one"},
        "reader": "R2",
    }
    for row in range(20)
]


@pytest.fixture
def corpus(tmp_path):
    """A sound corpus of twenty narratives that form one pair, so that they may be alike."""
    return write(tmp_path / "corpus.jsonl", LINES)


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_check_of_a_sound_corpus_exits_with_0_and_tells_the_figures_on_stderr(cli, corpus):
    result = cli("corpus", "check", corpus)
    assert (result.code, result.out) == (0, "")
    assert "20 narratives in 1 groups" in result.err
    assert "0 broken" in result.err


def test_check_names_every_broken_thing_and_exits_with_1(cli, tmp_path):
    lines = [LINES[0] | {"codes": ["nowhere"]}, LINES[1] | {"evidence": {"family.safe_sleep": "not there"}}]
    path = write(tmp_path / "c.jsonl", lines)
    result = cli("corpus", "check", path, "--format", "json")
    assert result.code == 1
    findings = [json.loads(line) for line in result.out.splitlines()]
    assert [(finding["level"], finding["rule"]) for finding in findings] == [("broken", "format"), ("broken", "ids")]
    assert f"{path}:2" in findings[0]["message"]
    assert SECRET not in result.out + result.err


def test_check_fails_under_the_minimums_that_are_asked_for(cli, corpus):
    assert cli("corpus", "check", corpus, "--min-positives", "40").code == 1
    assert cli("corpus", "check", corpus, "--min-counters", "15").code == 1


def test_a_warning_fails_the_strict_check_only(cli, tmp_path):
    twice = [LINES[0] | {"meta": {}}, LINES[0] | {"id": "again", "meta": {}}]
    path = write(tmp_path / "c.jsonl", twice)
    assert cli("corpus", "check", path).code == 0
    result = cli("corpus", "check", path, "--strict", "--format", "csv")
    assert result.code == 1
    assert next(csv.DictReader(io.StringIO(result.out)))["narratives"] == "n0; again"


def test_check_per_code_prints_positives_and_counter_examples_of_every_code(cli, corpus):
    rows = [
        json.loads(line) for line in cli("corpus", "check", corpus, "--per-code", "--format", "json").out.splitlines()
    ]
    assert len(rows) == 36
    (safe_sleep,) = [row for row in rows if row["code"] == "family.safe_sleep"]
    assert (safe_sleep["positives"], safe_sleep["counters"]) == (10, 0)


def test_stats_come_as_a_table_as_rows_per_code_and_as_one_object(cli, corpus):
    table = cli("corpus", "stats", corpus)
    assert table.code == 0
    assert "causes: suid" in table.out
    assert "family.safe_sleep" in table.out
    rows = {
        row["code"]: row for row in csv.DictReader(io.StringIO(cli("corpus", "stats", corpus, "--format", "csv").out))
    }
    assert rows["family.safe_sleep"]["positives"] == "10"
    whole = json.loads(cli("corpus", "stats", corpus, "--format", "json").out)
    assert (whole["narratives"], whole["causes"], len(whole["codes"])) == (20, {"suid": 20}, 36)


def test_split_writes_a_corpus_whose_groups_stand_in_one_split_each(cli, tmp_path):
    lines = [
        line | {"text": f"{row} {row}0 {row}00 {row}000", "evidence": {}, "meta": {}}
        for row, line in enumerate(LINES, 1)
    ]
    path, output = write(tmp_path / "c.jsonl", lines), tmp_path / "split.jsonl"
    result = cli("corpus", "split", path, "--train", 0.6, "--dev", 0.2, "--test", 0.2, "--output", output)
    assert (result.code, result.out) == (0, "")
    assert "train 12, dev 4, test 4" in result.err
    narratives = read_corpus(output)
    assert len({(narrative.group, narrative.split) for narrative in narratives}) == 10
    assert {narrative.extra["reader"] for narrative in narratives} == {"R2"}
    piped = cli("corpus", "split", path, "--train", 0.6, "--dev", 0.2, "--test", 0.2)
    assert piped.out == output.read_text()


def test_shares_that_do_not_sum_to_one_are_refused(cli, corpus):
    result = cli("corpus", "split", corpus, "--train", 0.5)
    assert result.code == 1
    assert "sum to 1" in result.err


def test_an_agency_imports_its_own_sheet_and_exports_it_again(cli, tmp_path):
    sheet = tmp_path / "reviews.csv"
    sheet.write_text(
        "No,Review,Narrative,Themes,Cause,County\n"
        '1,R1,"Crib at the old apartment,\nbaby on couch",safe sleep; Documentation,SUID,Adams\n'
        "2,R1,Nothing found.,,SUID,\n"
    )
    output = tmp_path / "reviews.jsonl"
    columns = [
        "--text-column",
        "Narrative",
        "--codes-column",
        "Themes",
        "--id-column",
        "No",
        "--group-column",
        "Review",
    ]
    columns += ["--meta-column", "Cause", "--meta-column", "County"]
    taxonomy = tmp_path / "themes.yaml"
    taxonomy.write_text(
        "id: themes\nversion: 1.0.0\ntitle: Themes\ncodes:\n  - id: A1\n    name: Safe Sleep\n  - id: B2\n    name: Documentation\n"
    )
    result = cli("corpus", "import", sheet, *columns, "--taxonomy", taxonomy, "--output", output)
    assert result.code == 0, result.err
    assert "2 narratives, 1 of them with codes." in result.err
    first, second = read_corpus(output)
    assert (first.id, first.group, first.codes, first.meta) == (
        "1",
        "R1",
        ("A1", "B2"),
        {"Cause": "SUID", "County": "Adams"},
    )
    assert (second.codes, second.complete) == ((), True)
    exported = cli("corpus", "export", output, "--to", "csv")
    rows = list(csv.DictReader(io.StringIO(exported.out, newline="")))
    assert [row["text"] for row in rows] == [first.text, second.text]
    assert [row["codes"] for row in rows] == ["A1;B2", ""]


def test_export_to_json_lines_gives_all_evidence_as_offsets(cli, corpus):
    line = json.loads(cli("corpus", "export", corpus, "--to", "jsonl").out.splitlines()[1])
    ((start, end),) = line["evidence"]["family.safe_sleep"]
    assert line["text"][start:end] == "couch with the baby1"


@pytest.mark.parametrize("command", ["check", "stats", "split", "export"])
def test_a_missing_file_is_told_in_one_line_on_stderr(cli, tmp_path, command):
    result = cli("corpus", command, tmp_path / "no.jsonl")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: There is no file")


def test_a_wrong_offset_stops_every_reader_by_file_and_line(cli, tmp_path):
    path = write(tmp_path / "c.jsonl", [LINES[0] | {"evidence": {"family.safe_sleep": [[0, 9999]]}}])
    result = cli("corpus", "stats", path)
    assert result.code == 1
    assert f"{path}:1" in result.err
    assert SECRET not in result.err
