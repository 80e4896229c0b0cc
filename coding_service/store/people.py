"""Jurisdictions, people and their API keys."""

import unicodedata

from sqlalchemy import bindparam, or_, select, true

from coding_service.errors import InputError
from coding_service.store.repository import Repository
from coding_service.store.rows import ApiKeyRow, JurisdictionRow, PersonRow
from coding_service.store.scope import Scope, missing

LONGEST_NAME = 200
"""Characters of the name of a jurisdiction; requests may not name a longer one."""


def same_address(email: str) -> str:
    """Give the one form of an e-mail address, whatever its case and however its accents are composed."""
    return unicodedata.normalize("NFC", email.strip().casefold())


class Jurisdictions(Repository):
    """The tenants."""

    def add(self, name: str, *, opted_in: bool = False) -> JurisdictionRow:
        """Add a jurisdiction; its name must be new.

        Raises
        ------
        InputError
            If it is no name: blank, with white space around it, or longer than requests may send.
        """
        if not name or name != name.strip() or len(name) > LONGEST_NAME:
            raise InputError(
                f"{name[:40]!r} is no name of a jurisdiction.",
                hint=f"Give 1 to {LONGEST_NAME} characters, without white space before or after.",
            )
        return self._add(JurisdictionRow(name=name, opted_in=opted_in, created_at=self._clock()))

    def get(self, scope: Scope, jurisdiction_id: str) -> JurisdictionRow:
        """Give a jurisdiction inside the scope."""
        row = self._session.get(JurisdictionRow, jurisdiction_id)
        if row is None or not scope.holds(row.id):
            raise missing("jurisdiction")
        return row

    def named(self, scope: Scope, name: str) -> JurisdictionRow:
        """Give the jurisdiction of a name."""
        query = select(JurisdictionRow).where(JurisdictionRow.name == name, scope.where(JurisdictionRow.id))
        row = self._session.scalars(query).one_or_none()
        if row is None:
            raise missing(f"jurisdiction {name!r}")
        return row

    def all(self, scope: Scope) -> list[JurisdictionRow]:
        """List the jurisdictions of the scope by name."""
        query = select(JurisdictionRow).where(scope.where(JurisdictionRow.id)).order_by(JurisdictionRow.name)
        return list(self._session.scalars(query))

    def opt_in(self, scope: Scope, jurisdiction_id: str, *, opted_in: bool) -> JurisdictionRow:
        """Set whether a jurisdiction shares its narratives for training and takes bundles of others."""
        row = self.get(scope, jurisdiction_id)
        row.opted_in = opted_in
        return row


class People(Repository):
    """Those who code, adjudicate and administer."""

    def add(self, email: str, name: str, *, jurisdiction_id: str | None = None) -> PersonRow:
        """Add a person; the e-mail must be new."""
        row = PersonRow(email=same_address(email), name=name, jurisdiction_id=jurisdiction_id, created_at=self._clock())
        return self._add(row)

    def get(self, scope: Scope, person_id: str) -> PersonRow:
        """Give a person of the scope, or one of all jurisdictions."""
        row = self._session.get(PersonRow, person_id)
        if row is None or not (row.jurisdiction_id is None or scope.holds(row.jurisdiction_id)):
            raise missing("person")
        return row

    def by_email(self, email: str) -> PersonRow | None:
        """Give the person of an e-mail address, whatever its case, or None."""
        return self._session.scalars(select(PersonRow).where(PersonRow.email == same_address(email))).one_or_none()

    def all(self, scope: Scope) -> list[PersonRow]:
        """List the people of the scope, and those of all jurisdictions, by e-mail."""
        seen = (
            true()
            if scope.jurisdiction_id is None
            else or_(PersonRow.jurisdiction_id == scope.jurisdiction_id, PersonRow.jurisdiction_id.is_(None))
        )
        return list(self._session.scalars(select(PersonRow).where(seen).order_by(PersonRow.email)))


_KEYS = select(ApiKeyRow, PersonRow).join(PersonRow, PersonRow.id == ApiKeyRow.person_id)
_OF_PREFIX = _KEYS.where(ApiKeyRow.prefix == bindparam("prefix"))


class Keys(Repository):
    """API keys; the secrets themselves are never here."""

    def add(self, row: ApiKeyRow) -> ApiKeyRow:
        """Add a key."""
        return self._add(row)

    def by_prefix(self, prefix: str) -> tuple[ApiKeyRow, PersonRow] | None:
        """Give the key of a prefix with its person, revoked or not, or None."""
        found = self._session.execute(_OF_PREFIX, {"prefix": prefix}).one_or_none()
        return None if found is None else (found[0], found[1])

    def all(self, scope: Scope) -> list[tuple[ApiKeyRow, PersonRow]]:
        """List the keys of the scope with their people, oldest first."""
        query = _KEYS.where(scope.where(ApiKeyRow.jurisdiction_id)).order_by(ApiKeyRow.created_at, ApiKeyRow.prefix)
        return [(key, person) for key, person in self._session.execute(query)]

    def revoke(self, scope: Scope, prefix: str) -> ApiKeyRow:
        """Revoke a key of the scope for good; a second time changes nothing."""
        found = self.by_prefix(prefix)
        if found is None or not scope.holds(found[0].jurisdiction_id):
            raise missing(f"key {prefix!r}")
        if found[0].revoked_at is None:
            found[0].revoked_at = self._clock()
        return found[0]
