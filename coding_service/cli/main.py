"""The ``io-coding`` command: one table of commands, each imported on use, and the one place that prints errors."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from coding_service import __version__
from coding_service.cli.groups import command_group
from coding_service.errors import CodingError

COMMANDS = {
    "suggest": ("coding_service.cli.suggest:app", "Suggest codes for a text, with the passages they rest on."),
    "serve": ("coding_service.cli.serve:app", "Serve suggestions over HTTP, with documentation at /docs."),
    "train": ("coding_service.cli.train:app", "Train a bundle by a recipe."),
    "evaluate": ("coding_service.cli.evaluate:app", "Measure a bundle on coded narratives."),
    "compare": ("coding_service.cli.compare:app", "Compare two bundles on the same narratives."),
    "reviews": ("coding_service.cli.reviews:app", "Bring reviews into the store, and write them out."),
    "queue": ("coding_service.cli.queue:app", "Show what waits to be coded and why, and put it in order."),
    "adjudicate": ("coding_service.cli.adjudicate:app", "See where codings differ, and settle it."),
    "agreement": (
        "coding_service.cli.agreement:app",
        "Measure how far independent codings of the same narratives agree.",
    ),
    "retrain": (
        "coding_service.cli.retrain:app",
        "Train on what people verified, put the bundle before the gate, promote it if it passes, and rank the queue.",
    ),
    "label-studio": (
        "coding_service.cli.label_studio:app",
        "Set Label Studio up, push narratives to it, read annotations from it.",
    ),
    "bundles": ("coding_service.cli.bundles:app", "List and show trained bundles, and say which is served."),
    "db": ("coding_service.cli.db:app", "Bring the store up to date, check it, back it up."),
    "keys": ("coding_service.cli.keys:app", "Make, revoke and list API keys."),
    "taxonomy": ("coding_service.cli.taxonomy:app", "Check, show, compare, import, export and migrate taxonomies."),
    "corpus": ("coding_service.cli.corpus:app", "Check, count, split, import and export coded narratives."),
}
"""Command -> (where its Typer app is, the first sentence of its help)."""


def load_command(name: str) -> Any:
    """Import a command of the table and make it ready to be invoked."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    return typer.main.get_command(getattr(import_module(module), attribute))


class LazyGroup(TyperGroup):
    """A group that lists its commands from the table and imports one only to run it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, callback=None, help=text) for name, (_, text) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the real command in the place of its entry."""
        name, entry, rest = super().resolve_command(ctx, args)
        return name, entry if name is None else load_command(name), rest


app = command_group("Suggest, verify and learn theme codes for the narratives of critical-incident reviews.")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the signature that typer calls
    if wanted:
        typer.echo(f"io-coding {__version__}")
        raise typer.Exit


@app.callback(cls=LazyGroup)
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command line: an error of ours is told in one or two lines and exits with 1, Ctrl-C exits with 130."""
    try:
        typer.main.get_command(app)(prog_name="io-coding")
    except CodingError as error:
        typer.echo(f"Error: {error.message}", err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
