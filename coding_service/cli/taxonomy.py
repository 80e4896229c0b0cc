"""``io-coding taxonomy``: check, show, compare, import, export and migrate taxonomies."""

from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import (
    DEFAULT_TAXONOMY,
    Format,
    FormatOption,
    OutputOption,
    print_renderable,
    print_rows,
    say,
    write_output,
)

if TYPE_CHECKING:
    from rich.tree import Tree

    from coding_service.taxonomy import Taxonomy

app = command_group("Check, show, compare, import, export and migrate taxonomies.")

OLD_CODES = {
    "code": "old code",
    "change": "change",
    "becomes": "becomes",
    "decisions": "decisions",
    "adjudications": "adjudicated",
    "present": "present",
    "absent": "absent",
    "unknown": "unknown",
    "threshold": "threshold",
}
NEW_CODES = {
    "code": "new code",
    "comes_from": "comes from",
    "present": "present",
    "absent": "absent",
    "unknown": "unknown",
    "old_codings": "what old codings say",
}
BUNDLES = {"bundle": "bundle", "version": "version", "happens": "what happens"}
DONE = {
    "dry run": "Nothing was changed; without --dry-run it is done.",
    "done": "Done: new codings are made in {to}, and old ones are read through the crosswalk.",
    "done before": "This was done before; nothing was changed. The figures are of that time.",
}

VersionOption = Annotated[
    str | None, typer.Option("--version", metavar="VERSION", help="Version of the taxonomy; by default the newest.")
]
ReferenceArgument = Annotated[str, typer.Argument(metavar="ID", help="Id, id@version or a YAML file.")]


class ExportForm(StrEnum):
    """Forms in which a taxonomy can be exported."""

    JSON = "json"
    CSV = "csv"
    SKOS = "skos"


@app.command(
    epilog=example(
        "$ io-coding taxonomy validate taxonomy/io-themes/1.0.0.yaml --strict",
        "io-themes 1.0.0: 36 codes, 4 groups, no problem found.",
    )
)
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A taxonomy in YAML.")],
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also ask for a definition of every code and an example of every code.")
    ] = False,
) -> None:
    """Check a taxonomy file and name every problem with its line."""
    from coding_service.taxonomy.files import load_taxonomy

    taxonomy = load_taxonomy(file, strict=strict)
    groups = len(taxonomy.codes) - len(taxonomy.code_ids)
    typer.echo(f"{taxonomy.id} {taxonomy.version}: {len(taxonomy.code_ids)} codes, {groups} groups, no problem found.")


@app.command(epilog=example("$ io-coding taxonomy show", "$ io-coding taxonomy show io-themes --format csv"))
def show(
    reference: ReferenceArgument = DEFAULT_TAXONOMY,
    *,
    version: VersionOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the codes of a taxonomy as a tree, or as rows."""
    from coding_service.taxonomy.files import open_taxonomy

    taxonomy = open_taxonomy(reference, version=version)
    if output_format is Format.TABLE:
        print_renderable(_tree(taxonomy))
    else:
        print_rows(_rows(taxonomy), ["id", "parent", "name", "selectable", "definition"], output_format)


@app.command(epilog=example("$ io-coding taxonomy diff io-themes@1.0.0 our-themes.yaml"))
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="The older one: id, id@version or a YAML file.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The newer one: id, id@version or a YAML file.")],
    *,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Tell which codes were added, removed, renamed, moved or reworded."""
    from coding_service.taxonomy.diff import diff_taxonomies
    from coding_service.taxonomy.files import open_taxonomy

    changes = diff_taxonomies(open_taxonomy(old), open_taxonomy(new))
    if not changes:
        say("No differences.")
    if changes or output_format is not Format.TABLE:
        print_rows([asdict(change) for change in changes], ["kind", "code", "before", "after"], output_format)


@app.command(epilog=example("$ io-coding taxonomy export io-themes --to skos --output io-themes.ttl"))
def export(
    reference: ReferenceArgument = DEFAULT_TAXONOMY,
    *,
    to: Annotated[ExportForm, typer.Option("--to", help="JSON, CSV, or SKOS in Turtle.")],
    version: VersionOption = None,
    output: OutputOption = None,
) -> None:
    """Write a taxonomy for other programs."""
    from coding_service.taxonomy.export import EXPORTS
    from coding_service.taxonomy.files import open_taxonomy

    write_output(EXPORTS[to.value](open_taxonomy(reference, version=version)), output)


@app.command(
    "import",
    epilog=example("$ io-coding taxonomy import themes.json --id our-themes --output our-themes.yaml"),
)
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help='JSON: {"id": {"name": ..., "description": ..., "parent": ...}}.')
    ],
    *,
    taxonomy_id: Annotated[str, typer.Option("--id", metavar="ID", help="Id of the taxonomy.")],
    version: Annotated[str, typer.Option("--version", metavar="VERSION", help="Its version.")] = "1.0.0",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Its title; by default its id.")] = "",
    groups: Annotated[
        bool, typer.Option("--groups", help="Let codes that have others below them only group, not be given.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Turn a JSON object of codes into a taxonomy file."""
    from coding_service.taxonomy.files import dump_taxonomy, import_json

    taxonomy = import_json(file, taxonomy_id=taxonomy_id, version=version, title=title or taxonomy_id, groups=groups)
    write_output(dump_taxonomy(taxonomy), output)


@app.command(
    epilog=example(
        "$ io-coding taxonomy migrate --from 1.0.0 --to our-1.1.0.yaml --crosswalk changes.yaml --dry-run",
        "$ io-coding taxonomy migrate --from 1.0.0 --to our-1.1.0.yaml --crosswalk changes.yaml",
    )
)
def migrate(
    *,
    old: Annotated[str, typer.Option("--from", metavar="VERSION|FILE", help="The version that the store codes by.")],
    new: Annotated[str, typer.Option("--to", metavar="VERSION|FILE", help="The version that it is to code by.")],
    crosswalk: Annotated[
        Path, typer.Option(metavar="FILE", help="What became of each code; see taxonomy/crosswalks/README.md.")
    ],
    taxonomy: Annotated[str, typer.Option("--taxonomy", metavar="ID", help="Id of the taxonomy.")] = DEFAULT_TAXONOMY,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Let the store code by a new version of its taxonomy, and tell what becomes of what was coded before.

    Nothing that people wrote is changed: old codings stay in the version they were made in, and are translated where
    gold is resolved. The bundle being served goes on until one of the new version is promoted. The table shows the
    codes that change, CSV the old codes, JSON one object with everything.
    """
    from coding_service.bootstrap import open_shelf, require_store
    from coding_service.cli.status import status
    from coding_service.services.taxonomy_migration import Migration, find_version
    from coding_service.services.taxonomy_migration import migrate as migrate_store
    from coding_service.settings import Settings
    from coding_service.taxonomy.crosswalk import load_crosswalk

    settings = Settings()
    store = require_store(settings)
    before, after = (find_version(store, taxonomy, reference) for reference in (old, new))
    migration = Migration(before, after, load_crosswalk(crosswalk, before, after))
    with status() as step:
        report = migrate_store(store, open_shelf(settings, ""), migration, dry_run=dry_run, step=step)
    if output_format is Format.TABLE:
        _tell_migration(report)
    else:
        print_rows([report] if output_format is Format.JSON else report["old_codes"], OLD_CODES, output_format)
    say(DONE[report["state"]].format(to=f"{after.id} {after.version}"))


def _tell_migration(report: dict[str, Any]) -> None:
    changed = [row for row in report["old_codes"] if row["change"] != "keep"]
    before = {row["code"]: row for row in report["old_codes"]}
    counts = ("present", "absent", "unknown")
    moved = [
        row
        for row in report["new_codes"]
        if row["change"] != "keep" or any(row[count] != before[row["code"]][count] for count in counts)
    ]
    for rows, columns in ((changed, OLD_CODES), (moved, NEW_CODES), (report["bundles"], BUNDLES)):
        if rows:
            print_rows(rows, columns, Format.TABLE)
            typer.echo()
    codings, gold = report["codings"], report["gold"]
    say(f"{codings['closed']} closed codings with {codings['decisions']} decisions stay as they are.")
    say(f"{codings['adjudications']} adjudicated labels stay as they are.")
    if codings["open"]:
        say(f"{codings['open']} open codings cannot be decided in any more; their coders open new ones.")
    known = gold["known_labels"]
    say(f"Gold of {gold['narratives']} narratives: {known['before']} known labels before, {known['after']} after.")
    for warning in report["warnings"]:
        say(f"Warning: {warning}")


def _rows(taxonomy: "Taxonomy") -> Iterator[dict[str, Any]]:
    for code in taxonomy.codes:
        yield {**asdict(code), "path": taxonomy.path(code.id)}


def _tree(taxonomy: "Taxonomy") -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(f"{taxonomy.title} ({taxonomy.id} {taxonomy.version})", style="bold"))

    def grow(branch: Tree, code_id: str) -> None:
        code = taxonomy.nodes[code_id]
        label = Text(code.name, style="" if code.selectable else "bold").append(f"  {code.id}", style="dim")
        below = branch.add(label)
        for child in taxonomy.children[code_id]:
            grow(below, child)

    for code in taxonomy.codes:
        if code.parent is None:
            grow(tree, code.id)
    return tree
