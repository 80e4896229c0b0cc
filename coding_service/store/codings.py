"""Codings: one person's pass over one narrative, opened once and closed once."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from coding_service.store.repository import Repository, chunks
from coding_service.store.rows import CodingRow, Origin, QueueRow
from coding_service.store.scope import Scope, missing


class CodingFacts(NamedTuple):
    """A coding as gold and agreement read it."""

    id: str
    narrative_id: str
    person_id: str
    jurisdiction_id: str
    blind: bool
    snapshot_id: str | None
    taxonomy_id: str
    taxonomy_version: str
    closed_at: datetime | None
    complete: bool
    independent: bool
    origin: Origin
    skipped_reason: str | None

    @property
    def skipped(self) -> bool:
        """Whether its coder passed the narrative over; what was decided before that is no opinion."""
        return bool(self.skipped_reason)


class Codings(Repository):
    """The codings of narratives."""

    def open(self, scope: Scope, row: CodingRow) -> CodingRow:
        """Add a coding; a person has one for each narrative and taxonomy version, else ConflictError."""
        scope.require(row.jurisdiction_id, "narrative")
        self._add(row)
        queued = update(QueueRow).where(QueueRow.narrative_id == row.narrative_id)
        self._session.execute(queued.values(last_coder_id=row.person_id))
        return row

    def get(self, scope: Scope, coding_id: str) -> CodingRow:
        """Give a coding."""
        return self._get(CodingRow, scope, coding_id, "coding")

    def hold(self, scope: Scope, coding_id: str) -> CodingRow:
        """Give a coding as it is now, and keep others from changing it until this unit of work ends."""
        row = self._session.get(CodingRow, coding_id, with_for_update=True, populate_existing=True)
        if row is None or not scope.holds(row.jurisdiction_id):
            raise missing("coding")
        return row

    def of_person(self, scope: Scope, narrative_id: str, person_id: str) -> list[CodingRow]:
        """List a person's own codings of a narrative, latest first; more than one only after a taxonomy change."""
        query = select(CodingRow).where(
            scope.where(CodingRow.jurisdiction_id),
            CodingRow.narrative_id == narrative_id,
            CodingRow.person_id == person_id,
        )
        return list(self._session.scalars(query.order_by(CodingRow.opened_at.desc(), CodingRow.id)))

    def of_narrative(self, scope: Scope, narrative_id: str) -> list[CodingRow]:
        """List all codings of a narrative, oldest first; only an adjudicator may be shown them."""
        query = select(CodingRow).where(scope.where(CodingRow.jurisdiction_id), CodingRow.narrative_id == narrative_id)
        return list(self._session.scalars(query.order_by(CodingRow.opened_at, CodingRow.id)))

    def close(self, scope: Scope, coding_id: str, *, complete: bool, skipped_reason: str | None = None) -> CodingRow:
        """Close a coding, complete or not; closing again may change how, not when."""
        row = self.get(scope, coding_id)
        row.closed_at = row.closed_at or self._clock()
        row.complete = complete
        row.skipped_reason = skipped_reason
        self._flush()
        return row

    def show(self, scope: Scope, coding_id: str, snapshot_id: str) -> CodingRow:
        """Record what was shown to the coder first; later snapshots leave it as it is."""
        row = self.get(scope, coding_id)
        row.snapshot_id = row.snapshot_id or snapshot_id
        self._flush()
        return row

    def mark_dependent(self, scope: Scope, coding_ids: Iterable[str]) -> None:
        """Flag codings whose coder could see another's; agreement leaves them out."""
        for piece in chunks(coding_ids):
            self._session.execute(
                update(CodingRow)
                .where(CodingRow.id.in_(piece), scope.where(CodingRow.jurisdiction_id))
                .values(independent=False)
            )

    def save(self) -> None:
        """Send changes of comment, missing theme and lead time to the database."""
        self._flush()

    def facts(self, scope: Scope, narrative_ids: Iterable[str] | None = None) -> Iterator[CodingFacts]:
        """Go through codings in bulk, all or those of some narratives, by narrative and time of opening."""
        columns = [getattr(CodingRow, name) for name in CodingFacts._fields]
        query = select(*columns).where(scope.where(CodingRow.jurisdiction_id))
        ordered = query.order_by(CodingRow.narrative_id, CodingRow.opened_at, CodingRow.id)
        if narrative_ids is None:
            yield from map(CodingFacts._make, self._session.execute(ordered.execution_options(yield_per=5000)))
            return
        for piece in chunks(narrative_ids):
            yield from map(CodingFacts._make, self._session.execute(ordered.where(CodingRow.narrative_id.in_(piece))))
