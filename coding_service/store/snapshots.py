"""Snapshots: what was shown to whom, and the frozen sets that bundles are compared on."""

from sqlalchemy import select

from coding_service.store.repository import Repository
from coding_service.store.rows import EvaluationSnapshotRow, SuggestionSnapshotRow
from coding_service.store.scope import Scope, missing


class SuggestionSnapshots(Repository):
    """What people were shown."""

    def add(self, scope: Scope, row: SuggestionSnapshotRow) -> SuggestionSnapshotRow:
        """Add what a person was shown."""
        scope.require(row.jurisdiction_id, "narrative")
        return self._add(row)

    def get(self, scope: Scope, snapshot_id: str) -> SuggestionSnapshotRow:
        """Give a snapshot."""
        return self._get(SuggestionSnapshotRow, scope, snapshot_id, "snapshot")

    def shown_to(self, scope: Scope, narrative_id: str, person_id: str) -> list[SuggestionSnapshotRow]:
        """List what a person was shown for a narrative, latest first."""
        query = select(SuggestionSnapshotRow).where(
            scope.where(SuggestionSnapshotRow.jurisdiction_id),
            SuggestionSnapshotRow.narrative_id == narrative_id,
            SuggestionSnapshotRow.person_id == person_id,
        )
        return list(self._session.scalars(query.order_by(SuggestionSnapshotRow.shown_at.desc())))


class EvaluationSnapshots(Repository):
    """Frozen gold."""

    def add(self, scope: Scope, row: EvaluationSnapshotRow) -> EvaluationSnapshotRow:
        """Add a frozen set, or give the one that has the same fingerprint already."""
        scope.require(row.jurisdiction_id, "evaluation snapshot")
        query = select(EvaluationSnapshotRow).where(EvaluationSnapshotRow.fingerprint == row.fingerprint)
        return self._session.scalars(query).one_or_none() or self._add(row)

    def get(self, scope: Scope, fingerprint: str) -> EvaluationSnapshotRow:
        """Give the frozen set of a fingerprint."""
        query = select(EvaluationSnapshotRow).where(
            EvaluationSnapshotRow.fingerprint == fingerprint, scope.where(EvaluationSnapshotRow.jurisdiction_id)
        )
        row = self._session.scalars(query).one_or_none()
        if row is None:
            raise missing(f"evaluation snapshot {fingerprint!r}")
        return row

    def latest(self, scope: Scope) -> EvaluationSnapshotRow | None:
        """Give the last frozen set of the scope, or None."""
        query = select(EvaluationSnapshotRow).where(scope.where(EvaluationSnapshotRow.jurisdiction_id))
        return self._session.scalars(query.order_by(EvaluationSnapshotRow.created_at.desc()).limit(1)).one_or_none()
