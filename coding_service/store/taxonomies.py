"""Taxonomy versions and the crosswalks between them, as the store holds them."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from coding_service.errors import ConflictError
from coding_service.store.engine import FIRST_TAXONOMY
from coding_service.store.repository import Repository
from coding_service.store.rows import CrosswalkRow, TaxonomyVersionRow
from coding_service.store.scope import missing

_INSERTS = {
    "sqlite": sqlite.insert(TaxonomyVersionRow).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(TaxonomyVersionRow).on_conflict_do_nothing(),
}
_CURRENT = select(TaxonomyVersionRow).where(TaxonomyVersionRow.current)


class Taxonomies(Repository):
    """The versions that codings were made in; shared by all jurisdictions."""

    @property
    def first(self) -> str:
        """Id or path of the taxonomy that the store begins with, as it was opened."""
        return str(self._connection.get_execution_options()[FIRST_TAXONOMY])

    def add(self, taxonomy_id: str, version: str, *, sha256: str, content: dict[str, Any]) -> TaxonomyVersionRow:
        """Add a released version; one that is there with the same hash is given back, also if another adds it just now.

        Raises
        ------
        ConflictError
            If the version is there with another hash.
        """
        identity = {"taxonomy_id": taxonomy_id, "version": version}
        row = self._session.get(TaxonomyVersionRow, identity)
        if row is None:
            new = {"sha256": sha256, "content": content, "current": False, "added_at": self._clock()}
            self._session.execute(_INSERTS[self._connection.dialect.name], identity | new)
            row = self._session.get_one(TaxonomyVersionRow, identity)
        if row.sha256 != sha256:
            raise ConflictError(
                f"Taxonomy {taxonomy_id!r} {version} is in the store with hash {row.sha256[:12]}, got {sha256[:12]}.",
                hint="A released version is never edited: give the changed one a new version.",
            )
        return row

    def get(self, taxonomy_id: str, version: str) -> TaxonomyVersionRow:
        """Give a version."""
        row = self._session.get(TaxonomyVersionRow, (taxonomy_id, version))
        if row is None:
            raise missing(f"taxonomy {taxonomy_id!r} {version}")
        return row

    def current(self) -> TaxonomyVersionRow | None:
        """Give the version that new codings are made in, None in a store without taxonomies."""
        return self._session.scalars(_CURRENT).one_or_none()

    def make_current(self, taxonomy_id: str, version: str) -> TaxonomyVersionRow:
        """Let new codings be made in this version."""
        row = self.get(taxonomy_id, version)
        if not row.current:
            self._session.execute(update(TaxonomyVersionRow).where(TaxonomyVersionRow.current).values(current=False))
            row.current = True
            self._flush()
        return row

    def all(self) -> list[TaxonomyVersionRow]:
        """List the versions in the order in which they were added."""
        return list(self._session.scalars(select(TaxonomyVersionRow).order_by(TaxonomyVersionRow.added_at)))

    def add_crosswalk(self, row: CrosswalkRow) -> CrosswalkRow:
        """Record a crosswalk that was applied, with what it did."""
        return self._add(row)

    def crosswalks(self, taxonomy_id: str) -> list[CrosswalkRow]:
        """List the crosswalks applied to a taxonomy, oldest first."""
        query = select(CrosswalkRow).where(CrosswalkRow.taxonomy_id == taxonomy_id)
        return list(self._session.scalars(query.order_by(CrosswalkRow.applied_at)))
