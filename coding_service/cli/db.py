"""``io-coding db``: bring the store's schema up to date, examine it, back it up."""

from pathlib import Path
from typing import Annotated

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import Format, FormatOption, print_rows, say

app = command_group("Bring the store up to date, check it, back it up.")

DatabaseOption = Annotated[
    str,
    typer.Option("--database", metavar="URL", help="URL of the store; by default that of CODING_SERVICE_DATABASE."),
]


@app.command(epilog=example("$ io-coding db upgrade", "The store went from empty to 0001."))
def upgrade(*, database: DatabaseOption = "") -> None:
    """Bring the schema of the store to what this release needs; a new SQLite file is made where there is none."""
    from coding_service.settings import Settings
    from coding_service.store.schema import upgrade as upgrade_schema

    before, after = upgrade_schema(database or Settings().database)
    say(
        f"The store is at {after} already."
        if before == after
        else f"The store went from {before or 'empty'} to {after}."
    )


@app.command(epilog=example("$ io-coding db check --format json"))
def check(*, database: DatabaseOption = "", output_format: FormatOption = Format.TABLE) -> None:
    """Walk the audit chain and every rule between rows; exit with 1 if anything is wrong."""
    from coding_service.settings import Settings
    from coding_service.store.check import check as check_store
    from coding_service.store.engine import open_existing

    report = check_store(open_existing(database or Settings().database))
    row = {
        "revision": report.revision,
        "audit_events": report.audit_events,
        "audit_head": report.audit_head,
        "problems": list(report.problems),
    }
    print_rows([row], list(row), output_format)
    if report.problems:
        raise typer.Exit(1)


@app.command(epilog=example("$ io-coding db backup store-2026-01-31.sqlite"))
def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    *,
    database: DatabaseOption = "",
) -> None:
    """Copy the store to a file while it is in use."""
    from coding_service.settings import Settings
    from coding_service.store.backup import backup as back_up
    from coding_service.store.engine import open_existing

    size_bytes = back_up(open_existing(database or Settings().database), path)
    say(f"Wrote {path} ({size_bytes} bytes).")
