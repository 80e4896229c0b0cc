"""Makes the store hold the annotations that Label Studio holds: each once, whatever was missed, repeated or reordered.

Label Studio is asked for the present state of a task, and differences are written; a webhook only says which task.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coding_service.errors import LabelStudioError
from coding_service.label_studio.annotation import AnnotationRecord
from coding_service.label_studio.config import config_sha256, read_config
from coding_service.label_studio.port import LabelStudio
from coding_service.label_studio.reading import fingerprint, read_annotation
from coding_service.services.current_taxonomy import stored_taxonomy
from coding_service.services.label_studio_adjudications import settle_adjudication, withdraw_adjudication
from coding_service.services.label_studio_codings import Place, Settled, settle_coding, withdraw_coding
from coding_service.services.stages import Doubling
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.store.rows import LabelStudioAnnotationRow, LabelStudioProjectRow, utc_now

TASKS_AT_ONCE = 200
"""Tasks that are asked for, and settled in one transaction."""

Watch = Callable[[Sequence[Sequence[int]]], Iterable[Sequence[int]]]
"""Passes pieces of work on while it shows how far they are."""


@dataclass(frozen=True)
class SyncProblem:
    """What could not be read; the rest went on."""

    project: int
    task: int | None
    annotation: int | None
    problem: str


@dataclass
class SyncReport:
    """What a synchronisation found, in annotations."""

    read: int = 0
    changed: int = 0
    withdrawn: int = 0
    problems: list[SyncProblem] = field(default_factory=list)

    def add(self, other: "SyncReport") -> None:
        """Count another report in."""
        self.read += other.read
        self.changed += other.changed
        self.withdrawn += other.withdrawn
        self.problems += other.problems


@dataclass(frozen=True)
class Reader:
    """What reads annotations into the store.

    Parameters
    ----------
    store : Engine
        The store.
    client : LabelStudio
        The server.
    doubling : Doubling
        How narratives are drawn for a second coding.
    """

    store: Engine
    client: LabelStudio
    doubling: Doubling

    def projects(self, scope: Scope) -> list[LabelStudioProjectRow]:
        """List the projects of a scope on this server, oldest first."""
        with UnitOfWork(self.store, reading=True) as work:
            return [row for row in work.label_studio.projects(scope) if row.base_url == self.client.base_url]

    def pull(self, scope: Scope, *, watch: Watch = iter) -> SyncReport:
        """Read every annotation of every project of a scope.

        Raises
        ------
        LabelStudioError
            If Label Studio cannot be reached; what was read until then is kept, and the next time goes on.
        """
        report = SyncReport()
        annotators = self.client.annotators()
        for project in self.projects(scope):
            report.add(self._pull_project(project, annotators, watch))
        return report

    def read_tasks(
        self, project: LabelStudioProjectRow, tasks: Sequence[int], annotators: Mapping[int, str]
    ) -> SyncReport:
        """Ask for the present state of some tasks and settle it, in one transaction."""
        asked_at = utc_now()
        found = {int(task["id"]): task for task in self.client.annotated(project.project, tasks)}
        report = SyncReport()
        with UnitOfWork(self.store) as work:
            settling = _Settling(work, project, self.doubling, annotators, asked_at, report)
            for task in tasks:
                settling.task(task, found.get(task, {}).get("annotations") or ())
            work.commit()
        return report

    def _pull_project(self, project: LabelStudioProjectRow, annotators: Mapping[int, str], watch: Watch) -> SyncReport:
        report = SyncReport(problems=self._config_problems(project))
        if self.client.project(project.project) is None:
            return report
        with UnitOfWork(self.store, reading=True) as work:
            known = work.label_studio.annotations(Scope(project.jurisdiction_id), project.id).values()
        wanted = {row.task for row in known if not row.gone}
        wanted |= {state.task for state in self.client.tasks(project.project) if state.annotations}
        ordered = sorted(wanted)
        pieces = [ordered[first : first + TASKS_AT_ONCE] for first in range(0, len(ordered), TASKS_AT_ONCE)]
        for piece in watch(pieces):
            report.add(self.read_tasks(project, piece, annotators))
        return report

    def _config_problems(self, project: LabelStudioProjectRow) -> list[SyncProblem]:
        plan = self.client.project(project.project)
        if plan is None:
            return [SyncProblem(project.project, None, None, "The project is gone from Label Studio.")]
        if config_sha256(plan.config) == project.config_sha256:
            return []
        told = "The labelling config was edited in Label Studio."
        try:
            named = read_config(plan.config)
        except LabelStudioError:
            told = "The labelling config was edited in Label Studio, and names no taxonomy."
        else:
            if named.sha256 != project.taxonomy_sha256:
                told = f"The labelling config is of taxonomy {named.id!r} {named.version}, the project is of another."
        return [SyncProblem(project.project, None, None, f"{told} Run `io-coding label-studio init`.")]


class _Settling:
    """Settles tasks of one project in one transaction."""

    def __init__(
        self,
        work: UnitOfWork,
        project: LabelStudioProjectRow,
        doubling: Doubling,
        annotators: Mapping[int, str],
        asked_at: datetime,
        report: SyncReport,
    ) -> None:
        self._work = work
        self._project = project
        self._doubling = doubling
        self._annotators = annotators
        self._asked_at = asked_at
        self._report = report
        self._taxonomy = stored_taxonomy(work, project.taxonomy_id, project.taxonomy_version)

    def task(self, number: int, annotations: Sequence[Mapping[str, Any]]) -> None:
        """Settle the annotations that a task has now: deleted ones first, so that another can take their place."""
        known = {
            row.annotation: row for row in self._work.label_studio.annotations_of_tasks(self._project.id, [number])
        }
        row = self._work.label_studio.task(self._project.id, number)
        place = None if row is None else Place(self._project, row, self._taxonomy, self._doubling)
        present = {int(annotation["id"]): annotation for annotation in annotations}
        for number_gone, old in known.items():
            if number_gone not in present and not old.gone and old.read_at <= self._asked_at:
                self._withdraw(place, old)
        for annotation in sorted(present):
            self._report.read += 1
            self._annotation(place, number, present[annotation], known.get(annotation))

    def _withdraw(self, place: Place | None, row: LabelStudioAnnotationRow) -> None:
        if place is not None:
            withdraw = withdraw_adjudication if self._project.purpose == "adjudication" else withdraw_coding
            withdraw(self._work, place, row)
        row.gone = True
        row.read_at = self._work.now()
        self._work.label_studio.save()
        self._report.withdrawn += 1

    def _annotation(
        self,
        place: Place | None,
        task: int,
        annotation: Mapping[str, Any],
        known: LabelStudioAnnotationRow | None,
    ) -> None:
        digest = fingerprint(annotation)
        if known is not None:
            read_since = known.read_at > self._asked_at
            if read_since or (known.payload_sha256 == digest and not known.gone and known.problem is None):
                return
        text = "" if place is None else self._work.narratives.get(place.scope, place.task.narrative_id).text
        record = read_annotation({**annotation, "task": task}, self._taxonomy, text, self._annotators)
        settled = self._settle(place, record)
        problems = [*(record.problems if place is not None else ()), settled.problem]
        problem = " ".join(filter(None, problems)) or None
        if problem is not None:
            self._report.problems.append(SyncProblem(self._project.project, task, record.annotation, problem))
        self._report.changed += settled.changed
        self._work.label_studio.put_annotation(
            Scope(self._project.jurisdiction_id),
            LabelStudioAnnotationRow(
                jurisdiction_id=self._project.jurisdiction_id,
                project_id=self._project.id,
                task=task,
                annotation=record.annotation,
                narrative_id=None if place is None else place.task.narrative_id,
                coding_id=settled.coding_id,
                person_id=settled.person_id,
                updated_at=record.updated_at,
                payload_sha256=digest,
                problem=problem,
                read_at=self._work.now(),
            ),
        )

    def _settle(self, place: Place | None, record: AnnotationRecord) -> Settled:
        if place is None:
            return Settled(problem="The task was not pushed from here.")
        if self._project.purpose == "adjudication":
            return settle_adjudication(self._work, place, record)
        return settle_coding(self._work, place, record)
