"""First answers to requests that clients may send again."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite

from coding_service.errors import ConflictError
from coding_service.store.repository import Repository
from coding_service.store.rows import IdempotencyRow


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
        make = sqlite.insert if self._on_sqlite else postgresql.insert
        statement = make(IdempotencyRow).values(
            key=key, person_id=person_id, route=route, request_hash=request_hash, created_at=self._clock()
        )
        if self._session.execute(statement.on_conflict_do_nothing().returning(IdempotencyRow.key)).first() is not None:
            return None
        row = self._session.scalars(select(IdempotencyRow).where(*_same(key, person_id, route))).one()
        if row.request_hash != request_hash:
            raise ConflictError(
                "This Idempotency-Key came before with another request.", hint="Use a new key for each new request."
            )
        return row

    def answer(self, key: str, *, person_id: str, route: str, status: int, answer: dict[str, Any]) -> None:
        """Keep the answer of a claimed key."""
        row = self._session.scalars(select(IdempotencyRow).where(*_same(key, person_id, route))).one()
        row.status, row.answer = status, answer
        self._flush()


def _same(key: str, person_id: str, route: str) -> tuple[ColumnElement[bool], ...]:
    return IdempotencyRow.key == key, IdempotencyRow.person_id == person_id, IdempotencyRow.route == route
