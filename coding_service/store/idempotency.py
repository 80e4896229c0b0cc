"""First answers to requests that clients may send again, for a day."""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from coding_service.errors import ConflictError
from coding_service.store.repository import Repository
from coding_service.store.rows import IdempotencyRow

KEPT = timedelta(days=1)
"""How long an answer can be had again."""

_TABLE = cast("Table", IdempotencyRow.__table__)
_CLAIMS = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key),
}
_ANSWER = (
    update(_TABLE)
    .where(_TABLE.c.key == bindparam("k"), _TABLE.c.person_id == bindparam("p"), _TABLE.c.route == bindparam("r"))
    .values(status=bindparam("status"), answer=bindparam("answer"))
)
_IDENTITY = _TABLE.c.key, _TABLE.c.person_id, _TABLE.c.route
# A few for each new one, so that old rows go faster than new ones come and no request has to wait for many.
_OLD = select(*_IDENTITY).where(_TABLE.c.created_at < bindparam("before")).order_by(_TABLE.c.created_at).limit(5)
_FORGET = delete(_TABLE).where(tuple_(*_IDENTITY).in_(_OLD.with_for_update(skip_locked=True)))


class Idempotency(Repository):
    """One answer for each key, person and route."""

    def claim(self, key: str, *, person_id: str, route: str, request_hash: str) -> IdempotencyRow | None:
        """Claim a key for the request at hand, in the transaction that also does its work.

        A second request with the key waits until the first has committed, then gets its answer. Old answers are
        forgotten on the way.

        Returns
        -------
        IdempotencyRow or None
            The first answer; None where this request is the first, which must then call `answer`.

        Raises
        ------
        ConflictError
            If the key came before with another request.
        """
        new: dict[str, Any] = {
            "key": key,
            "person_id": person_id,
            "route": route,
            "request_hash": request_hash,
            "created_at": self._clock(),
        }
        while self._connection.execute(_CLAIMS[self._connection.dialect.name], new).first() is None:
            row = self._session.get(IdempotencyRow, (key, person_id, route), populate_existing=True)
            if row is None:
                continue  # it was forgotten between the two statements
            if row.request_hash != request_hash:
                raise ConflictError(
                    "This Idempotency-Key came before with another request.", hint="Use a new key for each new request."
                )
            return row
        self._connection.execute(_FORGET, {"before": new["created_at"] - KEPT})
        return None

    def answer(self, key: str, *, person_id: str, route: str, status: int, answer: dict[str, Any]) -> None:
        """Keep the answer of a claimed key."""
        self._connection.execute(_ANSWER, {"k": key, "p": person_id, "r": route, "status": status, "answer": answer})
