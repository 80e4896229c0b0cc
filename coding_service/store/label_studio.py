"""How the store remembers Label Studio: its projects, tasks, annotations, and webhooks not yet read."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from coding_service.store.repository import Repository, chunks
from coding_service.store.rows import (
    LabelStudioAnnotationRow,
    LabelStudioInboxRow,
    LabelStudioProjectRow,
    LabelStudioTaskRow,
)
from coding_service.store.scope import Scope, missing


class LabelStudioLinks(Repository):
    """Projects, tasks and annotations; `project_id` is our id of a project, `project` Label Studio's number."""

    def add_project(self, scope: Scope, row: LabelStudioProjectRow) -> LabelStudioProjectRow:
        """Add a project of a jurisdiction."""
        scope.require(row.jurisdiction_id, "jurisdiction")
        return self._add(row)

    def project(self, scope: Scope, project_id: str) -> LabelStudioProjectRow:
        """Give a project by our id."""
        return self._get(LabelStudioProjectRow, scope, project_id, "Label Studio project")

    def project_numbered(self, base_url: str, project: int) -> LabelStudioProjectRow:
        """Give a project by Label Studio's number on a server, whosever it is: webhooks carry no key."""
        query = select(LabelStudioProjectRow).where(
            LabelStudioProjectRow.base_url == base_url, LabelStudioProjectRow.project == project
        )
        row = self._session.scalars(query).one_or_none()
        if row is None:
            raise missing(f"Label Studio project {project}")
        return row

    def projects(self, scope: Scope) -> list[LabelStudioProjectRow]:
        """List the projects of the scope, oldest first."""
        query = select(LabelStudioProjectRow).where(scope.where(LabelStudioProjectRow.jurisdiction_id))
        return list(self._session.scalars(query.order_by(LabelStudioProjectRow.created_at)))

    def add_tasks(self, scope: Scope, rows: Sequence[LabelStudioTaskRow]) -> None:
        """Add pushed tasks; a project has at most one for a narrative, else ConflictError."""
        for row in rows:
            scope.require(row.jurisdiction_id, "narrative")
        self._session.add_all(rows)
        self._flush()

    def task(self, project_id: str, task: int) -> LabelStudioTaskRow | None:
        """Give a task of a project by Label Studio's number, or None."""
        query = select(LabelStudioTaskRow).where(
            LabelStudioTaskRow.project_id == project_id, LabelStudioTaskRow.task == task
        )
        return self._session.scalars(query).one_or_none()

    def tasks(
        self, scope: Scope, project_id: str, numbers: Iterable[int] | None = None
    ) -> dict[int, LabelStudioTaskRow]:
        """Give the tasks of a project by Label Studio's number, all or some."""
        query = select(LabelStudioTaskRow).where(
            LabelStudioTaskRow.project_id == project_id, scope.where(LabelStudioTaskRow.jurisdiction_id)
        )
        if numbers is not None:
            query = query.where(LabelStudioTaskRow.task.in_(list(numbers)))
        return {row.task: row for row in self._session.scalars(query.order_by(LabelStudioTaskRow.task))}

    def tasks_of_narratives(
        self, scope: Scope, project_id: str, narrative_ids: Iterable[str]
    ) -> dict[str, LabelStudioTaskRow]:
        """Give the tasks that narratives have in a project, by narrative id."""
        found: dict[str, LabelStudioTaskRow] = {}
        for piece in chunks(narrative_ids):
            query = select(LabelStudioTaskRow).where(
                LabelStudioTaskRow.project_id == project_id,
                LabelStudioTaskRow.narrative_id.in_(piece),
                scope.where(LabelStudioTaskRow.jurisdiction_id),
            )
            found.update((row.narrative_id, row) for row in self._session.scalars(query))
        return found

    def put_annotation(self, scope: Scope, row: LabelStudioAnnotationRow) -> LabelStudioAnnotationRow:
        """Set down the state of an annotation that was read, over any earlier one."""
        scope.require(row.jurisdiction_id, "Label Studio project")
        known = self.annotation(row.project_id, row.annotation)
        if known is None:
            return self._add(row)
        for name in (
            "task",
            "narrative_id",
            "coding_id",
            "person_id",
            "updated_at",
            "payload_sha256",
            "gone",
            "problem",
            "read_at",
        ):
            setattr(known, name, getattr(row, name))
        self._flush()
        return known

    def annotation(self, project_id: str, annotation: int) -> LabelStudioAnnotationRow | None:
        """Give the last read state of an annotation by Label Studio's number, or None."""
        query = select(LabelStudioAnnotationRow).where(
            LabelStudioAnnotationRow.project_id == project_id, LabelStudioAnnotationRow.annotation == annotation
        )
        return self._session.scalars(query).one_or_none()

    def annotations(self, scope: Scope, project_id: str) -> dict[int, LabelStudioAnnotationRow]:
        """Give the last read state of each annotation of a project, by Label Studio's number."""
        query = select(LabelStudioAnnotationRow).where(
            LabelStudioAnnotationRow.project_id == project_id, scope.where(LabelStudioAnnotationRow.jurisdiction_id)
        )
        return {
            row.annotation: row for row in self._session.scalars(query.order_by(LabelStudioAnnotationRow.annotation))
        }

    def annotations_of_narrative(self, scope: Scope, narrative_id: str) -> list[LabelStudioAnnotationRow]:
        """List the last read states of a narrative's annotations in every project, by Label Studio's number."""
        query = select(LabelStudioAnnotationRow).where(
            LabelStudioAnnotationRow.narrative_id == narrative_id, scope.where(LabelStudioAnnotationRow.jurisdiction_id)
        )
        return list(self._session.scalars(query.order_by(LabelStudioAnnotationRow.annotation)))

    def annotations_of_tasks(self, project_id: str, tasks: Iterable[int]) -> list[LabelStudioAnnotationRow]:
        """List the last read states of the annotations of some tasks, by Label Studio's number."""
        query = select(LabelStudioAnnotationRow).where(
            LabelStudioAnnotationRow.project_id == project_id, LabelStudioAnnotationRow.task.in_(list(tasks))
        )
        return list(self._session.scalars(query.order_by(LabelStudioAnnotationRow.annotation)))

    def save(self) -> None:
        """Send changes of a project's config and of a task's prediction to the database."""
        self._flush()


class LabelStudioInbox(Repository):
    """Webhooks as they came."""

    def put(self, row: LabelStudioInboxRow) -> bool:
        """Keep a webhook; False where the same one is there already."""
        make = sqlite.insert if self._on_sqlite else postgresql.insert
        columns = {
            column.name: getattr(row, column.name)
            for column in LabelStudioInboxRow.__table__.columns
            if column.name != "sequence"
        }
        statement = (
            make(LabelStudioInboxRow)
            .values(columns)
            .on_conflict_do_nothing(index_elements=["action", "payload_sha256"])
        )
        return self._session.execute(statement.returning(LabelStudioInboxRow.id)).first() is not None

    def waiting(self, *, limit: int = 100) -> list[LabelStudioInboxRow]:
        """List webhooks not yet read, oldest first; no other transaction gets the same ones meanwhile."""
        query = select(LabelStudioInboxRow).where(LabelStudioInboxRow.handled_at.is_(None))
        ordered = query.order_by(LabelStudioInboxRow.sequence).limit(limit)
        return list(self._session.scalars(ordered.with_for_update(skip_locked=True)))

    def handled(self, inbox_id: str, *, problem: str | None = None) -> None:
        """Set down that a webhook was read, and what was wrong with it."""
        change = update(LabelStudioInboxRow).where(LabelStudioInboxRow.id == inbox_id)
        self._session.execute(change.values(handled_at=self._clock(), problem=problem))
