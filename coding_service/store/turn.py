"""The lock by which the writers of one process queue in front of SQLite, which itself serves them in no order."""

from collections import deque
from threading import Lock


class Turn:
    """A lock that threads get in the order in which they asked, so that none of them waits much longer than another."""

    def __init__(self) -> None:
        self._gate = Lock()
        self._waiting: deque[Lock] = deque()
        self._taken = False

    def acquire(self, timeout: float) -> bool:
        """Take the lock; False if it did not come free within so many seconds."""
        with self._gate:
            if not self._taken:
                self._taken = True
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout):
            return True
        with self._gate:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it was handed over at the last moment

    def release(self) -> None:
        """Hand the lock to the thread that has waited longest."""
        with self._gate:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
