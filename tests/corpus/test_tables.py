"""An agency's own table becomes a corpus without hand work, or is refused by row and column."""

import json

import pytest
from hypothesis import given, settings

from coding_service.corpus.files import read_corpus, write_corpus
from coding_service.corpus.tables import Columns, TableForm, read_table, table_csv
from coding_service.errors import CorpusError

from .strategies import TREE, corpora

SECRET = "Mother left the child alone"
COLUMNS = Columns("Narrative", codes="Themes", id="IO", group="Review", meta=("Cause",))
SHEET = f"""IO,Review,Narrative,Themes,Cause
1,R-1,"{SECRET}, no crib
in the home",housing; Police,SUID
2,R-1,Nothing found.,,
"""


def sheet(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "export.csv"
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", "|"])
def test_rows_become_narratives_with_codes_by_id_or_name(tmp_path, delimiter):
    path = sheet(tmp_path, SHEET.replace("housing; Police", f"housing{'; ' if delimiter == ',' else delimiter} Police"))
    columns = Columns(
        "Narrative", "Themes", "IO", "Review", meta=("Cause",), separator=";" if delimiter == "," else "|"
    )
    first, second = read_table(path, TableForm.CSV, columns, TREE)
    assert (first.id, first.group, first.codes, first.meta) == ("1", "R-1", ("housing", "police"), {"Cause": "SUID"})
    assert first.text == f"{SECRET}, no crib\nin the home"
    assert (second.codes, second.meta, second.complete) == ((), {}, True)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_semicolons_and_tabs_between_cells_are_recognised_and_a_byte_order_mark_is_dropped(tmp_path, mark):
    content = f"Narrative{mark}Themes\nNo crib, no bed.{mark}housing|family\n"
    path = sheet(tmp_path, content, "utf-8-sig")
    (narrative,) = read_table(path, TableForm.CSV, Columns("Narrative", "Themes", separator="|"), TREE)
    assert (narrative.id, narrative.text, narrative.codes) == ("export-1", "No crib, no bed.", ("housing", "family"))


def test_what_nobody_judged_stays_unknown(tmp_path):
    path = sheet(tmp_path, SHEET)
    assert not read_table(path, TableForm.CSV, Columns("Narrative"), TREE)[0].complete
    assert not read_table(path, TableForm.CSV, Columns("Narrative", "Themes", complete=False), TREE)[0].complete


def test_json_lines_of_another_shape_are_read_too(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [{"body": "No crib.", "labels": ["Housing"], "no": 7}, {"body": "x", "labels": "team;family", "no": 8}]
    path.write_text("\n".join(map(json.dumps, rows)))
    found = read_table(path, TableForm.JSONL, Columns("body", "labels", id="no"), TREE)
    assert [(n.id, n.codes) for n in found] == [("7", ("housing",)), ("8", ("team", "family"))]


REFUSED = {
    "missing column": (SHEET.replace("Themes", "Codes"), "there is no column 'Themes'", "Codes"),
    "column twice": (SHEET.replace("Review,", "Themes,"), "the column 'Themes' stands twice", ""),
    "unknown code": (SHEET.replace("Police", "Polise"), "row 2: 'Polise' in column 'Themes'", "--taxonomy"),
    "a text in the codes column": (SHEET.replace("Police", f"{SECRET} {SECRET} {SECRET} {SECRET}"), "a long text", ""),
    "empty text": (SHEET.replace("Nothing found.", "  "), "row 3: column 'Narrative' is empty", ""),
    "repeated id": (SHEET.replace("\n2,", "\n1,"), "row 3: its id", ""),
    "comma without quotes": (SHEET.replace("found.", "found, nothing, really"), "row 3: it has more cells", "quotes"),
    "no rows": ("IO,Review,Narrative,Themes,Cause\n", "holds no row", ""),
    "nothing": ("", "there is no column 'Narrative'", ""),
    "unclosed quote": (SHEET.replace('home"', "home"), "is not CSV", "CSV (UTF-8)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_row_that_cannot_be_read_is_refused_without_a_word_of_its_text(tmp_path, case):
    content, message, hint = REFUSED[case]
    with pytest.raises(CorpusError) as refused:
        read_table(sheet(tmp_path, content), TableForm.CSV, COLUMNS, TREE)
    assert message in refused.value.message
    assert "export.csv" in refused.value.message
    assert hint in refused.value.hint
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("line", ["[1]", "{", "{}"])
def test_broken_json_lines_are_refused_by_line(tmp_path, line):
    path = tmp_path / "in.jsonl"
    path.write_text(f'{{"body": "x"}}\n\n{line}\n')
    with pytest.raises(CorpusError, match=r"in\.jsonl:3"):
        read_table(path, TableForm.JSONL, Columns("body"), TREE)


def test_a_windows_encoding_is_refused_by_line(tmp_path):
    with pytest.raises(CorpusError, match="line 2: byte 0xeb is not UTF-8"):
        read_table(sheet(tmp_path, "Narrative\nZoë\n", "cp1252"), TableForm.CSV, Columns("Narrative"), TREE)


@settings(max_examples=50, deadline=None)
@given(corpora())
def test_an_exported_sheet_can_be_imported_again(tmp_path_factory, corpus):
    path = tmp_path_factory.mktemp("sheet") / "export.csv"
    path.write_bytes("".join(table_csv(corpus)).encode())
    columns = Columns("text", "codes", id="id", group="group", split="split")
    again = read_table(path, TableForm.CSV, columns, TREE)
    kept = [(n.id.strip(), n.text, n.codes, n.group.strip(), n.split) for n in corpus]
    assert [(n.id, n.text, n.codes, n.group, n.split) for n in again] == kept


def test_an_imported_sheet_is_a_corpus(tmp_path):
    narratives = read_table(sheet(tmp_path, SHEET), TableForm.CSV, COLUMNS, TREE)
    write_corpus(tmp_path / "c.jsonl", narratives)
    assert read_corpus(tmp_path / "c.jsonl", TREE) == narratives
