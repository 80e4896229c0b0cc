"""Narratives: immutable text, read alone or in bulk with what is known of their review."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, exists, func, null, select

from coding_service.errors import InputError
from coding_service.store.repository import Repository, chunks
from coding_service.store.rows import BlindRole, CodingRow, JurisdictionRow, NarrativeRow, QueueRow, ReviewRow
from coding_service.store.scope import Scope, missing
from coding_service.store.text_hash import text_hash


class NarrativeFacts(NamedTuple):
    """A narrative with what a corpus needs to know of its review; `text` is None where it was not asked for."""

    id: str
    external_id: str
    text: str | None
    text_hash: str
    review_id: str
    review_external_id: str
    jurisdiction_id: str
    jurisdiction: str
    cause: str | None
    incident_type: str | None
    incident_date: date | None
    review_date: date | None
    blind: bool
    blind_role: BlindRole | None


def require_storable(name: str, text: str) -> None:
    """Refuse a text that a database cannot keep.

    Raises
    ------
    InputError
        If it holds a NUL, or half of a surrogate pair.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(
            f"The text of narrative {name!r} holds a NUL character or half of a surrogate pair.",
            hint="Send the text as valid Unicode without NUL characters.",
        )


class Narratives(Repository):
    """The texts of Improvement Opportunities."""

    def add(self, scope: Scope, review: ReviewRow, external_id: str, text: str) -> NarrativeRow:
        """Add a narrative to a review and to the queue; its external id must be new in the review.

        Raises
        ------
        InputError
            If the text holds what a database cannot keep: a NUL, or half of a surrogate pair.
        """
        scope.require(review.jurisdiction_id, "review")
        require_storable(external_id, text)
        row = NarrativeRow(
            jurisdiction_id=review.jurisdiction_id,
            review_id=review.id,
            external_id=external_id,
            text=text,
            text_hash=text_hash(text),
            created_at=self._clock(),
        )
        self._add(row)
        self._add(QueueRow(narrative_id=row.id, jurisdiction_id=row.jurisdiction_id, changed_at=self._clock()))
        return row

    def get(self, scope: Scope, narrative_id: str) -> NarrativeRow:
        """Give a narrative."""
        return self._get(NarrativeRow, scope, narrative_id, "narrative")

    def length(self, scope: Scope, narrative_id: str) -> int:
        """Count the Unicode code points of a text, without reading it."""
        found = self._connection.execute(_LENGTH, {"narrative_id": narrative_id}).one_or_none()
        if found is None or not scope.holds(found[0]):
            raise missing("narrative")
        return int(found[1])

    def with_review(self, scope: Scope, narrative_id: str) -> tuple[NarrativeRow, ReviewRow]:
        """Give a narrative and its review."""
        row = self.get(scope, narrative_id)
        return row, self._get(ReviewRow, scope, row.review_id, "review")

    def by_external(self, scope: Scope, review_id: str, external_id: str) -> NarrativeRow | None:
        """Give the narrative of a review that an agency knows by this id, or None."""
        query = select(NarrativeRow).where(
            scope.where(NarrativeRow.jurisdiction_id),
            NarrativeRow.review_id == review_id,
            NarrativeRow.external_id == external_id,
        )
        return self._session.scalars(query).one_or_none()

    def of_review(self, scope: Scope, review_id: str) -> list[NarrativeRow]:
        """List the narratives of a review in the order in which they came."""
        query = select(NarrativeRow).where(
            scope.where(NarrativeRow.jurisdiction_id), NarrativeRow.review_id == review_id
        )
        return list(self._session.scalars(query.order_by(NarrativeRow.created_at, NarrativeRow.external_id)))

    def count(self, scope: Scope) -> int:
        """Count narratives."""
        query = select(func.count()).select_from(NarrativeRow).where(scope.where(NarrativeRow.jurisdiction_id))
        return self._session.scalars(query).one()

    def facts(
        self, scope: Scope, narrative_ids: Iterable[str] | None = None, *, with_text: bool = True
    ) -> Iterator[NarrativeFacts]:
        """Go through narratives with what is known of their reviews.

        Parameters
        ----------
        scope : Scope
            What the caller may see; others are left out silently.
        narrative_ids : iterable of str, optional
            Which; all by default, then ordered by jurisdiction, review and external id.
        with_text : bool
            Whether to read the texts.
        """
        query = _facts_query(with_text=with_text).where(scope.where(NarrativeRow.jurisdiction_id))
        if narrative_ids is None:
            ordered = query.order_by(JurisdictionRow.name, ReviewRow.external_id, NarrativeRow.external_id)
            yield from map(NarrativeFacts._make, self._session.execute(ordered.execution_options(yield_per=1000)))
            return
        for piece in chunks(narrative_ids):
            yield from map(NarrativeFacts._make, self._session.execute(query.where(NarrativeRow.id.in_(piece))))

    def withheld_hashes(self, scope: Scope, person_id: str, hashes: Iterable[str]) -> set[str]:
        """Tell which text hashes belong to blind narratives of the scope that this person has not yet closed."""
        closed = exists().where(
            CodingRow.narrative_id == NarrativeRow.id,
            CodingRow.person_id == person_id,
            CodingRow.closed_at.is_not(None),
        )
        query = (
            select(NarrativeRow.text_hash)
            .join(ReviewRow, and_(ReviewRow.id == NarrativeRow.review_id, ReviewRow.blind))
            .where(scope.where(NarrativeRow.jurisdiction_id), ~closed)
        )
        found: set[str] = set()
        for piece in chunks(hashes):
            found.update(self._session.scalars(query.where(NarrativeRow.text_hash.in_(piece))))
        return found


_LENGTH = select(NarrativeRow.jurisdiction_id, func.length(NarrativeRow.text)).where(
    NarrativeRow.id == bindparam("narrative_id")
)


def _facts_query(*, with_text: bool) -> Select[Any]:
    columns: list[Any] = [
        NarrativeRow.id,
        NarrativeRow.external_id,
        NarrativeRow.text if with_text else null(),
        NarrativeRow.text_hash,
        NarrativeRow.review_id,
        ReviewRow.external_id,
        NarrativeRow.jurisdiction_id,
        JurisdictionRow.name,
        ReviewRow.cause,
        ReviewRow.incident_type,
        ReviewRow.incident_date,
        ReviewRow.review_date,
        ReviewRow.blind,
        ReviewRow.blind_role,
    ]
    return (
        select(*columns)
        .join(ReviewRow, ReviewRow.id == NarrativeRow.review_id)
        .join(JurisdictionRow, JurisdictionRow.id == NarrativeRow.jurisdiction_id)
    )
