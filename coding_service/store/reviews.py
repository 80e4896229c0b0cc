"""Reviews: found by their own id or by the agency's, changed only in what an agency may correct."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select

from coding_service.store.repository import Repository, chunks
from coding_service.store.rows import NarrativeRow, ReviewRow
from coding_service.store.scope import Scope


@dataclass(frozen=True)
class ReviewFilter:
    """Which reviews to list; None takes all.

    Parameters
    ----------
    cause, incident_type : str or None
        The value it must have.
    completed, blind : bool or None
        The state it must have.
    since, until : datetime.date or None
        Half-open range of the review date.
    """

    cause: str | None = None
    incident_type: str | None = None
    completed: bool | None = None
    blind: bool | None = None
    since: date | None = None
    until: date | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give the conditions of a query."""
        equal = {
            ReviewRow.cause: self.cause,
            ReviewRow.incident_type: self.incident_type,
            ReviewRow.completed: self.completed,
            ReviewRow.blind: self.blind,
        }
        found = [column == value for column, value in equal.items() if value is not None]
        if self.since is not None:
            found.append(ReviewRow.review_date >= self.since)
        if self.until is not None:
            found.append(ReviewRow.review_date < self.until)
        return found


EVERY_REVIEW = ReviewFilter()


class Reviews(Repository):
    """The critical-incident reviews."""

    def add(self, scope: Scope, row: ReviewRow) -> ReviewRow:
        """Add a review; its external id must be new in its jurisdiction."""
        scope.require(row.jurisdiction_id, "jurisdiction")
        return self._add(row)

    def get(self, scope: Scope, review_id: str) -> ReviewRow:
        """Give a review."""
        return self._get(ReviewRow, scope, review_id, "review")

    def by_external(self, scope: Scope, jurisdiction_id: str, external_id: str) -> ReviewRow | None:
        """Give the review that an agency knows by this id, or None."""
        scope.require(jurisdiction_id, "jurisdiction")
        query = select(ReviewRow).where(
            ReviewRow.jurisdiction_id == jurisdiction_id, ReviewRow.external_id == external_id
        )
        return self._session.scalars(query).one_or_none()

    def by_ids(self, scope: Scope, review_ids: Iterable[str]) -> dict[str, ReviewRow]:
        """Give those of many reviews that the scope holds, by id."""
        found: dict[str, ReviewRow] = {}
        for piece in chunks(review_ids):
            query = select(ReviewRow).where(ReviewRow.id.in_(piece), scope.where(ReviewRow.jurisdiction_id))
            found.update((row.id, row) for row in self._session.scalars(query))
        return found

    def page(
        self, scope: Scope, *, matching: ReviewFilter = EVERY_REVIEW, after: str = "", limit: int = 100
    ) -> list[ReviewRow]:
        """List reviews by id, from the one after a given id."""
        query = select(ReviewRow).where(
            scope.where(ReviewRow.jurisdiction_id), ReviewRow.id > after, *matching.conditions()
        )
        return list(self._session.scalars(query.order_by(ReviewRow.id).limit(limit)))

    def stream(self, scope: Scope, *, matching: ReviewFilter = EVERY_REVIEW) -> Iterator[ReviewRow]:
        """Go through reviews by jurisdiction and external id."""
        query = select(ReviewRow).where(scope.where(ReviewRow.jurisdiction_id), *matching.conditions())
        ordered = query.order_by(ReviewRow.jurisdiction_id, ReviewRow.external_id).execution_options(yield_per=1000)
        return iter(self._session.scalars(ordered))

    def count(self, scope: Scope, *, matching: ReviewFilter = EVERY_REVIEW) -> int:
        """Count reviews, those without narratives too."""
        query = select(func.count()).select_from(ReviewRow)
        return self._session.scalars(query.where(scope.where(ReviewRow.jurisdiction_id), *matching.conditions())).one()

    def narrative_counts(self, scope: Scope, review_ids: Iterable[str]) -> dict[str, int]:
        """Count the narratives of each of many reviews; a review without any is not listed."""
        found: dict[str, int] = {}
        for piece in chunks(review_ids):
            query = select(NarrativeRow.review_id, func.count()).where(
                NarrativeRow.review_id.in_(piece), scope.where(NarrativeRow.jurisdiction_id)
            )
            found.update(
                (review_id, count) for review_id, count in self._session.execute(query.group_by(NarrativeRow.review_id))
            )
        return found

    def save(self) -> None:
        """Send changes of cause, incident type, dates and completion to the database; blindness cannot change."""
        self._flush()
