"""Whose rows a query may see; every tenant query takes one."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from coding_service.errors import NotFoundError


@dataclass(frozen=True)
class Scope:
    """What a caller may see: one jurisdiction, or all.

    Parameters
    ----------
    jurisdiction_id : str or None
        The one jurisdiction; None for all.
    """

    jurisdiction_id: str | None

    @classmethod
    def everything(cls) -> Self:
        """Give the scope of a caller who may see all jurisdictions."""
        return cls(None)

    def holds(self, jurisdiction_id: str | None) -> bool:
        """Tell whether a row of this jurisdiction is visible; rows of no jurisdiction are visible to all alone."""
        return self.jurisdiction_id is None or self.jurisdiction_id == jurisdiction_id

    def where(self, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """Give the condition that keeps a query inside the scope."""
        return true() if self.jurisdiction_id is None else column == self.jurisdiction_id

    def require(self, jurisdiction_id: str | None, what: str) -> None:
        """Refuse a row outside the scope, in the words used for one that does not exist.

        Raises
        ------
        NotFoundError
            If the scope does not hold the jurisdiction.
        """
        if not self.holds(jurisdiction_id):
            raise missing(what)


def missing(what: str) -> NotFoundError:
    """Give the one error for a row that does not exist and for one that the caller may not see."""
    return NotFoundError(
        f"There is no {what} that you can see.",
        hint="Check how it is named, and with a key, which jurisdiction that reaches.",
    )
