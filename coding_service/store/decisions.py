"""Decisions and adjudications: only ever added, read as history or as the latest word on each code."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, func, insert, select

from coding_service.store.engine import speaking_plainly
from coding_service.store.repository import Repository, chunks
from coding_service.store.rows import AdjudicationRow, CodingRow, DecisionRow, Label, Verdict
from coding_service.store.scope import Scope


class DecisionFacts(NamedTuple):
    """The latest verdict of one coding on one code; ``withdraw`` means that nothing is said any more."""

    narrative_id: str
    coding_id: str
    code: str
    verdict: Verdict
    rating: int | None
    evidence: list[Any]
    decided_at: datetime


class AdjudicationFacts(NamedTuple):
    """The latest adjudicated label of one code of one narrative, in one taxonomy version."""

    narrative_id: str
    taxonomy_id: str
    taxonomy_version: str
    code: str
    label: Label
    person_id: str
    reason: str | None
    decided_at: datetime


_TABLE = cast("Table", DecisionRow.__table__)
_INSERT = insert(_TABLE)
_COLUMNS = [column.name for column in _TABLE.columns if column.name != "sequence"]


class Decisions(Repository):
    """Coders' verdicts."""

    def add(self, scope: Scope, coding: CodingRow, rows: Sequence[DecisionRow]) -> Sequence[DecisionRow]:
        """Add verdicts to a coding, in the order given; their `sequence` is known only to those who read them back.

        Raises
        ------
        NotFoundError
            If the coding, or a row, is outside the scope.
        """
        scope.require(coding.jurisdiction_id, "coding")
        of_coding = {
            "coding_id": coding.id,
            "narrative_id": coding.narrative_id,
            "jurisdiction_id": coding.jurisdiction_id,
        }
        for row in rows:
            for name, value in of_coding.items():
                setattr(row, name, value)
        if rows:
            # Past the ORM's bookkeeping, for this is what reviewers wait for.
            with speaking_plainly():
                self._connection.execute(_INSERT, [{name: getattr(row, name) for name in _COLUMNS} for row in rows])
        return rows

    def of_coding(self, scope: Scope, coding_id: str) -> list[DecisionRow]:
        """List every verdict of a coding, oldest first, withdrawn ones too."""
        query = select(DecisionRow).where(scope.where(DecisionRow.jurisdiction_id), DecisionRow.coding_id == coding_id)
        return list(self._session.scalars(query.order_by(DecisionRow.sequence)))

    def of_narrative(self, scope: Scope, narrative_id: str) -> list[DecisionRow]:
        """List every verdict on a narrative, oldest first, by whomever."""
        query = select(DecisionRow).where(
            scope.where(DecisionRow.jurisdiction_id), DecisionRow.narrative_id == narrative_id
        )
        return list(self._session.scalars(query.order_by(DecisionRow.sequence)))

    def latest(self, scope: Scope, narrative_ids: Iterable[str] | None = None) -> Iterator[DecisionFacts]:
        """Go through the latest verdict of each coding on each code, all or those of some narratives, in bulk."""
        last = select(func.max(DecisionRow.sequence)).where(scope.where(DecisionRow.jurisdiction_id))
        last = last.group_by(DecisionRow.coding_id, DecisionRow.code)
        columns = [getattr(DecisionRow, name) for name in DecisionFacts._fields]
        query = select(*columns).order_by(DecisionRow.narrative_id, DecisionRow.sequence)
        if narrative_ids is None:
            every = query.where(DecisionRow.sequence.in_(last)).execution_options(yield_per=5000)
            yield from map(DecisionFacts._make, self._session.execute(every))
            return
        for piece in chunks(narrative_ids):
            some = last.where(DecisionRow.narrative_id.in_(piece))
            yield from map(DecisionFacts._make, self._session.execute(query.where(DecisionRow.sequence.in_(some))))

    def count(self, scope: Scope) -> int:
        """Count all verdicts ever given."""
        query = select(func.count()).select_from(DecisionRow).where(scope.where(DecisionRow.jurisdiction_id))
        return self._session.scalars(query).one()


class Adjudications(Repository):
    """The adjudicators' word."""

    def add(self, scope: Scope, rows: Sequence[AdjudicationRow]) -> Sequence[AdjudicationRow]:
        """Add adjudicated labels, in the order given."""
        for row in rows:
            scope.require(row.jurisdiction_id, "narrative")
        self._session.add_all(rows)
        self._flush()
        return rows

    def of_narrative(self, scope: Scope, narrative_id: str) -> list[AdjudicationRow]:
        """List every adjudication of a narrative, oldest first."""
        query = select(AdjudicationRow).where(
            scope.where(AdjudicationRow.jurisdiction_id), AdjudicationRow.narrative_id == narrative_id
        )
        return list(self._session.scalars(query.order_by(AdjudicationRow.sequence)))

    def latest(self, scope: Scope, narrative_ids: Iterable[str] | None = None) -> Iterator[AdjudicationFacts]:
        """Go through the latest label of each code of each narrative, all or some, in bulk."""
        last = select(func.max(AdjudicationRow.sequence)).where(scope.where(AdjudicationRow.jurisdiction_id))
        last = last.group_by(
            AdjudicationRow.narrative_id,
            AdjudicationRow.taxonomy_id,
            AdjudicationRow.taxonomy_version,
            AdjudicationRow.code,
        )
        columns = [getattr(AdjudicationRow, name) for name in AdjudicationFacts._fields]
        query = select(*columns).order_by(AdjudicationRow.narrative_id, AdjudicationRow.sequence)
        pieces = [None] if narrative_ids is None else chunks(narrative_ids)
        for piece in pieces:
            some = last if piece is None else last.where(AdjudicationRow.narrative_id.in_(piece))
            yield from map(
                AdjudicationFacts._make, self._session.execute(query.where(AdjudicationRow.sequence.in_(some)))
            )
