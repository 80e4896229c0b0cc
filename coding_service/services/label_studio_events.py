"""Webhooks of Label Studio: kept at once without any content, worked off later by asking for the present state."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any

from coding_service.errors import InputError, LabelStudioError, NotFoundError
from coding_service.label_studio.port import ACTIONS
from coding_service.services.label_studio_sync import Reader, SyncProblem, SyncReport, gone_problem
from coding_service.store import Engine, UnitOfWork
from coding_service.store.rows import LabelStudioInboxRow, LabelStudioProjectRow

AT_ONCE = 200

_one_at_a_time = Lock()
_at_work_or_next = BoundedSemaphore(2)


@dataclass(frozen=True)
class Notice:
    """What a webhook says has happened, by numbers."""

    action: str
    project: int
    task: int | None
    annotations: tuple[int, ...]


def read_notice(body: Any) -> Notice:
    """Read the body of a webhook.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        action, project = str(body["action"]), int(body["project"]["id"])
        task = body.get("task")
        listed = body.get("annotations") or ([body["annotation"]] if body.get("annotation") else [])
        annotations = tuple(int(item["id"]) for item in listed)
        number = None if task is None else int(task["id"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "The body is no webhook of Label Studio.", hint="Run `io-coding label-studio init` to set the webhook up."
        ) from error
    return Notice(action, project, number, annotations)


def keep_event(store: Engine, body: Any, raw: bytes) -> bool:
    """Keep a webhook until it is worked off; of its content only numbers stay.

    Parameters
    ----------
    store : Engine
        The store.
    body : object
        The parsed body.
    raw : bytes
        As it came: the same bytes a second time are not kept again.

    Returns
    -------
    bool
        Whether it is new and of a kind that matters.

    Raises
    ------
    InputError
        If the body is no webhook.
    """
    notice = read_notice(body)
    if notice.action not in ACTIONS:
        return False
    row = LabelStudioInboxRow(
        action=notice.action,
        project=notice.project,
        task=notice.task,
        annotation=notice.annotations[0] if notice.annotations else None,
        payload_sha256=hashlib.sha256(raw).hexdigest(),
        payload={"annotations": list(notice.annotations)},
    )
    with UnitOfWork(store) as work:
        new = work.inbox.put(row)
        work.commit()
    return new


def work_off(reader: Reader) -> SyncReport:
    """Read the tasks that waiting webhooks name; what cannot be asked for now waits on.

    Parameters
    ----------
    reader : Reader
        What reads annotations.

    Returns
    -------
    SyncReport
        Over all tasks read.

    Raises
    ------
    LabelStudioError
        If Label Studio cannot be reached; the webhooks stay in the inbox.
    """
    report = SyncReport()
    with _one_at_a_time:
        while rows := _waiting(reader.store):
            annotators = reader.client.annotators()
            for number in sorted({row.project for row in rows}):
                report.add(_read_project(reader, number, [row for row in rows if row.project == number], annotators))
    return report


def work_off_soon(make_reader: Callable[[], Reader]) -> SyncReport:
    """Work webhooks off unless this process has somebody at work and another waiting, who will see what came meanwhile.

    Raises
    ------
    LabelStudioError
        If Label Studio cannot be reached; the webhooks stay in the inbox.
    """
    if not _at_work_or_next.acquire(blocking=False):
        return SyncReport()
    try:
        return work_off(make_reader())
    finally:
        _at_work_or_next.release()


def _waiting(store: Engine) -> list[LabelStudioInboxRow]:
    with UnitOfWork(store) as work:
        return work.inbox.waiting(limit=AT_ONCE)


def _read_project(
    reader: Reader, number: int, rows: list[LabelStudioInboxRow], annotators: Mapping[int, str]
) -> SyncReport:
    try:
        with UnitOfWork(reader.store, reading=True) as work:
            project = work.label_studio.project_numbered(reader.client.base_url, number)
            tasks = sorted(_tasks(work, project, rows))
    except NotFoundError:
        told = "The project was not set up from here."
        _handled(reader.store, rows, told)
        return SyncReport(problems=[SyncProblem(number, None, None, told)])
    try:
        report = reader.read_tasks(project, tasks, annotators) if tasks else SyncReport()
    except LabelStudioError:
        if reader.client.project(number) is not None:
            raise
        gone = gone_problem(project)
        _handled(reader.store, rows, gone.problem)
        return SyncReport(problems=[gone])
    _handled(reader.store, rows, None)
    return report


def _tasks(work: UnitOfWork, project: LabelStudioProjectRow, rows: list[LabelStudioInboxRow]) -> set[int]:
    """Collect the tasks of webhooks; a deletion names annotations alone."""
    tasks = {row.task for row in rows if row.task is not None}
    for row in rows:
        for annotation in row.payload.get("annotations", ()):
            known = work.label_studio.annotation(project.id, annotation)
            if known is not None:
                tasks.add(known.task)
    return tasks


def _handled(store: Engine, rows: list[LabelStudioInboxRow], problem: str | None) -> None:
    with UnitOfWork(store) as work:
        for row in rows:
            work.inbox.handled(row.id, problem=problem)
        work.commit()
