"""Turns an agency's own spreadsheet or JSON Lines into a corpus, and a corpus into a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NoReturn

from coding_service.corpus.files import SPLITS, as_record, read_content, source_name
from coding_service.corpus.narrative import CodedNarrative
from coding_service.errors import CorpusError
from coding_service.taxonomy import Taxonomy

_DELIMITERS: Final = ",;\t"
_LARGEST_CELL: Final = 10_000_000
"""Characters; the csv module stops at 131,072 unless told."""


class TableForm(StrEnum):
    """How a table is written down."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Columns:
    """Where a table keeps what a narrative needs.

    Parameters
    ----------
    text : str
        Column of the text.
    codes : str
        Column of the codes, ids or names; empty where nobody has coded.
    id, group, split : str
        Columns of the id, the review and the split; empty where there is none.
    meta : tuple of str
        Columns to keep in ``meta``, under their own names.
    separator : str
        What stands between two codes of a cell.
    complete : bool
        Whether a code that a row does not list was judged absent.
    """

    text: str
    codes: str = ""
    id: str = ""
    group: str = ""
    split: str = ""
    meta: tuple[str, ...] = ()
    separator: str = ";"
    complete: bool = True

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that must be there."""
        return tuple(filter(None, (self.text, self.codes, self.id, self.group, self.split, *self.meta)))


def read_table(path: Path | str, form: TableForm, columns: Columns, taxonomy: Taxonomy) -> list[CodedNarrative]:
    """Read the rows of a table as narratives.

    Parameters
    ----------
    path : Path or str
        A UTF-8 file; ``-`` is standard input. A CSV file may be separated by commas, semicolons or tabs.
    form : TableForm
        How it is written down.
    columns : Columns
        Where it keeps what.
    taxonomy : Taxonomy
        Its ids, or its names in any case, are what the codes column may hold.

    Returns
    -------
    list of CodedNarrative
        One per row; a row without an id is named after the file and its place.

    Raises
    ------
    CorpusError
        If a column is missing, a text is empty, a code is unknown or an id stands twice; names file and row.
    NotFoundError
        If there is no such file.
    """
    content, name = read_content(path), source_name(path)
    rows = _csv_rows(name, content, columns) if form is TableForm.CSV else _json_rows(name, content)
    ids_of = _ids_by_name(taxonomy)
    narratives: dict[str, CodedNarrative] = {}
    for number, (where, row) in enumerate(rows, 1):
        narrative = _narrative(where, row, columns, ids_of, f"{Path(name).stem}-{number}")
        if narrative.id in narratives:
            _refuse(where, "its id is that of an earlier row", "Give each row its own id.")
        narratives[narrative.id] = narrative
    if not narratives:
        raise CorpusError(f"{name}: holds no row.", hint="Give a file with at least one narrative.")
    return list(narratives.values())


def table_csv(narratives: Sequence[CodedNarrative]) -> Iterator[str]:
    """Give narratives as lines of a CSV file, one column per key of ``meta``; codes are separated by semicolons.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The corpus.

    Yields
    ------
    str
        The header, then one row per narrative, line ends included; a text with line breaks is quoted.
    """
    meta = sorted({key for narrative in narratives for key in narrative.meta})
    fields = [
        "id",
        "text",
        "codes",
        "unknown",
        "complete",
        "group",
        "split",
        "evidence",
        *(f"meta.{key}" for key in meta),
    ]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, fields, lineterminator="\r\n", restval="")
    writer.writeheader()
    for narrative in narratives:
        record = as_record(narrative)
        writer.writerow(
            {
                **{key: _cell(record[key]) for key in fields if key in record},
                "complete": _cell(narrative.complete),
                **{f"meta.{key}": _cell(value) for key, value in narrative.meta.items()},
            }
        )
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    return json.dumps(value, ensure_ascii=False)


def _refuse(where: str, problem: str, hint: str = "Correct the row.") -> NoReturn:
    raise CorpusError(f"{where}: {problem}.", hint=hint)


def _csv_rows(name: str, content: str, columns: Columns) -> Iterator[tuple[str, Mapping[str, Any]]]:
    csv.field_size_limit(_LARGEST_CELL)
    readers = [csv.DictReader(io.StringIO(content, newline=""), delimiter=mark, strict=True) for mark in _DELIMITERS]
    try:
        reader = max(readers, key=lambda reader: columns.text in (reader.fieldnames or ()))
        found = reader.fieldnames or ()
        for column in columns.named:
            if column not in found:
                _refuse(name, f"there is no column {column!r}", f"Its columns are: {', '.join(found) or 'none'}.")
            if list(found).count(column) > 1:
                _refuse(name, f"the column {column!r} stands twice", "Keep one of them.")
        for number, row in enumerate(reader, 2):
            if None in row:
                _refuse(f"{name}, row {number}", "it has more cells than there are columns", "Put the text in quotes.")
            yield f"{name}, row {number}", row
    except csv.Error as error:
        raise CorpusError(f"{name}: is not CSV: {error}.", hint="Save the sheet as CSV (UTF-8).") from error


def _json_rows(name: str, content: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{name}:{number}: is not JSON.", hint="Write one JSON object a line.") from error
            if not isinstance(row, dict):
                _refuse(f"{name}:{number}", "expected a JSON object", "Write one JSON object a line.")
            yield f"{name}:{number}", row


def _ids_by_name(taxonomy: Taxonomy) -> dict[str, str]:
    """Every way to write a code: its id, or its name where only one code has it."""
    names = [taxonomy.nodes[code].name.casefold() for code in taxonomy.code_ids]
    by_name = {name: code for name, code in zip(names, taxonomy.code_ids, strict=True) if names.count(name) == 1}
    return {**by_name, **{code: code for code in taxonomy.code_ids}}


def _narrative(
    where: str, row: Mapping[str, Any], columns: Columns, ids_of: Mapping[str, str], default_id: str
) -> CodedNarrative:
    text = row.get(columns.text)
    if not isinstance(text, str) or not text.strip():
        _refuse(where, f"column {columns.text!r} is empty")
    split = _value(row, columns.split)
    if split and split not in SPLITS:
        _refuse(where, f"column {columns.split!r} holds no split", 'Write "train", "dev", "test" or nothing.')
    return CodedNarrative(
        id=_value(row, columns.id) or default_id,
        text=text,
        codes=tuple(dict.fromkeys(_codes(where, row, columns, ids_of))),
        group=_value(row, columns.group),
        split=split,
        complete=columns.complete and bool(columns.codes),
        meta={key: row[key] for key in columns.meta if row.get(key) not in (None, "")},
    )


def _value(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column) if column else None
    return "" if value is None else str(value).strip()


def _codes(where: str, row: Mapping[str, Any], columns: Columns, ids_of: Mapping[str, str]) -> Iterable[str]:
    told = row.get(columns.codes) if columns.codes else None
    parts = told if isinstance(told, list) else str(told or "").split(columns.separator)
    for part in map(str.strip, map(str, parts)):
        if part:
            code = ids_of.get(part) or ids_of.get(part.casefold())
            if code is None:
                shown = part if len(part) <= 80 else "a long text"  # noqa: PLR2004 an id is shorter, a narrative longer
                _refuse(
                    where,
                    f"{shown!r} in column {columns.codes!r} is neither an id nor the name of one code",
                    "Correct it, or name the right taxonomy with --taxonomy.",
                )
            yield code
