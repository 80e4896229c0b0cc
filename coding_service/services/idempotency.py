"""Writes that clients may send again: the same key and request get the first answer, and the work is done once."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coding_service.services.authentication import Caller
from coding_service.store import Engine, UnitOfWork

Answer = dict[str, Any]
"""What a writing service gives back: plain JSON, so that it can be kept and given again."""


@dataclass(frozen=True)
class Retry:
    """How a request is known again.

    Parameters
    ----------
    key : str
        The client's Idempotency-Key.
    route : str
        Method and template of the path.
    request_hash : str
        From `hash_request`.
    """

    key: str
    route: str
    request_hash: str


def hash_request(caller: Caller, path: str, body: bytes) -> str:
    """Hash what must be the same for two requests to be one; the reach of the key is part of it."""
    parts = [caller.jurisdiction, path, hashlib.sha256(body).hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def write_once(store: Engine, caller: Caller, retry: Retry | None, do: Callable[[UnitOfWork], Answer]) -> Answer:
    """Do a piece of work in one transaction, or give the answer that it had the first time.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        Whose request it is; keys of two people never meet.
    retry : Retry or None
        How the request is known again; None does the work in any case.
    do : callable
        The work; it neither commits nor keeps the answer. If it fails, nothing is kept and the key stays free.

    Raises
    ------
    ConflictError
        If the key came before with another request.
    """
    with UnitOfWork(store) as work:
        if retry is None:
            answer = do(work)
        else:
            known = {"key": retry.key, "person_id": caller.person_id, "route": retry.route}
            first = work.idempotency.claim(
                retry.key, person_id=caller.person_id, route=retry.route, request_hash=retry.request_hash
            )
            if first is not None:
                return first.answer or {}
            answer = do(work)
            work.idempotency.answer(**known, status=200, answer=answer)
        work.commit()
    return answer
