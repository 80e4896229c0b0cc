"""``io-coding retrain``: from what people verified to a promoted bundle, in one go."""

from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from coding_service.cli.bundles import tell_report
from coding_service.cli.groups import example, single_command
from coding_service.cli.output import Format, FormatOption, print_rows, say
from coding_service.cli.status import status

app = single_command()

EXIT_CODES = {
    "promoted": 0,
    "passed": 0,
    "unchanged": 0,
    "refused": 3,
    "too few": 4,
    "already running": 5,
    "taken back": 6,
}
"""Outcome -> exit code; whatever fails exits with 1."""
TOLD = {
    "promoted": "Bundle {bundle!r} passed the gate and is promoted.",
    "passed": "Bundle {bundle!r} passed the gate; `io-coding bundles promote {bundle}{pointer}` promotes it.",
    "unchanged": "Bundle {bundle!r}, made of the same narratives, is being served already.",
    "refused": "The gate refused bundle {bundle!r}.",
    "too few": "There are too few blind reviews to judge bundle {bundle!r}.",
    "taken back": "Bundle {bundle!r}, made of the same narratives, was rolled back and stays so; "
    "`io-coding bundles promote {bundle}{pointer}` promotes it again.",
    "already running": "Another training is at work; nothing was done.",
}


@app.command(
    epilog=example(
        "$ io-coding retrain",
        "$ io-coding retrain --jurisdiction north --no-promote --format json",
        "0 3 1 * * io-coding retrain  # in a crontab: on the first of each month",
    )
)
def retrain(
    *,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How to train; by default the recipe `starter`: heads alone.")
    ] = None,
    jurisdiction: Annotated[
        str, typer.Option("--jurisdiction", metavar="NAME", help="Train on this one's narratives, for this one.")
    ] = "",
    promote: Annotated[bool, typer.Option("--promote/--no-promote", help="Promote it if it passes.")] = True,
    rank: Annotated[bool, typer.Option("--rank/--no-rank", help="Put the queue in order by a promoted bundle.")] = True,
    name: Annotated[str, typer.Option(help="Name of the bundle; by default recipe, day and fingerprint.")] = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Train on what people verified, put the bundle before the gate, promote it if it passes, and rank the queue.

    Safe to run from cron: one at a time in a store, and a crash gives the way free within five minutes. Exits with 0
    if the bundle was promoted, or passed with --no-promote, or is being served already; 3 if the gate refused it; 4 if
    there are too few blind reviews to tell; 5 if another training is at work; 6 if it is a bundle that was rolled back;
    1 if anything failed.
    """
    from coding_service.bootstrap import own_shelf, require_store
    from coding_service.paths import data_root
    from coding_service.services.active_choice import Mix
    from coding_service.services.ranking import rank_queue
    from coding_service.services.retraining import Retraining, Workshop
    from coding_service.services.retraining import retrain as retrain_once
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    settings = Settings()
    store = require_store(settings)
    scope = scope_of(store, jurisdiction)

    def rank_all(bundle: Any) -> None:
        rank_queue(store, scope, bundle, Mix.of(settings))

    workshop = Workshop(store, own_shelf(settings), settings.bundles, settings.cache, rank_all if rank else None)
    recipe = recipe or data_root() / "training" / "recipes" / "starter.yaml"
    with status() as step:
        result = retrain_once(workshop, Retraining(recipe, scope, promote=promote, name=name), step=step)
    if output_format is Format.JSON:
        print_rows([result], (), output_format)
    elif result.get("report"):
        tell_report(result["report"], output_format)
    pointer = f" --jurisdiction {quote(jurisdiction)}" if jurisdiction else ""
    say(TOLD[result["outcome"]].format(bundle=result.get("bundle"), pointer=pointer))
    raise typer.Exit(EXIT_CODES[result["outcome"]])
