"""``io-coding keys``: make, revoke and list API keys."""

from dataclasses import asdict
from typing import Annotated

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import Format, FormatOption, print_rows, say
from coding_service.errors import InputError

app = command_group("Make, revoke and list API keys.")

COLUMNS = ["prefix", "person", "role", "jurisdiction", "created_at", "revoked_at"]


@app.command(epilog=example("$ io-coding keys create --person ann@agency.example --role reviewer --jurisdiction north"))
def create(
    *,
    person: Annotated[
        str, typer.Option("--person", metavar="EMAIL", help="Whose key it is: the coder of what it writes.")
    ],
    role: Annotated[str, typer.Option("--role", help="reviewer, adjudicator, analyst, ml or admin.")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="NAME", help="The one it reaches.")] = "",
    all_jurisdictions: Annotated[bool, typer.Option("--all-jurisdictions", help="Let it reach all.")] = False,
    name: Annotated[str, typer.Option("--name", help="Name of a person who is new here.")] = "",
    new_jurisdiction: Annotated[
        bool, typer.Option("--new-jurisdiction", help="Make the jurisdiction if it is new.")
    ] = False,
) -> None:
    """Make a key and print its secret, this once."""
    from coding_service.bootstrap import require_keys
    from coding_service.services.keys import KeyRequest, create_key
    from coding_service.settings import Settings

    if bool(jurisdiction) == all_jurisdictions:
        raise InputError(
            "A key reaches one jurisdiction or all.", hint="Give --jurisdiction NAME or --all-jurisdictions."
        )
    request = KeyRequest(person, role, jurisdiction or None, name=name, new_jurisdiction=new_jurisdiction)
    secret, facts = create_key(require_keys(Settings()), request)
    say(f"Key {facts.prefix} of {facts.person}, {facts.role} in {facts.jurisdiction or 'all jurisdictions'}.")
    say("The secret is shown this once; keep it safe:")
    typer.echo(secret)


@app.command(epilog=example("$ io-coding keys revoke ioc_Zk3vQ9xA"))
def revoke(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="The first 12 characters of the key.")],
) -> None:
    """Revoke a key for good, at once."""
    from coding_service.bootstrap import require_keys
    from coding_service.services.keys import revoke_key
    from coding_service.settings import Settings

    facts = revoke_key(require_keys(Settings()), prefix)
    say(f"Key {facts.prefix} of {facts.person} is revoked.")


@app.command("list", epilog=example("$ io-coding keys list --format csv"))
def list_(*, output_format: FormatOption = Format.TABLE) -> None:
    """List all keys, revoked ones too; the secrets are not kept."""
    from coding_service.bootstrap import require_keys
    from coding_service.services.keys import list_keys
    from coding_service.settings import Settings

    print_rows((asdict(facts) for facts in list_keys(require_keys(Settings()))), COLUMNS, output_format)
