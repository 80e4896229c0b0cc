"""The audit chain: each event carries the hash of the one before, so that a changed or missing one shows."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select, text
from sqlalchemy.orm import Session

from coding_service.store.repository import Repository
from coding_service.store.rows import AuditEventRow
from coding_service.store.scope import Scope

START = "0" * 64
"""What the first event names as the hash before it."""

_CHAIN_LOCK = 7_266_433_902
"""Number of the PostgreSQL advisory lock that lets one transaction at a time append."""

_TABLE = cast("Table", AuditEventRow.__table__)
_INSERT = insert(_TABLE)
_NEWEST = select(_TABLE.c.sequence, _TABLE.c.hash).order_by(_TABLE.c.sequence.desc()).limit(1)


@dataclass(frozen=True)
class Event:
    """Something that a person did.

    Parameters
    ----------
    action : str
        A verb, such as ``read`` or ``decide``.
    object_kind, object_id : str
        The thing it was done to.
    person_id : str or None
        Who did it; None where the service itself did.
    jurisdiction_id : str or None
        Whose thing it is.
    detail : mapping of str to Any
        More, as JSON; never narrative text.
    """

    action: str
    object_kind: str
    object_id: str
    person_id: str | None = None
    jurisdiction_id: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class Audit(Repository):
    """Events of this unit of work, appended to the chain when it commits."""

    def __init__(self, session: Session, clock: Callable[[], datetime]) -> None:
        super().__init__(session, clock)
        self._waiting: list[tuple[datetime, Event]] = []

    def record(self, event: Event) -> None:
        """Take note of an event; it is in the chain once the unit of work has committed."""
        self._waiting.append((self._clock(), event))

    def append_recorded(self) -> None:
        """Append what was recorded; called by the unit of work as its last step, so that the chain is held briefly."""
        if not self._waiting:
            return
        if not self._on_sqlite:  # SQLite has one writer anyway
            self._session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CHAIN_LOCK})
        sequence, previous = self.head()
        rows = []
        for moment, event in self._waiting:
            sequence += 1
            row = {"sequence": sequence, "happened_at": moment, **vars(event), "previous_hash": previous}
            previous = row["hash"] = link_hash(row)
            rows.append(row)
        self._connection.execute(_INSERT, rows)
        self._waiting.clear()

    def page(
        self, scope: Scope, *, after: int = 0, limit: int = 100, object_id: str | None = None
    ) -> list[AuditEventRow]:
        """List events in order, from the one after a given number, all or those of one object."""
        query = select(AuditEventRow).where(scope.where(AuditEventRow.jurisdiction_id), AuditEventRow.sequence > after)
        if object_id is not None:
            query = query.where(AuditEventRow.object_id == object_id)
        return list(self._session.scalars(query.order_by(AuditEventRow.sequence).limit(limit)))

    def head(self) -> tuple[int, str]:
        """Give number and hash of the last event; kept elsewhere, they show whether events were cut off the end."""
        row = self._connection.execute(_NEWEST).one_or_none()
        return (0, START) if row is None else (row[0], row[1])

    def breaks(self) -> Iterator[str]:
        """Walk the chain and tell each place where it does not hold."""
        expected, previous = 1, START
        columns = [_TABLE.c[name] for name in ("sequence", *_HASHED, "previous_hash", "hash")]
        query = select(*columns).order_by(AuditEventRow.sequence).execution_options(yield_per=5000)
        for row in self._session.execute(query).mappings():
            if row["sequence"] != expected:
                yield f"Audit event {row['sequence']} follows {expected - 1}: those between are missing."
            elif row["previous_hash"] != previous:
                yield f"Audit event {row['sequence']} does not name the hash of the event before it."
            if link_hash(row) != row["hash"]:
                yield f"Audit event {row['sequence']} was changed after it was written."
            expected, previous = row["sequence"] + 1, row["hash"]


_HASHED = ("happened_at", "action", "object_kind", "object_id", "person_id", "jurisdiction_id", "detail")


def link_hash(row: Any) -> str:
    """Hash an event together with its number and the hash before it.

    Parameters
    ----------
    row : mapping of str to Any
        The columns of the event, its own hash aside.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    content = [
        row["sequence"],
        row["previous_hash"],
        row["happened_at"].isoformat(),
        *(row[name] for name in _HASHED[1:]),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
