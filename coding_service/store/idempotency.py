"""First answers to requests that clients may send again."""

from typing import Any, cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from coding_service.errors import ConflictError
from coding_service.store.repository import Repository
from coding_service.store.rows import IdempotencyRow

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


class Idempotency(Repository):
    """One answer for each key, person and route."""

    def claim(self, key: str, *, person_id: str, route: str, request_hash: str) -> IdempotencyRow | None:
        """Claim a key for the request at hand, in the transaction that also does its work.

        A second request with the key waits until the first has committed, then gets its answer.

        Returns
        -------
        IdempotencyRow or None
            The first answer; None where this request is the first, which must then call `answer`.

        Raises
        ------
        ConflictError
            If the key came before with another request.
        """
        new = {
            "key": key,
            "person_id": person_id,
            "route": route,
            "request_hash": request_hash,
            "created_at": self._clock(),
        }
        if self._connection.execute(_CLAIMS[self._connection.dialect.name], new).first() is not None:
            return None
        row = self._session.get_one(IdempotencyRow, (key, person_id, route), populate_existing=True)
        if row.request_hash != request_hash:
            raise ConflictError(
                "This Idempotency-Key came before with another request.", hint="Use a new key for each new request."
            )
        return row

    def answer(self, key: str, *, person_id: str, route: str, status: int, answer: dict[str, Any]) -> None:
        """Keep the answer of a claimed key."""
        self._connection.execute(_ANSWER, {"k": key, "p": person_id, "r": route, "status": status, "answer": answer})
