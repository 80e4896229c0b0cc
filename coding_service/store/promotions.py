"""Promotions, the pointers to the bundles that are served, and the runs that made the bundles."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from coding_service.errors import ConflictError
from coding_service.store.repository import Repository
from coding_service.store.rows import PromotionRow, RunRow, RunStatus
from coding_service.store.scope import Scope, missing


class Promotions(Repository):
    """Pointers to bundles: one for all, and one for each jurisdiction that wants its own."""

    def add(self, scope: Scope, row: PromotionRow) -> PromotionRow:
        """Point at a bundle from now on; only a scope of everything may set the pointer for all."""
        scope.require(row.jurisdiction_id, "promotion")
        return self._add(row)

    def current(self) -> dict[str | None, PromotionRow]:
        """Give the pointer of each jurisdiction that has one, and under None that for all."""
        last = select(func.max(PromotionRow.sequence)).group_by(PromotionRow.jurisdiction_id)
        rows = self._session.scalars(select(PromotionRow).where(PromotionRow.sequence.in_(last)))
        return {row.jurisdiction_id: row for row in rows}

    def history(self, scope: Scope, *, limit: int = 100) -> list[PromotionRow]:
        """List promotions and rollbacks, latest first."""
        query = select(PromotionRow).where(scope.where(PromotionRow.jurisdiction_id))
        return list(self._session.scalars(query.order_by(PromotionRow.sequence.desc()).limit(limit)))

    def of_pointer(self, jurisdiction_id: str | None) -> list[PromotionRow]:
        """List all that one pointer was set to, latest first."""
        column = PromotionRow.jurisdiction_id
        query = select(PromotionRow).where(column.is_(None) if jurisdiction_id is None else column == jurisdiction_id)
        return list(self._session.scalars(query.order_by(PromotionRow.sequence.desc())))

    def last_sequence(self) -> int:
        """Give the number of the latest row, 0 without any: cheap to poll for a change."""
        return self._session.scalars(select(func.max(PromotionRow.sequence))).one() or 0


class Runs(Repository):
    """Trainings."""

    def begin(self, scope: Scope, row: RunRow, *, stale_seconds: float) -> RunRow:
        """Start a run, one at a time; runs without a heartbeat for so long are set down as crashed.

        Raises
        ------
        ConflictError
            If another run is at work.
        """
        scope.require(row.jurisdiction_id, "run")
        now = self._clock()
        if not self._on_sqlite:  # SQLite has one writer anyway
            self._session.execute(text("LOCK TABLE run IN SHARE ROW EXCLUSIVE MODE"))
        dead = RunRow.status == "running", RunRow.heartbeat_at < now - timedelta(seconds=stale_seconds)
        self._session.execute(update(RunRow).where(*dead).values(status="crashed", ended_at=now))
        if self._session.scalars(select(RunRow.id).where(RunRow.status == "running")).first() is not None:
            raise ConflictError(
                "Another training is at work.", hint="Wait for it to end; a crashed one is noticed by itself."
            )
        return self._add(row)

    def get(self, scope: Scope, run_id: str) -> RunRow:
        """Give a run."""
        return self._get(RunRow, scope, run_id, "run")

    def beat(self, run_id: str) -> None:
        """Say that a run is still at work.

        Raises
        ------
        NotFoundError
            If it is not: it was set down as crashed, or has ended.
        """
        alive = RunRow.id == run_id, RunRow.status == "running"
        touched = self._session.execute(
            update(RunRow).where(*alive).values(heartbeat_at=self._clock()).returning(RunRow.id)
        )
        if touched.first() is None:
            raise missing("running training")

    def trains_on(self, scope: Scope, run_id: str, snapshot_fingerprint: str) -> RunRow:
        """Set down which narratives a run trains on."""
        row = self.get(scope, run_id)
        row.snapshot_fingerprint = snapshot_fingerprint
        self._flush()
        return row

    def end(
        self, scope: Scope, run_id: str, status: RunStatus, *, bundle_id: str | None = None, report: dict[str, Any]
    ) -> RunRow:
        """Set down how a run ended."""
        row = self.get(scope, run_id)
        row.status, row.ended_at, row.report = status, self._clock(), report
        row.bundle_id = bundle_id or row.bundle_id
        self._flush()
        return row

    def all(self, scope: Scope, *, limit: int = 100) -> list[RunRow]:
        """List runs, latest first."""
        query = select(RunRow).where(scope.where(RunRow.jurisdiction_id))
        return list(self._session.scalars(query.order_by(RunRow.started_at.desc()).limit(limit)))
