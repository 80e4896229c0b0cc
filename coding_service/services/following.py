"""Keeps a shelf at what the store says is promoted, in a thread beside the requests of a running server."""

import logging
from threading import Event, Thread

from coding_service.errors import CodingError
from coding_service.services.shelf import Jurisdiction, Promoted, Shelf, Trouble
from coding_service.store import Engine, Scope, UnitOfWork

logger = logging.getLogger("coding_service.following")

LONGEST_PAUSE = 32
"""Most looks at the store between two attempts to load a bundle that does not load."""

Pointers = tuple[dict[Jurisdiction, Promoted], frozenset[str]]


def read_pointers(work: UnitOfWork) -> Pointers:
    """Give what is promoted, by jurisdiction and under None for all, and the jurisdictions that have opted in."""
    promoted = {
        pointer: Promoted(row.bundle_id, row.bundle_sha256)
        for pointer, row in work.promotions.current().items()
        if row.bundle_id is not None
    }
    return promoted, frozenset(row.id for row in work.jurisdictions.all(Scope.everything()) if row.opted_in)


class Follower:
    """Looks at the store every few seconds and lets the shelf serve what it finds promoted.

    Parameters
    ----------
    store : Engine or None
        Where promotions are; None where there is no store, and nothing to follow.
    shelf : Shelf
        What serves.
    poll_seconds : float
        Seconds between two looks.
    """

    def __init__(self, store: Engine | None, shelf: Shelf, *, poll_seconds: float) -> None:
        self._store = store
        self._shelf = shelf
        self._poll_seconds = poll_seconds
        self._seen: Pointers | None = None
        self._pause = self._waited = 0
        self._trouble: tuple[Trouble, ...] = ()
        self._stop = Event()
        self._thread = Thread(target=self._follow, name="following", daemon=True)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What keeps the server from serving what is promoted; empty where it does."""
        return (*self._trouble, *self._shelf.troubles)

    def start(self) -> None:
        """Take up what is promoted, and keep looking until `stop`.

        Raises
        ------
        NotFoundError, BundleError
            If there is nothing to serve: neither a promoted bundle nor the default one loads.
        """
        self.look()
        self._shelf.get()
        if self._store is not None:
            self._thread.start()

    def stop(self) -> None:
        """End the looking; a load at hand is left to itself."""
        self._stop.set()

    def look(self) -> None:
        """Look once; a bundle that did not load is tried again after ever longer pauses."""
        if self._store is None:
            return
        try:
            with UnitOfWork(self._store, reading=True) as work:
                found = read_pointers(work)
        except CodingError as error:
            self._trouble = (Trouble(self._shelf.current(), error.code, error.message),)
            return
        self._trouble = ()
        self._waited += 1
        if found == self._seen and (not self._shelf.troubles or self._waited < self._pause):
            return
        again, before = found == self._seen, self._shelf.current()
        promoted, sharing = found
        self._shelf.serve(promoted, sharing=sharing)
        self._seen, self._waited = found, 0
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if again else 1
        if self._shelf.current() != before:
            logger.info("Serving bundle %s instead of %s.", self._shelf.current(), before)
        for trouble in () if again else self._shelf.troubles:
            logger.error("Bundle %s is promoted but not served: %s", trouble.bundle, trouble.detail)

    def _follow(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - a server that stopped following would serve an old bundle for ever
                logger.error("Looking for promotions failed: %s", type(error).__name__)  # noqa: TRY400 - no text in a log
