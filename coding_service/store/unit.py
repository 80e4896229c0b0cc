"""One use case, one transaction: everything a service reads and adds goes through one unit of work."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from coding_service.errors import StoreError
from coding_service.store.audit import Audit
from coding_service.store.codings import Codings
from coding_service.store.decisions import Adjudications, Decisions
from coding_service.store.engine import BUSY_SECONDS, TURN, UNSTORABLE, WRITING, speaking_plainly
from coding_service.store.idempotency import Idempotency
from coding_service.store.label_studio import LabelStudioInbox, LabelStudioLinks
from coding_service.store.narratives import Narratives
from coding_service.store.people import Jurisdictions, Keys, People
from coding_service.store.promotions import Promotions, Runs
from coding_service.store.queue import Queue
from coding_service.store.reviews import Reviews
from coding_service.store.rows import utc_now
from coding_service.store.snapshots import EvaluationSnapshots, SuggestionSnapshots
from coding_service.store.taxonomies import Taxonomies


class UnitOfWork(AbstractContextManager["UnitOfWork"]):
    """A transaction with its repositories; what is not committed is undone on leaving.

    Rows stay readable after the end. On SQLite a writing unit keeps all other writers waiting: do slow work before it.

    Parameters
    ----------
    engine : Engine
        From `open_engine`.
    reading : bool
        Whether nothing will be written, audit events included; such units never wait for writers.
    clock : callable
        Gives the present time in UTC.
    """

    jurisdictions: Jurisdictions
    people: People
    keys: Keys
    reviews: Reviews
    narratives: Narratives
    codings: Codings
    decisions: Decisions
    adjudications: Adjudications
    snapshots: SuggestionSnapshots
    evaluations: EvaluationSnapshots
    queue: Queue
    promotions: Promotions
    runs: Runs
    taxonomies: Taxonomies
    idempotency: Idempotency
    label_studio: LabelStudioLinks
    inbox: LabelStudioInbox
    audit: Audit

    def __init__(self, engine: Engine, *, reading: bool = False, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._reading = reading
        self._clock = clock
        self._turn = None if reading else engine.get_execution_options().get(TURN)

    def __enter__(self) -> Self:
        """Begin the transaction.

        Raises
        ------
        StoreError
            If the database cannot be reached, or another writer does not end in time.
        """
        if self._turn is not None and not self._turn.acquire(timeout=BUSY_SECONDS):
            self._turn = None
            raise StoreError("The store is locked by another writer.", hint="Try again.")
        self._session = Session(self._engine, expire_on_commit=False)
        try:
            with speaking_plainly():
                self._session.connection(execution_options={WRITING: not self._reading})
        except BaseException:
            self._leave()
            raise
        for name, kind in _REPOSITORIES.items():
            setattr(self, name, kind(self._session, self._clock))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Undo what was not committed, and say plainly what the database complained of."""
        self._leave()
        if isinstance(error, (SQLAlchemyError, *UNSTORABLE)):
            with speaking_plainly():
                raise error

    def now(self) -> datetime:
        """Give the present time by the clock of this unit, for the times of rows."""
        return self._clock()

    def commit(self) -> None:
        """Append the audit events and make everything durable; the unit is over then.

        Raises
        ------
        StoreError
            If the unit was opened for reading, or the database fails; nothing is kept then.
        """
        if self._reading:
            raise StoreError("A unit of work opened for reading cannot commit.", hint="Open it without `reading=True`.")
        with speaking_plainly():
            self._session.flush()
            self.audit.append_recorded()
            self._session.commit()

    def _leave(self) -> None:
        try:
            with speaking_plainly():
                self._session.close()
        finally:
            if self._turn is not None:
                self._turn.release()
                self._turn = None


_REPOSITORIES = {
    "jurisdictions": Jurisdictions,
    "people": People,
    "keys": Keys,
    "reviews": Reviews,
    "narratives": Narratives,
    "codings": Codings,
    "decisions": Decisions,
    "adjudications": Adjudications,
    "snapshots": SuggestionSnapshots,
    "evaluations": EvaluationSnapshots,
    "queue": Queue,
    "promotions": Promotions,
    "runs": Runs,
    "taxonomies": Taxonomies,
    "idempotency": Idempotency,
    "label_studio": LabelStudioLinks,
    "inbox": LabelStudioInbox,
    "audit": Audit,
}
