"""``io-coding bundles``: which trained suggesters there are, how good they are, and which of them is served."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import Format, FormatOption, print_rows, say
from coding_service.cli.status import status
from coding_service.errors import GateRefusedError

app = command_group("List and show trained bundles, and say which is served.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a bundle.")]
PointerOption = Annotated[
    str, typer.Option("--jurisdiction", metavar="NAME", help="The one that is to be served it; by default all.")
]
GATE = {
    "check": "check",
    "subject": "of",
    "support": "support",
    "candidate": "candidate",
    "baseline": "served now",
    "difference": "difference",
    "low": "low",
    "high": "high",
    "p_holm": "p worse (Holm)",
    "bar": "bar",
    "passed": "passed",
}
"""Columns in which a gate tells what it looked at."""


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
    bundle["current"] = shelf.default == open_shelf(Settings()).default
    if output_format is Format.JSON:
        print_rows([bundle], (), output_format)
    else:
        print_rows(_flat(bundle), ["key", "value"], output_format)


@app.command(
    epilog=example(
        "$ io-coding bundles promote starter-20260301-5b1f3a0c",
        "$ io-coding bundles promote ours --jurisdiction north --force --reason 'First bundle; no blind gold yet.'",
    )
)
def promote(
    name: NameArgument,
    *,
    jurisdiction: PointerOption = "",
    force: Annotated[bool, typer.Option("--force", help="Promote it though the gate refuses or cannot tell.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with the promotion, and needed with --force.")] = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Let a bundle be served from now on, if it passes the gate; running servers take it up within seconds.

    The gate compares it with the bundle being served, on the blind reviews that never train. What it looked at is
    printed, and kept with the promotion.
    """
    from coding_service.bootstrap import own_shelf, require_store
    from coding_service.services.examination import Petition
    from coding_service.services.promotion import promote as promote_bundle
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    settings = Settings()
    store = require_store(settings)
    pointer = scope_of(store, jurisdiction).jurisdiction_id
    try:
        with status() as step:
            petition = Petition(name, pointer, force=force, reason=reason)
            done = promote_bundle(store, own_shelf(settings), petition, step=step)
    except GateRefusedError as error:
        tell_report(error.report, output_format)
        raise
    tell_report(done["report"], output_format)
    since = "was promoted before" if done["sequence"] is None else "is promoted"
    say(f"Bundle {name!r} {since} for {jurisdiction or 'all'}{', by force' if done['forced'] else ''}.")


@app.command(epilog=example("$ io-coding bundles rollback --reason 'Misses housing.'"))
def rollback(
    *,
    jurisdiction: PointerOption = "",
    reason: Annotated[str, typer.Option(help="Why; kept with the rollback.")] = "",
) -> None:
    """Take the last promotion back: the bundle from before is served again."""
    from coding_service.bootstrap import own_shelf, require_store
    from coding_service.services.examination import Petition
    from coding_service.services.promotion import rollback as roll_back
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    settings = Settings()
    store = require_store(settings)
    petition = Petition("", scope_of(store, jurisdiction).jurisdiction_id, reason=reason)
    done = roll_back(store, own_shelf(settings), petition)
    again = repr(done["bundle"]) if done["bundle"] else "what is served without a promotion"
    say(f"Took {done['before']!r} back for {jurisdiction or 'all'}; now it is {again}.")


@app.command(
    "opt-in", epilog=example("$ io-coding bundles opt-in north", "$ io-coding bundles opt-in north --withdraw")
)
def opt_in(
    jurisdiction: Annotated[str, typer.Argument(metavar="JURISDICTION", help="Name of a jurisdiction.")],
    *,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
) -> None:
    """Let bundles that learned from a jurisdiction's narratives be served to others, too."""
    from coding_service.bootstrap import require_store
    from coding_service.services.sharing import set_opt_in
    from coding_service.settings import Settings

    set_opt_in(require_store(Settings()), jurisdiction, opted_in=not withdraw)
    say(f"Bundles that learned from {jurisdiction!r} may {'not ' if withdraw else ''}be served to others.")


def tell_report(report: Mapping[str, Any], output_format: Format) -> None:
    """Print what a gate looked at: the rows, or everything as one JSON object."""
    if output_format is Format.JSON:
        print_rows([report], (), output_format)
    else:
        print_rows(report["rows"], GATE, output_format)


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[dict[str, Any]]:
    """Give nested content as rows, each key with those above it."""
    for key, value in content.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        elif value not in (None, "", [], {}):
            yield {"key": name, "value": value}
