"""``io-coding suggest``: codes for texts, from the command line."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coding_service.cli.groups import example, single_command
from coding_service.cli.output import BundleOption, Format, FormatOption, print_renderable, print_rows, progress
from coding_service.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from coding_service.services.suggesting import Text

app = single_command()

CHUNK = 64
"""Narratives that are read together."""

LONGEST_QUOTE = 160
"""Characters of a passage that a table shows."""


@app.command(
    epilog=example(
        "$ io-coding suggest 'Power had been shut off since March.'",
        "$ io-coding suggest review.txt --min-probability 0.2",
        "$ io-coding suggest narratives.jsonl --format json > suggestions.jsonl",
        "$ cat lines.txt | io-coding suggest - --lines --format csv",
    )
)
def suggest(  # noqa: PLR0913 - options
    source: Annotated[
        str, typer.Argument(metavar="TEXT|FILE|-", help="A text, a file of text or of JSON Lines, or - for stdin.")
    ],
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Take each line as one narrative.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Read JSON Lines whatever the name; *.jsonl is so anyway.")] = (
        False
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="Most suggestions per narrative.")] = None,
    min_probability: Annotated[
        float | None, typer.Option(min=0, max=1, help="List codes from this probability on; 0 lists all.")
    ] = None,
    bundle: BundleOption = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Suggest codes for a text, with the passages they rest on.

    A file of plain text is one narrative, unless --lines is given. JSON Lines need an id and a text per line, as in
    a corpus file.
    """
    from coding_service.bootstrap import open_shelf
    from coding_service.services.suggesting import Sizes, check_texts
    from coding_service.services.suggesting import suggest as suggest_codes
    from coding_service.settings import Settings
    from coding_service.suggestions import Limits

    settings = Settings()
    texts = _read(source, lines=lines, jsonl=jsonl)
    sizes = Sizes(max_text_bytes=settings.max_text_bytes)
    check_texts(texts, sizes)
    shelf = open_shelf(settings, bundle)
    limits = Limits(limit=limit, min_probability=min_probability)
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    results: Iterable[dict[str, Any]] = (
        result
        for chunk in progress(chunks, "Suggesting")
        for result in suggest_codes(shelf, chunk, sizes=sizes, limits=limits)
    )
    if sys.stdout.isatty():
        results = list(results)  # the progress bar must be gone before a terminal shows data
    if output_format is Format.TABLE:
        _print_tables(texts, results)
    elif output_format is Format.JSON:
        print_rows(results, (), output_format)
    else:
        columns = ["id", "code", "name", "probability", "band", "evidence", "support", "note"]
        print_rows(_flat(results), columns, output_format)


def _read(source: str, *, lines: bool, jsonl: bool) -> "list[Text]":
    from coding_service.corpus.files import read_corpus, read_plain
    from coding_service.services.suggesting import Text

    if source != "-" and not _is_file(source):
        _refuse_misspelt(source)
        if not lines:
            return [Text("0", source)]
        return [Text(str(number), line) for number, line in enumerate(source.splitlines(), 1) if line.strip()]
    if jsonl or source.endswith(".jsonl"):
        narratives = read_corpus(source, coded=False)
    else:
        narratives = read_plain(source, lines=lines)
    return [Text(narrative.id, narrative.text) for narrative in narratives]


def _is_file(source: str) -> bool:
    try:
        return bool(source) and Path(source).exists()
    except OSError:  # a text is too long for a name
        return False


def _refuse_misspelt(source: str) -> None:
    """Refuse an argument that was meant as a file, or that is no text."""
    looks_like_path = "/" in source or Path(source[:LONGEST_QUOTE]).suffix
    if looks_like_path and not any(map(str.isspace, source)):
        raise NotFoundError(f"There is no file {source!r}.", hint="Check the path; a text is more than one word.")
    try:
        source.encode()
    except UnicodeEncodeError:
        raise InputError("The text is not UTF-8.", hint="Save it as UTF-8 in a file, and name the file.") from None


def _flat(results: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give one row per suggestion, evidence as ``start-end``."""
    for result in results:
        for suggestion in result["suggestions"]:
            spans = [f"{span['start']}-{span['end']}" for span in suggestion["evidence"]]
            yield {**suggestion, "id": result["id"], "evidence": spans}


def _print_tables(texts: "Sequence[Text]", results: Iterable[Mapping[str, Any]]) -> None:
    for text, result in zip(texts, results, strict=True):
        if len(texts) > 1:
            typer.secho(result["id"], bold=True)
        if result["suggestions"]:
            print_renderable(_table(text.text, result["suggestions"]))
        else:
            typer.echo("No code is near its threshold.")
        if len(texts) > 1:
            typer.echo()


def _table(text: str, suggestions: Iterable[Mapping[str, Any]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Styled

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("probability", justify="right", no_wrap=True)
    table.add_column("band", no_wrap=True)
    table.add_column("code", overflow="fold")
    table.add_column("evidence", overflow="fold")
    for suggestion in suggestions:
        style = "bold" if suggestion["band"] == "suggested" else ""
        code = Styled(suggestion["name"], style).append(f"\n{suggestion['code']}", "dim not bold")
        if suggestion["note"]:
            code.append(f"\n{suggestion['note']}", "italic not bold")
        quotes = "\n".join(_quote(text, span) for span in suggestion["evidence"])
        probability = Styled(f"{suggestion['probability']:.2f}", style)
        table.add_row(probability, Styled(suggestion["band"]), code, Styled(quotes))
    return table


def _quote(text: str, span: Mapping[str, Any]) -> str:
    quote = " ".join(text[span["start"] : span["end"]].split())
    return quote if len(quote) <= LONGEST_QUOTE else quote[:LONGEST_QUOTE].rstrip() + " ..."
