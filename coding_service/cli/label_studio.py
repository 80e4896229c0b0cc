"""``io-coding label-studio``: set projects up, push narratives, and read annotations."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import Format, FormatOption, print_rows, progress, say

if TYPE_CHECKING:
    from coding_service.services.label_studio_sync import SyncReport

app = command_group("Set Label Studio up, push narratives to it, read annotations from it.")

PROBLEMS = ["project", "task", "annotation", "problem"]


class Purpose(StrEnum):
    """What the narratives of a project wait for."""

    FIRST = "first"
    SECOND = "second"
    ADJUDICATION = "adjudication"


JurisdictionOption = Annotated[
    str, typer.Option("--jurisdiction", metavar="NAME", help="Whose narratives; a project belongs to one.")
]
PurposeOption = Annotated[
    Purpose, typer.Option("--purpose", help="first, second (double coding, without suggestions) or adjudication.")
]


@app.command(
    epilog=example(
        "$ io-coding label-studio init --jurisdiction north --server http://127.0.0.1:8000",
        "$ io-coding label-studio init --jurisdiction north --purpose second",
    )
)
def init(
    *,
    jurisdiction: JurisdictionOption,
    purpose: PurposeOption = Purpose.FIRST,
    server: Annotated[
        str,
        typer.Option(
            "--server", metavar="URL", help="Our server as Label Studio reaches it; without it only sync brings news."
        ),
    ] = "",
) -> None:
    """Make a jurisdiction's project or bring it up to date; again, it changes nothing.

    The labelling config is made from the store's current taxonomy. Where that has moved on, a new project is made and
    the old one is marked as closed, so that annotations are always read by the version they were made in.
    """
    from coding_service.bootstrap import build
    from coding_service.services.label_studio_projects import Callback, set_up_project
    from coding_service.settings import Settings

    parts = build(Settings())
    callback = Callback(server, parts.settings.label_studio_secret)
    done = set_up_project(_store(parts), parts.label_studio(), jurisdiction, purpose.value, callback)
    for change in done.changes:
        say(f"{change[0].upper()}{change[1:]}.")
    say(f"Project {done.project} is as it should be.")


@app.command(epilog=example("$ io-coding label-studio push --jurisdiction north --limit 200"))
def push(
    *,
    jurisdiction: JurisdictionOption,
    purpose: PurposeOption = Purpose.FIRST,
    narrative: Annotated[
        list[str] | None, typer.Option("--narrative", metavar="ID", help="Only these of those that wait; repeatable.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most narratives to add.")] = None,
) -> None:
    """Bring narratives that wait into the project, the most urgent first; each comes once.

    Those that are not blind carry the suggestions of the bundle that is served. After a promotion a push replaces the
    suggestions of tasks that nobody has annotated. A push that broke goes on where it ended.
    """
    from coding_service.bootstrap import build
    from coding_service.services.following import Follower
    from coding_service.services.label_studio_push import PushRequest
    from coding_service.services.label_studio_push import push as push_narratives
    from coding_service.settings import Settings

    parts = build(Settings())
    store = _store(parts)
    Follower(store, parts.shelf, poll_seconds=1).look()
    request = PushRequest(jurisdiction, purpose.value, tuple(narrative or ()), limit)
    report = push_narratives(store, parts.label_studio(), parts.shelf, request, watch=progress)
    for problem in report.problems:
        say(problem)
    say(
        f"Project {report.project}: {report.added} added ({report.blind} blind), {report.found} found again, "
        f"{report.refreshed} with new suggestions."
    )
    if report.problems:
        raise typer.Exit(1)


@app.command(epilog=example("$ io-coding label-studio pull --jurisdiction north --format json"))
def pull(*, jurisdiction: JurisdictionOption, output_format: FormatOption = Format.TABLE) -> None:
    """Read every annotation of a jurisdiction's projects; exit with 1 if any could not be read.

    Each becomes a coding with its decisions, once. What was changed or deleted since becomes later decisions.
    """
    from coding_service.bootstrap import build
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    parts = build(Settings())
    report = _reader(parts).pull(scope_of(_store(parts), jurisdiction), watch=_watch)
    _tell(report, output_format)


@app.command(epilog=example("$ io-coding label-studio sync", "$ io-coding label-studio sync --format json"))
def sync(*, output_format: FormatOption = Format.TABLE) -> None:
    """Make the store hold the annotations that Label Studio holds, in all projects; exit with 1 if any is odd.

    First the events that wait are worked off, then all projects are read, so that lost events are made good. It may run
    from cron, beside a running server, and again after a crash.
    """
    from coding_service.bootstrap import build
    from coding_service.services.label_studio_events import work_off
    from coding_service.settings import Settings
    from coding_service.store import Scope

    reader = _reader(build(Settings()))
    report = work_off(reader)
    everything = reader.pull(Scope.everything(), watch=_watch)
    everything.changed += report.changed
    everything.withdrawn += report.withdrawn
    everything.problems += [problem for problem in report.problems if problem not in everything.problems]
    _tell(everything, output_format)


def _store(parts: Any) -> Any:
    from coding_service.bootstrap import require_store

    return require_store(parts.settings) if parts.store is None else parts.store


def _reader(parts: Any) -> Any:
    from coding_service.services.label_studio_sync import Reader

    return Reader(_store(parts), parts.label_studio(), parts.doubling)


def _watch(pieces: Any) -> Any:
    return progress(pieces, "Reading annotations")


def _tell(report: "SyncReport", output_format: Format) -> None:
    from dataclasses import asdict

    if report.problems:
        print_rows((asdict(problem) for problem in report.problems), PROBLEMS, output_format)
    say(f"{report.read} annotations read, {report.changed} codings changed, {report.withdrawn} withdrawn.")
    if report.problems:
        say(f"{len(report.problems)} problems, listed above; the rest was read.")
        raise typer.Exit(1)
