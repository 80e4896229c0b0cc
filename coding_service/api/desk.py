"""What routes over the store are given: the store, who asks, and how a request is known again when it is sent twice."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from coding_service.api.running import CallerOfRequest, Running, RunningApp
from coding_service.bootstrap import Parts
from coding_service.errors import StoreError
from coding_service.services.authentication import Caller
from coding_service.services.idempotency import Retry, hash_request
from coding_service.store import Engine


@dataclass(frozen=True)
class Desk:
    """What a request over the store works with.

    Parameters
    ----------
    store : Engine
        What people decided.
    caller : Caller
        Who asks.
    running : Running
        The app.
    """

    store: Engine
    caller: Caller
    running: Running

    @property
    def parts(self) -> Parts:
        """What the services are called with."""
        return self.running.parts


async def get_desk(running: RunningApp, caller: CallerOfRequest) -> Desk:
    """Give the desk of a request; a coroutine, so that no thread is asked for what takes no time."""
    if running.parts.store is None:
        raise StoreError("There is no store.", hint="Run `io-coding db upgrade` and start the server again.")
    return Desk(running.parts.store, caller, running)


async def get_retry(
    request: Request,
    caller: CallerOfRequest,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=200,
            pattern="^[!-~]+$",
            description="Any new name for this request. Sent again with it, the request is not done twice and gets its "
            "first answer; with another request it is refused.",
            examples=["7c1e0b8e-5a51-4f0e-9a54-2f3f3f0f8a11"],
        ),
    ] = None,
) -> Retry | None:
    """Give how a request is known again, None where its client does not ask for that."""
    if key is None:
        return None
    route = f"{request.method} {request.scope['route'].path}"
    return Retry(key, route, hash_request(caller, request.url.path, await request.body()))


DeskOfRequest = Annotated[Desk, Depends(get_desk)]
RetryOfRequest = Annotated[Retry | None, Depends(get_retry)]

EXAMPLE_ID = "0f8fad5bd9cb469fa16570867728950e"
_ID = {"pattern": "^[0-9a-f]{32}$", "examples": [EXAMPLE_ID]}
ReviewId = Annotated[str, Path(description="Id of a review.", **_ID)]
NarrativeId = Annotated[str, Path(description="Id of a narrative.", **_ID)]
CodingId = Annotated[str, Path(description="Id of a coding.", **_ID)]
