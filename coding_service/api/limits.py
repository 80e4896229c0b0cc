"""How many requests a key may send in a minute; counted in this process alone."""

import math
import time
from collections.abc import Callable
from threading import Lock

from coding_service.errors import RateLimitedError

WINDOW_SECONDS = 60


class RateLimit:
    """Counts requests per key in windows of a minute.

    Parameters
    ----------
    most : int
        Requests per key and window.
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        self._lock = Lock()

    def count(self, key: str) -> None:
        """Count a request.

        Raises
        ------
        RateLimitedError
            If the key has used up its window.
        """
        now = self._clock()
        with self._lock:
            start, used = self._windows.get(key, (now, 0))
            if now - start >= WINDOW_SECONDS:
                start, used = now, 0
            if used >= self._most:
                raise RateLimitedError(
                    f"More than {self._most} requests came in a minute.",
                    hint="Wait as Retry-After says; send several narratives in one request.",
                    retry_after_seconds=max(1, math.ceil(start + WINDOW_SECONDS - now)),
                )
            self._windows[key] = (start, used + 1)
