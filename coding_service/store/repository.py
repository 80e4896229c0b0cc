"""What every repository is made of: a session, a clock, and the rule that a foreign row does not exist."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from coding_service.store.engine import speaking_plainly
from coding_service.store.rows import Row
from coding_service.store.scope import Scope, missing

CHUNK = 5_000
"""Most ids in one query; SQLite takes 32,766 parameters, PostgreSQL 65,535."""

R = TypeVar("R", bound=Row)
Item = TypeVar("Item")


class Repository:
    """Reads and adds rows in the transaction of its unit of work; it never commits.

    Parameters
    ----------
    session : Session
        The session of the unit of work.
    clock : callable
        Gives the present time in UTC.
    """

    def __init__(self, session: Session, clock: Callable[[], datetime]) -> None:
        self._session = session
        self._clock = clock

    def _add(self, row: R) -> R:
        """Add a row and send it to the database at once, so that a refusal is met here."""
        self._session.add(row)
        self._flush()
        return row

    def _flush(self) -> None:
        """Send changes to the database; after a refusal the unit of work can only be left."""
        with speaking_plainly():
            self._session.flush()

    def _get(self, kind: type[R], scope: Scope, row_id: str, what: str) -> R:
        """Give the row of an id inside the scope, else raise NotFoundError."""
        row = self._session.get(kind, row_id)
        if row is None or not scope.holds(row.jurisdiction_id):  # type: ignore[attr-defined]  # callers pass tenant rows
            raise missing(what)
        return row

    @property
    def _connection(self) -> Connection:
        return self._session.connection()

    @property
    def _on_sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """Cut items into pieces, by default of as many ids as one query can take."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
