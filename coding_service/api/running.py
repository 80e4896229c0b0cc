"""What the routes of a running app share, and how they get at it: parts, figures, limits and the thread that infers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from coding_service.api.limits import RateLimit
from coding_service.api.metrics import Metrics
from coding_service.bootstrap import Parts
from coding_service.services.authentication import Caller
from coding_service.services.following import Follower

Answer = TypeVar("Answer")


class Running:
    """One app at work.

    Parameters
    ----------
    parts : Parts
        What the services are called with.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.metrics = Metrics()
        self.rate_limit = RateLimit(parts.settings.requests_per_minute)
        self.follower = Follower(parts.store, parts.shelf, poll_seconds=parts.settings.poll_seconds)
        self._executor = ThreadPoolExecutor(parts.settings.inference_workers, thread_name_prefix="inference")

    async def infer(self, work: Callable[[], Answer]) -> Answer:
        """Do work that keeps a core busy in the threads meant for it, so that the event loop stays free."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Let the work at hand end and drop what has not begun."""
        self.follower.stop()
        self._executor.shutdown(cancel_futures=True)


async def get_running(request: Request) -> Running:
    """Give what the app of a request shares; a coroutine, so that no thread is asked for what takes no time."""
    running: Running = request.app.state.running
    return running


RunningApp = Annotated[Running, Depends(get_running)]

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="`Authorization: Bearer <key>`; a server without keys needs none and answers its own machine only.",
)


def get_caller(running: RunningApp, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """Give who sends a request, and count it; a plain function, so that looking a key up may take time.

    Raises
    ------
    UnauthenticatedError
        If the server has keys and the request carries none of them.
    RateLimitedError
        If the key has sent too many.
    """
    caller = running.parts.authenticator.authenticate(sent.credentials if sent else None)
    running.rate_limit.count(caller.key)
    return caller


CallerOfRequest = Annotated[Caller, Depends(get_caller)]
