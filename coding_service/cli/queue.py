"""``io-coding queue``: what waits to be coded and why, and the ranking that puts it in order."""

from typing import Annotated

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import BundleOption, Format, FormatOption, print_rows, progress, say

app = command_group("Show what waits to be coded and why, and put it in order.")

JurisdictionOption = Annotated[
    str, typer.Option("--jurisdiction", metavar="NAME", help="Whose narratives; by default those of all.")
]
STATS = {
    "task": "waits for",
    "chosen_by": "chosen by",
    "narratives": "narratives",
    "share": "share",
    "target": "target",
}
ITEMS = ["task", "reason", "priority", "blind", "jurisdiction", "review", "narrative"]
RANKING = ["jurisdiction", "waiting", "random", "rare", "uncertain", "diverse", "evaluation"]


@app.callback(
    invoke_without_command=True,
    no_args_is_help=False,
    epilog=example("$ io-coding queue --limit 5", "$ io-coding queue --stats --jurisdiction north"),
)
def queue(
    context: typer.Context,
    *,
    stats: Annotated[
        bool, typer.Option("--stats", help="Count narratives by what chose them, beside the shares of the settings.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most narratives to list.")] = 20,
    jurisdiction: JurisdictionOption = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """List what waits, the most urgent first: what for, and why it stands where it does."""
    if context.invoked_subcommand is not None:
        return
    from coding_service.bootstrap import require_store
    from coding_service.services.active_choice import Mix
    from coding_service.services.queue import list_waiting, queue_stats
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    settings = Settings()
    store = require_store(settings)
    scope = scope_of(store, jurisdiction)
    if stats:
        print_rows(queue_stats(store, scope, Mix.of(settings)), STATS, output_format)
    else:
        print_rows(list_waiting(store, scope, limit=limit), ITEMS, output_format)


@app.command(epilog=example("$ io-coding queue rank", "$ io-coding queue rank --jurisdiction north --format json"))
def rank(
    *,
    bundle: BundleOption = "",
    jurisdiction: JurisdictionOption = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Read what waits for a first coding with a bundle, and put first what is worth most to learn from.

    By the shares of the settings: narratives drawn at random, those that may hold rare codes, those that the bundle is
    in doubt about, and those unlike all others. Blind reviews kept for evaluation keep a random order.
    """
    from coding_service.bootstrap import open_shelf, require_store
    from coding_service.services.active_choice import Mix
    from coding_service.services.ranking import rank_queue
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    settings = Settings()
    store = require_store(settings)
    reading = open_shelf(settings, bundle).get()
    rows = rank_queue(
        store,
        scope_of(store, jurisdiction),
        reading,
        Mix.of(settings),
        watch=lambda items: progress(items, "Reading"),
    )
    print_rows(rows, RANKING, output_format)
    say(f"Ranked by bundle {reading.id!r}.")
