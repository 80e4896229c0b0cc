"""``io-coding adjudicate``: see where codings differ, without names, and settle it."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import Format, FormatOption, print_rows, say

app = command_group("See where codings differ, and settle it.")

PersonOption = Annotated[
    str, typer.Option("--person", metavar="EMAIL", help="The adjudicator, who has a key of that role.")
]
CodesOption = Annotated[list[str] | None, typer.Option(metavar="CODE", help="May be repeated.")]
NarrativeArgument = Annotated[str, typer.Argument(metavar="NARRATIVE", help="Id of a narrative.")]

ROLE = "adjudicator"


@app.command("list", epilog=example("$ io-coding adjudicate list --person kim@agency.example"))
def list_(
    *,
    person: PersonOption,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="Most narratives to list.")] = 20,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """List narratives that wait for an adjudicator, the most urgent first."""
    from coding_service.bootstrap import require_store
    from coding_service.services.acting import act_as
    from coding_service.services.adjudication import list_disputes
    from coding_service.settings import Settings

    store = require_store(Settings())
    disputes = list_disputes(store, act_as(store, person, ROLE), limit=limit)["narratives"]
    if output_format is not Format.JSON:
        disputes = [
            {
                "narrative": dispute["narrative_id"],
                "codings": len(dispute["codings"]),
                "disputed": ", ".join(code["code"] for code in dispute["disputed"]),
            }
            for dispute in disputes
        ]
    print_rows(disputes, ["narrative", "codings", "disputed"], output_format)


@app.command(epilog=example("$ io-coding adjudicate show 0f8fad5bd9cb469fa16570867728950e --person kim@agency.example"))
def show(narrative: NarrativeArgument, *, person: PersonOption, output_format: FormatOption = Format.TABLE) -> None:
    """Show a narrative with its codings under letters, and what was adjudicated; that it was read is recorded."""
    from coding_service.bootstrap import require_store
    from coding_service.services.acting import act_as
    from coding_service.services.adjudication import show_dispute
    from coding_service.services.narratives import get_narrative
    from coding_service.settings import Settings

    store = require_store(Settings())
    caller = act_as(store, person, ROLE)
    dispute = show_dispute(store, caller, narrative)
    text = get_narrative(store, caller, narrative)["text"]
    if output_format is Format.JSON:
        print_rows([{**dispute, "text": text}], (), output_format)
        return
    if output_format is Format.TABLE:
        typer.echo(f"{text}\n")
    print_rows(_by_code(dispute, text), ["code", "coding", "says", "rating", "evidence", "reason"], output_format)


@app.command(
    epilog=example(
        "$ io-coding adjudicate decide 0f8fad5bd9cb469fa16570867728950e --person kim@agency.example \\",
        '    --present family.safe_sleep --absent team.coordination --reason "The couch is no safe place."',
    )
)
def decide(  # noqa: PLR0913 - options
    narrative: NarrativeArgument,
    *,
    person: PersonOption,
    present: CodesOption = None,
    absent: CodesOption = None,
    unknown: CodesOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who coded otherwise.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Say of codes whether they hold; the narrative leaves the queue once none is disputed any more."""
    from coding_service.bootstrap import require_store
    from coding_service.services.acting import act_as
    from coding_service.services.adjudication import NewLabel, Ruling, adjudicate, show_dispute
    from coding_service.settings import Settings

    store = require_store(Settings())
    caller = act_as(store, person, ROLE)
    said = (("present", present), ("absent", absent), ("unknown", unknown))
    labels = tuple(NewLabel(code, label, reason) for label, codes in said for code in codes or ())
    taxonomy = show_dispute(store, caller, narrative)["taxonomy"]
    settled = adjudicate(store, caller, narrative, Ruling((taxonomy["id"], taxonomy["version"]), labels))
    if output_format is Format.JSON:
        print_rows([settled], (), output_format)
    else:
        print_rows(settled["adjudications"], ["code", "label", "reason", "decided_at"], output_format)
    left = ", ".join(code["code"] for code in settled["disputed"])
    say(f"Still disputed: {left}." if left else "The narrative has left the queue.")


def _by_code(dispute: dict[str, Any], text: str) -> Iterator[dict[str, Any]]:
    """Give a row for each opinion on a disputed code, and one for each word of an adjudicator."""
    for code in dispute["disputed"]:
        for coding in dispute["codings"]:
            decided = {decision["code"]: decision for decision in coding["decisions"]}.get(code["code"], {})
            yield {
                "code": code["code"],
                "coding": coding["coding"],
                "says": coding["opinions"][code["code"]],
                "rating": decided.get("rating"),
                "evidence": " … ".join(text[span["start"] : span["end"]] for span in decided.get("evidence", ())),
                "reason": decided.get("reason"),
            }
    for word in dispute["adjudications"]:
        yield {"code": word["code"], "coding": "adjudicated", "says": word["label"], "reason": word["reason"]}
