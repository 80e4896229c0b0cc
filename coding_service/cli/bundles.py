"""``io-coding bundles``: which trained suggesters there are, and how good they are."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import Format, FormatOption, print_rows, say

app = command_group("List and show trained bundles.")


@app.command("list", epilog=example("$ io-coding bundles list", "$ io-coding bundles list --format json"))
def list_(*, output_format: FormatOption = Format.TABLE) -> None:
    """List the bundles; the current one answers where none is named, F1 is cross-validated."""
    from coding_service.bootstrap import open_shelf
    from coding_service.services.bundles import list_bundles
    from coding_service.settings import Settings

    rows = list_bundles(open_shelf(Settings()))
    if output_format is not Format.JSON:
        rows = [row | {"taxonomy": " ".join((row["taxonomy"] or {}).values())} for row in rows]
    if not rows:
        say("There is no bundle yet; `io-coding train` makes one.")
    if rows or output_format is not Format.TABLE:
        columns = ["id", "current", "suggester", "taxonomy", "trained_at", "micro_f1", "macro_f1", "problem"]
        print_rows(rows, columns, output_format)


@app.command(epilog=example("$ io-coding bundles show starter", "$ io-coding bundles show starter --format json"))
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or folder of a bundle.")],
    *,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show what a bundle was trained by and on, and how well it does."""
    from coding_service.bootstrap import open_shelf
    from coding_service.services.bundles import describe_bundle
    from coding_service.settings import Settings

    shelf = open_shelf(Settings(), name)
    bundle = describe_bundle(shelf, shelf.default)
    bundle["current"] = bundle["current"] and shelf.default == Settings().bundle
    if output_format is Format.JSON:
        print_rows([bundle], (), output_format)
    else:
        print_rows(_flat(bundle), ["key", "value"], output_format)


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[dict[str, Any]]:
    """Give nested content as rows, each key with those above it."""
    for key, value in content.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        elif value not in (None, "", [], {}):
            yield {"key": name, "value": value}
