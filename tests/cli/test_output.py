"""Shared input and output of the commands."""

import csv
import io
import json
import sys

import pytest

from coding_service.cli.output import Format, print_rows, progress, read_input, write_output
from coding_service.errors import InputError, NotFoundError

ROWS = [
    {"code": "a[b]", "probability": 0.123456, "codes": ("x", "y"), "present": True, "hidden": 1},
    {"code": "née", "probability": None, "codes": (), "present": False, "hidden": 2},
]
COLUMNS = {"code": "Code", "probability": "P", "codes": "Codes", "present": "Present"}


def test_json_is_one_whole_object_a_line(capsys):
    """Guarantee: JSON keeps every key and the full precision."""
    print_rows(iter(ROWS), COLUMNS, Format.JSON)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{**row, "codes": list(row["codes"])} for row in ROWS]
    assert "née" in lines[1]


def test_what_was_not_measured_is_null_in_json(capsys):
    print_rows([{"auc": float("nan"), "rows": [{"f1": float("nan")}]}], ["auc"], Format.JSON)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"auc": None, "rows": [{"f1": None}]}


def test_output_that_names_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        write_output("text", tmp_path)
    assert not list(tmp_path.iterdir())


def test_csv_has_the_columns_and_full_precision(capsys):
    print_rows(iter(ROWS), COLUMNS, Format.CSV)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows == [
        {"code": "a[b]", "probability": "0.123456", "codes": "x; y", "present": "true"},
        {"code": "née", "probability": "", "codes": "", "present": "false"},
    ]


def test_table_shows_headings_and_takes_brackets_literally(capsys):
    print_rows(iter(ROWS), COLUMNS, Format.TABLE)
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines() if line.startswith(("Code", "a[b]", "née"))] == [
        ["Code", "P", "Codes", "Present"],
        ["a[b]", "0.123", "x;", "y", "yes"],
        ["née", "no"],
    ]


def test_table_is_not_cut_where_there_is_no_terminal(capsys):
    print_rows([{"a": "w" * 300, "b": "end"}], ["a", "b"], Format.TABLE)
    assert "w" * 300 + "   end" in capsys.readouterr().out


@pytest.mark.parametrize("output_format", Format)
def test_no_rows_is_no_error(output_format, capsys):
    print_rows([], ["a"], output_format)
    assert not capsys.readouterr().err


def test_read_input_drops_the_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffné".encode())
    assert read_input(str(tmp_path / "a.txt")) == "né"


def test_read_input_reads_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("né\n".encode())))
    assert read_input("-") == "né\n"


def test_read_input_names_what_is_missing(tmp_path):
    with pytest.raises(NotFoundError, match=r"There is no file '.*none\.txt'"):
        read_input(str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match="is a folder, expected a file"):
        read_input(str(tmp_path))


def test_wrong_encoding_names_the_line_and_not_the_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"first\nsecret \xe9t\xe9\n")
    with pytest.raises(InputError, match=r"line 2: byte 0xe9 is not UTF-8") as caught:
        read_input(str(tmp_path / "a.txt"))
    assert "secret" not in str(caught.value)


def test_write_output_replaces_a_file_whole(tmp_path, capsys):
    """Guarantee: the file is there complete, nothing else is left beside it, and standard output stays clean."""
    target = tmp_path / "out.txt"
    target.write_text("old")
    write_output("né\n", target)
    assert target.read_text(encoding="utf-8") == "né\n"
    assert list(tmp_path.iterdir()) == [target]
    assert capsys.readouterr().out == ""


def test_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_output("\udc80", target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_write_to_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_output("x", tmp_path / "none" / "out.txt")


def test_progress_is_silent_without_a_terminal(capsys):
    assert list(progress(range(3), "Counting")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_progress_shows_a_bar_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(range(3), "Counting")) == [0, 1, 2]
    assert "Counting" in terminal.getvalue()
