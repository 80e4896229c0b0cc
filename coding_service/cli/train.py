"""``io-coding train``: from a recipe to a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coding_service.cli.groups import example, single_command
from coding_service.cli.output import Format, FormatOption, print_rows, say
from coding_service.cli.status import status
from coding_service.errors import InputError

if TYPE_CHECKING:
    from coding_service.services.verified import Verified
    from coding_service.settings import Settings

app = single_command()

FIGURES = {
    "set": "measured on",
    "n_narratives": "narratives",
    "n_groups": "groups",
    "micro_f1": "micro F1",
    "micro_low": "low",
    "micro_high": "high",
    "macro_f1": "macro F1",
    "macro_low": "low",
    "macro_high": "high",
    "n_codes_scored": "codes",
    "precision": "precision",
    "recall": "recall",
    "lrap": "LRAP",
    "exact_match": "exact",
    "ece": "ECE",
}
"""Columns in which the commands that measure show a set."""

JurisdictionOption = Annotated[
    str, typer.Option("--jurisdiction", metavar="NAME", help="Of the store, only what belongs to this one.")
]


@app.command(
    epilog=example(
        "$ io-coding train --recipe training/recipes/baseline.yaml --name baseline",
        "$ io-coding train --recipe training/recipes/starter.yaml --corpus ours.jsonl --measure held-out.jsonl",
        "$ io-coding train --recipe training/recipes/starter.yaml --from-store --jurisdiction north",
        "$ io-coding train --recipe training/recipes/starter-only.yaml --keep-encoder models/alone --name again",
    )
)
def train(  # noqa: PLR0913 - options
    *,
    recipe: Annotated[Path, typer.Option(metavar="FILE", help="How to train; corpus paths in it are relative to it.")],
    corpus: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A further corpus to train on; may be repeated.")
    ] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="Train on the narratives that people verified in the store, too.")
    ] = False,
    jurisdiction: JurisdictionOption = "",
    measure: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A corpus to measure on only; may be repeated.")
    ] = None,
    taxonomy: Annotated[
        str, typer.Option(metavar="ID[@VERSION]|FILE", help="Taxonomy in the place of the recipe's.")
    ] = "",
    keep_encoder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A bundle that was tuned on the same narratives: keep its encoder and heads, fit all else anew.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the bundle; by default recipe, day and fingerprint.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the bundle, instead of a name.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the bundle that is there.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Train a bundle by a recipe.

    It is measured by cross-validation, and appears whole or not at all. Narratives of the splits dev and test never
    train; those of test are measured at the end.
    """
    from coding_service.services.runs import Run, carry_out
    from coding_service.settings import Settings

    settings = Settings()
    if taxonomy if from_store else jurisdiction:
        raise InputError(
            "The store brings its own taxonomy, and it alone has jurisdictions.",
            hint="Leave --taxonomy out with --from-store, and --jurisdiction without it.",
        )
    run = Run(recipe, tuple(corpus or ()), tuple(measure or ()), taxonomy, name, output, replace, keep_encoder)
    with status() as step:
        verified = _verified(settings, jurisdiction) if from_store else None
        done = carry_out(run, bundles=settings.bundles, cache=settings.cache, verified=verified, step=step)
    print_rows([done] if output_format is Format.JSON else done["figures"], FIGURES, output_format)
    told = "The same was made before: bundle {} in {}." if done["made_before"] else "Wrote bundle {} to {}."
    say(told.format(repr(done["id"]), done["folder"]))


def _verified(settings: "Settings", jurisdiction: str) -> "Verified":
    from coding_service.bootstrap import require_store
    from coding_service.services.review_exchange import scope_of
    from coding_service.services.verified import take_verified

    store = require_store(settings)
    verified = take_verified(store, scope_of(store, jurisdiction))
    say(f"{len(verified.narratives)} verified narratives, fingerprint {verified.fingerprint}.")
    return verified
