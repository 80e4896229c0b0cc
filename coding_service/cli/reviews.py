"""``io-coding reviews``: bring reviews with their narratives into the store, and write them out."""

from typing import Annotated

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import OutputOption, progress, read_input, say, write_output
from coding_service.corpus.tables import TableForm

app = command_group("Bring reviews into the store, and write them out.")

FormOption = Annotated[
    TableForm | None,
    typer.Option(
        "--format", help="JSON Lines, a review a line, or CSV, a row a narrative; by default as the name ends."
    ),
]


@app.command(
    "import",
    epilog=example(
        "$ io-coding reviews import reviews.jsonl --jurisdiction north",
        "$ io-coding reviews import - --format csv --jurisdiction north < reviews.csv",
    ),
)
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file in UTF-8; - is standard input.")],
    *,
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="NAME", help="Whose reviews they are.")],
    form: FormOption = None,
    new_jurisdiction: Annotated[
        bool, typer.Option("--new-jurisdiction", help="Make the jurisdiction if it is new.")
    ] = False,
) -> None:
    """Bring reviews into the store; the same file again changes nothing.

    A line of JSON Lines is {"id", "cause", "incident_type", "incident_date", "review_date", "completed", "narratives":
    [{"id", "text"}]}; the columns of CSV are review_id, cause, incident_type, incident_date, review_date, completed,
    narrative_id, text. Only the id of the review must be there; dates are YYYY-MM-DD, completed is true or false. A
    known review is corrected; a text never changes.
    """
    from coding_service.bootstrap import intake, require_store
    from coding_service.services.review_exchange import import_reviews
    from coding_service.services.review_files import parse_reviews
    from coding_service.settings import Settings

    name = "standard input" if file == "-" else file
    settings = Settings()
    reviews = parse_reviews(read_input(file), form or _form(file), name=name)
    counts = import_reviews(
        require_store(settings),
        reviews,
        jurisdiction,
        intake=intake(settings),
        new_jurisdiction=new_jurisdiction,
        watch=lambda items: progress(items, "Importing", total=len(reviews)),
    )
    say(
        f"{counts['new']} new reviews, {counts['corrected']} corrected, {counts['unchanged']} unchanged; "
        f"{counts['narratives']} new narratives."
    )


@app.command(epilog=example("$ io-coding reviews export --jurisdiction north --format csv --output reviews.csv"))
def export(
    *,
    jurisdiction: Annotated[
        str, typer.Option("--jurisdiction", metavar="NAME", help="Whose reviews; by default all.")
    ] = "",
    form: FormOption = None,
    output: OutputOption = None,
) -> None:
    """Write reviews with their narratives, in the form that import reads; decisions are not in it."""
    from coding_service.bootstrap import require_store
    from coding_service.services.review_exchange import export_reviews, scope_of
    from coding_service.services.review_files import dump_reviews
    from coding_service.settings import Settings

    store = require_store(Settings())
    records = export_reviews(store, scope_of(store, jurisdiction))
    write_output("".join(dump_reviews(records, form or _form(str(output)))), output)


def _form(name: str) -> TableForm:
    return TableForm.CSV if name.lower().endswith(".csv") else TableForm.JSONL
