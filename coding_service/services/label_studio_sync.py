"""Makes the store hold the annotations that Label Studio holds: each once, whatever was missed, repeated or reordered.

Label Studio is asked for the present state of a task, and differences are written; a webhook only says which task.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coding_service.errors import ConflictError, LabelStudioError
from coding_service.label_studio.annotation import AnnotationRecord
from coding_service.label_studio.config import config_sha256, read_config
from coding_service.label_studio.port import LabelStudio
from coding_service.label_studio.reading import fingerprint, read_annotation
from coding_service.services.current_taxonomy import stored_taxonomy
from coding_service.services.label_studio_adjudications import settle_adjudication, withdraw_adjudication
from coding_service.services.label_studio_codings import Place, Settled, settle_coding, withdraw_coding
from coding_service.services.stages import Doubling
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.store.rows import LabelStudioAnnotationRow, LabelStudioProjectRow, LabelStudioTaskRow

TASKS_AT_ONCE = 200
"""Tasks that are asked for, and settled in one transaction."""

MOST_PASSES = 10
"""Times that a task is asked for in a row where others settle it, too; the next synchronisation goes on."""

Watch = Callable[[Sequence[Sequence[int]]], Iterable[Sequence[int]]]
"""Passes pieces of work on while it shows how far they are."""

ReadAt = dict[int, dict[int, datetime]]
"""Task -> annotation -> when its state was settled, so that what another process settled meanwhile is noticed."""


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
        projects = self.projects(scope)
        newest = {(project.jurisdiction_id, project.purpose): project.id for project in projects}
        for project in projects:
            found = self._pull_project(project, annotators, watch)
            if found is not None:
                report.add(found)
            elif project.id in newest.values():
                report.problems.append(gone_problem(project))
        return report

    def read_tasks(
        self, project: LabelStudioProjectRow, tasks: Sequence[int], annotators: Mapping[int, str]
    ) -> SyncReport:
        """Settle the present state of some tasks, and ask again for those that were changed until none is.

        Another process may settle an older answer of Label Studio at the same time. Whoever changes a task last looks
        once more after that, so that an older answer never stays.

        Raises
        ------
        LabelStudioError
            If Label Studio cannot be reached, or others change the same tasks all the time.
        """
        findings = _Findings(project.project)
        for passes_left in reversed(range(MOST_PASSES)):
            before = self._read_at(project, tasks)
            found = {int(task["id"]): task for task in self.client.annotated(project.project, tasks)}
            answers = {task: found.get(task, {}).get("annotations") or () for task in tasks}
            try:
                tasks = self._settle(project, answers, before, annotators, findings)
            except ConflictError:  # of two that wrote the same first row, the other was faster
                if not passes_left:
                    raise
                continue
            if not tasks:
                return findings.report()
        raise LabelStudioError(
            f"{len(tasks)} tasks of project {project.project} change faster than they can be read.",
            hint="Run `io-coding label-studio sync` again.",
        )

    def _settle(
        self,
        project: LabelStudioProjectRow,
        answers: Mapping[int, Sequence[Mapping[str, Any]]],
        before: ReadAt,
        annotators: Mapping[int, str],
        findings: "_Findings",
    ) -> list[int]:
        """Settle answers in one transaction; gives the tasks that are to be asked for again."""
        again = []
        with UnitOfWork(self.store) as work:
            settling = _Settling(work, project, self.doubling, annotators, findings)
            settling.hold(answers)
            for task, annotations in answers.items():
                if settling.read_at(task) != before.get(task, {}) or settling.task(task, annotations):
                    again.append(task)
            work.commit()
        return again

    def _read_at(self, project: LabelStudioProjectRow, tasks: Sequence[int]) -> ReadAt:
        with UnitOfWork(self.store, reading=True) as work:
            rows = work.label_studio.annotations_of_tasks(project.id, tasks)
        moments: ReadAt = {}
        for row in rows:
            moments.setdefault(row.task, {})[row.annotation] = row.read_at
        return moments

    def _pull_project(
        self, project: LabelStudioProjectRow, annotators: Mapping[int, str], watch: Watch
    ) -> SyncReport | None:
        """Read every annotation of a project; None where it is gone."""
        plan = self.client.project(project.project)
        if plan is None:
            return None
        report = SyncReport(problems=_config_problems(project, plan.config))
        with UnitOfWork(self.store, reading=True) as work:
            known = work.label_studio.annotations(Scope(project.jurisdiction_id), project.id).values()
        wanted = {row.task for row in known if not row.gone}
        wanted |= {state.task for state in self.client.tasks(project.project) if state.annotations}
        ordered = sorted(wanted)
        pieces = [ordered[first : first + TASKS_AT_ONCE] for first in range(0, len(ordered), TASKS_AT_ONCE)]
        for piece in watch(pieces):
            report.add(self.read_tasks(project, piece, annotators))
        return report


def gone_problem(project: LabelStudioProjectRow) -> SyncProblem:
    """Say that a project was deleted in Label Studio; what was read from it stays."""
    return SyncProblem(project.project, None, None, "The project is gone from Label Studio.")


def _config_problems(project: LabelStudioProjectRow, config: str) -> list[SyncProblem]:
    if config_sha256(config) == project.config_sha256:
        return []
    told = "The labelling config was edited in Label Studio."
    try:
        named = read_config(config)
    except LabelStudioError:
        told = "The labelling config was edited in Label Studio, and names no taxonomy."
    else:
        if named.sha256 != project.taxonomy_sha256:
            told = f"The labelling config is of taxonomy {named.id!r} {named.version}, the project is of another."
    return [SyncProblem(project.project, None, None, f"{told} Run `io-coding label-studio init`.")]


class _Findings:
    """What one reading of tasks found, each annotation once however often it was asked for."""

    def __init__(self, project: int) -> None:
        self.seen: set[int] = set()
        self.changed = 0
        self.withdrawn = 0
        self._project = project
        self._problems: dict[int, SyncProblem] = {}

    def note(self, task: int, annotation: int, problem: str | None) -> None:
        """Keep the last problem of an annotation, None for none."""
        self._problems.pop(annotation, None)
        if problem is not None:
            self._problems[annotation] = SyncProblem(self._project, task, annotation, problem)

    def report(self) -> SyncReport:
        """Give it as a report."""
        return SyncReport(len(self.seen), self.changed, self.withdrawn, list(self._problems.values()))


class _Settling:
    """Settles tasks of one project in one transaction."""

    def __init__(
        self,
        work: UnitOfWork,
        project: LabelStudioProjectRow,
        doubling: Doubling,
        annotators: Mapping[int, str],
        findings: _Findings,
    ) -> None:
        self._work = work
        self._project = project
        self._doubling = doubling
        self._annotators = annotators
        self._findings = findings
        self._taxonomy = stored_taxonomy(work, project.taxonomy_id, project.taxonomy_version)
        self._rows: dict[int, LabelStudioTaskRow] = {}

    def hold(self, tasks: Iterable[int]) -> None:
        """Keep other processes from settling the narratives of tasks, in an order that is the same for all."""
        scope = Scope(self._project.jurisdiction_id)
        self._rows = self._work.label_studio.tasks(scope, self._project.id, tasks)
        for narrative_id in sorted(row.narrative_id for row in self._rows.values()):
            self._work.queue.hold(scope, narrative_id)

    def read_at(self, task: int) -> dict[int, datetime]:
        """Tell which annotations of a task were read, and when."""
        rows = self._work.label_studio.annotations_of_tasks(self._project.id, [task])
        return {row.annotation: row.read_at for row in rows}

    def task(self, number: int, annotations: Sequence[Mapping[str, Any]]) -> bool:
        """Settle the annotations that a task has now: deleted ones first, so that another can take their place.

        Returns
        -------
        bool
            Whether the store held something else.
        """
        known = {
            row.annotation: row for row in self._work.label_studio.annotations_of_tasks(self._project.id, [number])
        }
        row = self._rows.get(number)
        place = None if row is None else Place(self._project, row, self._taxonomy, self._doubling)
        present = {int(annotation["id"]): annotation for annotation in annotations}
        changed = False
        for annotation, old in known.items():
            if annotation not in present and not old.gone:
                self._withdraw(place, old)
                changed = True
        for annotation in sorted(present):
            self._findings.seen.add(annotation)
            changed |= self._annotation(place, number, present[annotation], known.get(annotation))
        return changed

    def _place_of(self, narrative_id: str | None) -> Place | None:
        """Find where a narrative is now, whose own task was deleted in Label Studio and pushed anew."""
        scope = Scope(self._project.jurisdiction_id)
        ids = [] if narrative_id is None else [narrative_id]
        rows = self._work.label_studio.tasks_of_narratives(scope, self._project.id, ids)
        return next((Place(self._project, row, self._taxonomy, self._doubling) for row in rows.values()), None)

    def _withdraw(self, place: Place | None, row: LabelStudioAnnotationRow) -> None:
        place = place or self._place_of(row.narrative_id)
        if place is not None:
            withdraw = withdraw_adjudication if self._project.purpose == "adjudication" else withdraw_coding
            withdraw(self._work, place, row)
        row.gone = True
        row.read_at = self._work.now()
        self._work.label_studio.save()
        self._findings.note(row.task, row.annotation, None)
        self._findings.withdrawn += 1

    def _annotation(
        self,
        place: Place | None,
        task: int,
        annotation: Mapping[str, Any],
        known: LabelStudioAnnotationRow | None,
    ) -> bool:
        digest = fingerprint(annotation)
        same = known is not None and known.payload_sha256 == digest and not known.gone
        if same and known is not None and known.problem is None:
            return False
        text = "" if place is None else self._work.narratives.get(place.scope, place.task.narrative_id).text
        record = read_annotation({**annotation, "task": task}, self._taxonomy, text, self._annotators)
        settled = self._settle(place, record)
        problems = [*(record.problems if place is not None else ()), settled.problem]
        problem = " ".join(filter(None, problems)) or None
        self._findings.note(task, record.annotation, problem)
        self._findings.changed += settled.changed
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
        return settled.changed or not same

    def _settle(self, place: Place | None, record: AnnotationRecord) -> Settled:
        if place is None:
            return Settled(problem="The task was not pushed from here.")
        if self._project.purpose == "adjudication":
            return settle_adjudication(self._work, place, record)
        return settle_coding(self._work, place, record)
