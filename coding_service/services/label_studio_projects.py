"""Sets up a jurisdiction's projects in Label Studio; a second time changes nothing, a new taxonomy gets a new project.

Annotations are thus always read by the version of the taxonomy that they were made in.
"""

from dataclasses import dataclass, replace

from coding_service.errors import ConflictError, InputError
from coding_service.label_studio.config import config_sha256, instructions, labelling_config
from coding_service.label_studio.port import ACTIONS, LabelStudio, ProjectPlan, Webhook
from coding_service.services.current_taxonomy import current_taxonomy, settled_taxonomy
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.rows import LabelStudioProjectRow, ProjectPurpose
from coding_service.taxonomy import Taxonomy

SECRET_HEADER = "X-Label-Studio-Secret"  # noqa: S105 - the name of a header
EVENTS_PATH = "/label-studio/events"
BACKEND_PATH = "/label-studio/ml"

_MOST_TITLE = 50
_PURPOSES = {"first": "first coding", "second": "second coding", "adjudication": "adjudication"}


@dataclass(frozen=True)
class Callback:
    """Where Label Studio reaches our server.

    Parameters
    ----------
    url : str
        Base URL of the server as Label Studio sees it; empty connects nothing, `sync` brings annotations then.
    secret : str
        Goes with every request of Label Studio.
    """

    url: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Setup:
    """What setting a project up did.

    Parameters
    ----------
    project : int
        Label Studio's number.
    changes : tuple of str
        What was made or changed, in words; empty where everything was as it should be.
    """

    project: int
    changes: tuple[str, ...]


def set_up_project(
    store: Engine, client: LabelStudio, jurisdiction: str, purpose: ProjectPurpose, callback: Callback
) -> Setup:
    """Make a project of a jurisdiction, or bring it up to date.

    Parameters
    ----------
    store : Engine
        The store.
    client : LabelStudio
        The server.
    jurisdiction : str
        Name of the one jurisdiction whose narratives it is for.
    purpose : str
        ``first``, ``second`` or ``adjudication``.
    callback : Callback
        Where Label Studio reaches our server.

    Returns
    -------
    Setup
        Number of the project, and what was changed.

    Raises
    ------
    NotFoundError
        If there is no such jurisdiction.
    InputError
        If there is an address of our server and no secret.
    LabelStudioError
        If Label Studio refuses or cannot be reached.
    """
    if callback.url and not callback.secret:
        raise InputError(
            "Without a shared secret our server would not know Label Studio.",
            hint="Set CODING_SERVICE_LABEL_STUDIO_SECRET to a long random text, here and for the server.",
        )
    with UnitOfWork(store) as work:
        owner = work.jurisdictions.named(Scope.everything(), jurisdiction)
        taxonomy = settled_taxonomy(work)
        work.commit()
    plan = _plan(taxonomy, jurisdiction, purpose)
    changes: list[str] = []
    row = _find(store, client, Scope(owner.id), purpose, taxonomy)
    if row is None:
        row = _make(store, client, plan, _row(client, owner.id, purpose, taxonomy, plan))
        changes.append(f"made project {row.project} for taxonomy {taxonomy.id} {taxonomy.version}")
    elif client.project(row.project) != plan:
        client.update_project(row.project, plan)
        _remember_config(store, row, plan)
        changes.append("restored title, labelling config and instructions")
    changes += _close_older(store, client, row)
    if callback.url:
        changes += _connect(client, row, callback)
    return Setup(row.project, tuple(changes))


def usable_project(
    store: Engine, client: LabelStudio, scope: Scope, purpose: ProjectPurpose
) -> tuple[LabelStudioProjectRow, Taxonomy]:
    """Give the project of a purpose that codes by the store's current taxonomy, with that taxonomy.

    Raises
    ------
    ConflictError
        If there is none.
    """
    with UnitOfWork(store, reading=True) as work:
        taxonomy = current_taxonomy(work)
        for row in reversed(work.label_studio.projects(scope)):
            if _fits(row, client, purpose) and row.taxonomy_sha256 == taxonomy.sha256:
                return row, taxonomy
    raise ConflictError(
        f"There is no project for {_PURPOSES[purpose]} by taxonomy {taxonomy.id!r} {taxonomy.version}.",
        hint=f"Run `io-coding label-studio init --purpose {purpose}` first.",
    )


def _plan(taxonomy: Taxonomy, jurisdiction: str, purpose: ProjectPurpose) -> ProjectPlan:
    ending = f": {_PURPOSES[purpose]} {taxonomy.version}"
    title = jurisdiction[: _MOST_TITLE - len(ending)] + ending
    disputed = purpose == "adjudication"
    return ProjectPlan(title, labelling_config(taxonomy, disputed=disputed), instructions(taxonomy, disputed=disputed))


def _row(
    client: LabelStudio, jurisdiction_id: str, purpose: ProjectPurpose, taxonomy: Taxonomy, plan: ProjectPlan
) -> LabelStudioProjectRow:
    return LabelStudioProjectRow(
        jurisdiction_id=jurisdiction_id,
        base_url=client.base_url,
        project=0,
        purpose=purpose,
        taxonomy_id=taxonomy.id,
        taxonomy_version=taxonomy.version,
        taxonomy_sha256=taxonomy.sha256,
        config_sha256=config_sha256(plan.config),
    )


def _fits(row: LabelStudioProjectRow, client: LabelStudio, purpose: ProjectPurpose) -> bool:
    return row.base_url == client.base_url and row.purpose == purpose


def _find(
    store: Engine, client: LabelStudio, scope: Scope, purpose: ProjectPurpose, taxonomy: Taxonomy
) -> LabelStudioProjectRow | None:
    with UnitOfWork(store, reading=True) as work:
        rows = [row for row in work.label_studio.projects(scope) if _fits(row, client, purpose)]
    for row in reversed(rows):
        if row.taxonomy_sha256 == taxonomy.sha256 and client.project(row.project) is not None:
            return row
    return None


def _make(store: Engine, client: LabelStudio, plan: ProjectPlan, row: LabelStudioProjectRow) -> LabelStudioProjectRow:
    row.project = client.create_project(plan)
    with UnitOfWork(store) as work:
        work.label_studio.add_project(Scope(row.jurisdiction_id), row)
        detail = {"project": row.project, "purpose": row.purpose}
        event = Event("create", "label_studio_project", row.id, jurisdiction_id=row.jurisdiction_id, detail=detail)
        work.audit.record(event)
        work.commit()
    return row


def _remember_config(store: Engine, row: LabelStudioProjectRow, plan: ProjectPlan) -> None:
    with UnitOfWork(store) as work:
        kept = work.label_studio.project(Scope(row.jurisdiction_id), row.id)
        kept.config_sha256 = config_sha256(plan.config)
        work.label_studio.save()
        work.commit()


def _close_older(store: Engine, client: LabelStudio, current: LabelStudioProjectRow) -> list[str]:
    """Say in the titles of projects of other taxonomy versions that nobody should go on in them."""
    with UnitOfWork(store, reading=True) as work:
        rows = work.label_studio.projects(Scope(current.jurisdiction_id))
    changes = []
    for row in rows:
        if row.id == current.id or not _fits(row, client, current.purpose):
            continue
        plan = client.project(row.project)
        mark = "Closed - "
        if plan is not None and not plan.title.startswith(mark):
            client.update_project(row.project, replace(plan, title=(mark + plan.title)[:_MOST_TITLE]))
            changes.append(f"closed project {row.project} of taxonomy {row.taxonomy_id} {row.taxonomy_version}")
    return changes


def _connect(client: LabelStudio, row: LabelStudioProjectRow, callback: Callback) -> list[str]:
    """Let Label Studio call our server: one webhook with the secret, and for first codings one ML backend."""
    base = callback.url.rstrip("/")
    changes = []
    wanted = {SECRET_HEADER: callback.secret}
    ours = [hook for hook in client.webhooks(row.project) if hook.url.endswith(EVENTS_PATH)]
    good = [hook for hook in ours if _is_good(hook, base + EVENTS_PATH, wanted)]
    for hook in ours:
        if hook not in good[:1]:
            client.remove_webhook(hook.number)
    if not good:
        client.add_webhook(row.project, base + EVENTS_PATH, wanted)
        changes.append("connected the webhook")
    if row.purpose == "first":
        changes += _connect_backend(client, row.project, base + BACKEND_PATH, callback.secret, renew=not good)
    return changes


def _is_good(hook: Webhook, url: str, headers: dict[str, str]) -> bool:
    return hook.active and hook.url == url and dict(hook.headers) == headers and set(hook.actions) == set(ACTIONS)


def _connect_backend(client: LabelStudio, project: int, url: str, secret: str, *, renew: bool) -> list[str]:
    """Connect the ML backend; its password cannot be read back, so it is renewed with the webhook's secret."""
    ours = [backend for backend in client.backends(project) if backend.url.endswith(BACKEND_PATH)]
    if len(ours) == 1 and ours[0].url == url and not renew:
        return []
    for backend in ours:
        client.remove_backend(backend.number)
    client.add_backend(project, url, secret)
    # Label Studio makes a webhook of its own for a backend, which sends whole tasks and knows no secret.
    for hook in client.webhooks(project):
        if hook.url.endswith(f"{BACKEND_PATH}/webhook"):
            client.remove_webhook(hook.number)
    return ["connected the ML backend"]
