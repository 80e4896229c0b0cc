"""The queue: what each narrative waits for, who holds it now, and the next one for a coder."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, or_, select, update

from coding_service.store.repository import Repository
from coding_service.store.rows import CodingRow, LeaseRow, NarrativeRow, QueueRow, QueueState, ReviewRow
from coding_service.store.scope import Scope


class QueueItem(NamedTuple):
    """A narrative that waits, and why."""

    narrative_id: str
    review_id: str
    jurisdiction_id: str
    state: QueueState
    priority: float
    reason: str
    blind: bool


class Queue(Repository):
    """Narratives on their way to gold, and the leases on them."""

    def next(
        self, scope: Scope, person_id: str, states: Sequence[QueueState], *, limit: int = 1, exclude: Sequence[str] = ()
    ) -> list[QueueItem]:
        """List what waits for a person, most urgent first.

        Parameters
        ----------
        scope : Scope
            What the person may see.
        person_id : str
            Who asks; narratives that they coded, or that another holds a live lease on, are left out.
        states : sequence of str
            What may be waited for.
        limit : int
            Most items to give.
        exclude : sequence of str
            Narrative ids to leave out.
        """
        # Of NOT EXISTS PostgreSQL makes a join, and, while it lacks statistics, sorts the whole queue after it: so what
        # the person coded is looked up row by row, in the order of the index, and what others hold is read once.
        coded = (
            select(CodingRow.narrative_id)
            .where(CodingRow.narrative_id == QueueRow.narrative_id, CodingRow.person_id == person_id)
            .limit(1)
            .scalar_subquery()
        )
        held = select(LeaseRow.narrative_id).where(
            scope.where(LeaseRow.jurisdiction_id), LeaseRow.person_id != person_id, LeaseRow.until > self._clock()
        )
        waiting = select(QueueRow.narrative_id).where(
            scope.where(QueueRow.jurisdiction_id),
            or_(QueueRow.last_coder_id.is_(None), QueueRow.last_coder_id != person_id),
            QueueRow.narrative_id.not_in(held),
            coded.is_(None),
        )
        if exclude:
            waiting = waiting.where(QueueRow.narrative_id.not_in(exclude))
        ordered = waiting.order_by(*_URGENCY).limit(limit)
        # One query a state: an index gives each of them in order, where all together would have to be sorted.
        ids = [each for state in states for each in self._session.scalars(ordered.where(QueueRow.state == state))]
        found = self._session.execute(_ITEMS.where(QueueRow.narrative_id.in_(ids))) if ids else ()
        items = map(QueueItem._make, found)
        return sorted(items, key=lambda item: (item.priority, item.narrative_id), reverse=True)[:limit]

    def get(self, scope: Scope, narrative_id: str) -> QueueRow:
        """Give where a narrative stands."""
        return self._get(QueueRow, scope, narrative_id, "narrative")

    def hold(self, scope: Scope, narrative_id: str) -> QueueRow:
        """Give where a narrative stands now, and keep others from moving it until this unit of work ends."""
        row = self.get(scope, narrative_id)
        self._session.refresh(row, with_for_update=True)
        return row

    def waiting(self, scope: Scope, states: Sequence[QueueState], *, limit: int | None = None) -> list[QueueItem]:
        """List all that wait, most urgent first, leases or not."""
        query = _ITEMS.where(scope.where(QueueRow.jurisdiction_id), QueueRow.state.in_(states))
        ordered = query.order_by(*_URGENCY).limit(limit)
        return [QueueItem._make(row) for row in self._session.execute(ordered)]

    def counts(self, scope: Scope) -> dict[tuple[QueueState, str], int]:
        """Count narratives by state and reason."""
        query = select(QueueRow.state, QueueRow.reason, func.count()).where(scope.where(QueueRow.jurisdiction_id))
        return {
            (state, reason): count
            for state, reason, count in self._session.execute(query.group_by(QueueRow.state, QueueRow.reason))
        }

    def move(
        self, scope: Scope, narrative_id: str, state: QueueState, *, reason: str = "", priority: float | None = None
    ) -> None:
        """Say what a narrative waits for from now on; a priority of None stays as it was."""
        row = self.get(scope, narrative_id)
        row.state, row.reason, row.changed_at = state, reason, self._clock()
        row.priority = row.priority if priority is None else priority
        self._flush()

    def rank(self, scope: Scope, ranking: Mapping[str, tuple[float, str]]) -> None:
        """Set priority and reason of many narratives, by id; those outside the scope are left alone."""
        statement = (
            update(QueueRow.__table__)  # type: ignore[arg-type]  # the table itself: a bulk update by another key
            .where(QueueRow.narrative_id == bindparam("which"), scope.where(QueueRow.jurisdiction_id))
            .values(priority=bindparam("urgency"), reason=bindparam("why"))
        )
        rows = [
            {"which": narrative_id, "urgency": priority, "why": why}
            for narrative_id, (priority, why) in ranking.items()
        ]
        if rows:
            self._connection.execute(statement, rows)

    def lease(
        self, scope: Scope, narrative_id: str, person_id: str, *, seconds: float, reason: str = ""
    ) -> LeaseRow | None:
        """Keep a narrative for a person, anew or longer; None where another holds it."""
        queued = self._session.scalars(
            select(QueueRow)
            .where(QueueRow.narrative_id == narrative_id, scope.where(QueueRow.jurisdiction_id))
            .with_for_update()
        ).one_or_none()
        if queued is None:
            return None
        row = self._session.get(LeaseRow, narrative_id, populate_existing=True)
        now = self._clock()
        until = now + timedelta(seconds=seconds)
        if row is None:
            return self._add(
                LeaseRow(
                    narrative_id=narrative_id,
                    jurisdiction_id=queued.jurisdiction_id,
                    person_id=person_id,
                    until=until,
                    reason=reason,
                )
            )
        if row.person_id != person_id and row.until > now:
            return None
        row.person_id, row.until, row.reason = person_id, until, reason
        self._flush()
        return row

    def lease_of(self, scope: Scope, narrative_id: str) -> LeaseRow | None:
        """Give the live lease on a narrative, or None."""
        query = select(LeaseRow).where(
            LeaseRow.narrative_id == narrative_id, LeaseRow.until > self._clock(), scope.where(LeaseRow.jurisdiction_id)
        )
        return self._session.scalars(query).one_or_none()

    def leases_of(self, scope: Scope, person_id: str) -> list[LeaseRow]:
        """List the live leases of a person."""
        query = select(LeaseRow).where(
            LeaseRow.person_id == person_id, LeaseRow.until > self._clock(), scope.where(LeaseRow.jurisdiction_id)
        )
        return list(self._session.scalars(query.order_by(LeaseRow.until)))

    def release(self, scope: Scope, narrative_id: str, person_id: str) -> None:
        """Give a person's lease back; without one nothing happens."""
        self._session.execute(
            delete(LeaseRow).where(
                LeaseRow.narrative_id == narrative_id,
                LeaseRow.person_id == person_id,
                scope.where(LeaseRow.jurisdiction_id),
            )
        )


_URGENCY = (QueueRow.priority.desc(), QueueRow.narrative_id.desc())
_ITEMS = (
    select(
        QueueRow.narrative_id,
        NarrativeRow.review_id,
        QueueRow.jurisdiction_id,
        QueueRow.state,
        QueueRow.priority,
        QueueRow.reason,
        ReviewRow.blind,
    )
    .join(NarrativeRow, NarrativeRow.id == QueueRow.narrative_id)
    .join(ReviewRow, ReviewRow.id == NarrativeRow.review_id)
)
