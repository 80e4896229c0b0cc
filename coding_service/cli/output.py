"""What every command shares: its common options, reading input, and rendering rows and progress.

Data goes to standard output, talk to standard error.
"""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from coding_service.text_file import decode, read_text, write_text

Item = TypeVar("Item")

Row = Mapping[str, Any]

DEFAULT_TAXONOMY = "io-themes"


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="Print a table, JSON (one object a line) or CSV.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output.")
]
BundleOption = Annotated[
    str, typer.Option("--bundle", metavar="BUNDLE", help="Name or folder of a bundle; by default the one being served.")
]
TaxonomyOption = Annotated[
    str, typer.Option("--taxonomy", metavar="ID|FILE", help="Id of a taxonomy, or a taxonomy file of your own.")
]


def read_input(source: str) -> str:
    """Read a text named on the command line.

    Parameters
    ----------
    source : str
        Path of a UTF-8 file, or ``-`` for standard input.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it is a folder, cannot be read or is not UTF-8.
    """
    if source == "-":
        return decode(sys.stdin.buffer.read(), "standard input")
    return read_text(Path(source))


def write_output(text: str, output: Path | None) -> None:
    """Write a whole text to standard output, or to a file that appears only when it is complete.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
    else:
        write_text(output, text)
        typer.echo(f"Wrote {output}", err=True)


def say(message: str) -> None:
    """Tell the user something on standard error, away from the data."""
    typer.echo(message, err=True)


def print_rows(rows: Iterable[Row], columns: Mapping[str, str] | Sequence[str], output_format: Format) -> None:
    """Print rows to standard output.

    Parameters
    ----------
    rows : iterable of mapping
        The rows; JSON prints all of their keys, as they come.
    columns : mapping of str to str, or sequence of str
        Keys that table and CSV show, in order; a mapping gives them headings for the table.
    output_format : Format
        JSON and CSV are printed row by row, a table once all rows have come.
    """
    if output_format is Format.JSON:
        for row in rows:
            typer.echo(json.dumps(_known(row), ensure_ascii=False, default=str, allow_nan=False))
    elif output_format is Format.CSV:
        writer = csv.DictWriter(sys.stdout, list(columns), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(row.get(key)) for key in columns} for row in rows)
    else:
        headings = columns if isinstance(columns, Mapping) else {key: key.replace("_", " ") for key in columns}
        _print_table(rows, headings)
    sys.stdout.flush()


def _known(value: Any) -> Any:
    """Give null for what could not be measured: JSON knows no NaN."""
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _cell(value: Any) -> Any:
    """Flatten a value for CSV; numbers keep their full precision, and a lone carriage return cannot end a row."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "; ".join(str(_cell(item)) for item in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    return value


def _print_table(rows: Iterable[Row], headings: Mapping[str, str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = list(rows)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for key, heading in headings.items():
        numeric = all(isinstance(row.get(key), int | float | None) for row in shown)
        table.add_column(heading, justify="right" if numeric and shown else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(_short(row.get(key))) for key in headings))
    print_renderable(table)


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(_cell(value))


def print_renderable(renderable: Any) -> None:
    """Print a Rich table or tree: as wide as the terminal, or as wide as it is where there is none."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=1000)
    with console.capture() as capture:
        console.print(renderable)
    lines = capture.get().splitlines()
    typer.echo("\n".join(line.rstrip() for line in lines))


def progress(items: Iterable[Item], description: str, *, total: int | None = None) -> Iterator[Item]:
    """Pass items on while a bar on standard error shows how far they are; without a terminal it stays silent.

    Parameters
    ----------
    items : iterable
        The work.
    description : str
        What is being done, such as ``Encoding``.
    total : int or None
        Number of items, where ``items`` has no length.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description, total=total, console=Console(stderr=True), transient=True)
