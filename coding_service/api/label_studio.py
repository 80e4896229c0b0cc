"""What Label Studio calls: annotation events with the shared secret, and the ML backend by basic auth.

Bodies may hold narratives and an access token: they are neither logged nor kept, and texts are read from the store.
"""

import hmac
import json
import logging
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from coding_service.api.running import Running, RunningApp
from coding_service.errors import CodingError, InputError, StoreError, UnauthenticatedError
from coding_service.label_studio.port import BACKEND_USER
from coding_service.services.label_studio_backend import predict
from coding_service.services.label_studio_events import keep_event, work_off_soon
from coding_service.services.label_studio_projects import BACKEND_PATH, EVENTS_PATH, SECRET_HEADER
from coding_service.services.label_studio_sync import Reader
from coding_service.store import Engine

logger = logging.getLogger("coding_service.api")

router = APIRouter(include_in_schema=False)

_basic = HTTPBasic(auto_error=False)

_REFUSED = "The request does not carry the secret that is shared with Label Studio."
_HINT = "Run `io-coding label-studio init`, so that Label Studio has the secret of this server."


def require_secret(request: Request, running: RunningApp) -> None:
    """Refuse whoever does not send the shared secret in its header.

    Raises
    ------
    UnauthenticatedError
        If it is missing or another.
    """
    if not _same(request.headers.get(SECRET_HEADER, ""), running.parts.settings.label_studio_secret):
        raise UnauthenticatedError(_REFUSED, hint=_HINT)


def require_password(running: RunningApp, sent: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> None:
    """Refuse whoever does not send the shared secret as the password of basic auth.

    Raises
    ------
    UnauthenticatedError
        If name or password is missing or another.
    """
    user, password = (sent.username, sent.password) if sent else ("", "")
    right = _same(password, running.parts.settings.label_studio_secret)
    if not (_same(user, BACKEND_USER) and right):
        raise UnauthenticatedError(_REFUSED, hint=_HINT)


WithSecret = Depends(require_secret)
WithPassword = Depends(require_password)


@router.post(EVENTS_PATH, dependencies=[WithSecret])
async def receive_event(request: Request, running: RunningApp, afterwards: BackgroundTasks) -> dict[str, bool]:
    """Keep an annotation event and answer; it is worked off afterwards."""
    raw = await request.body()
    new = await run_in_threadpool(keep_event, _store(running), _parse(raw), raw)
    if new:
        afterwards.add_task(_work_off, running)
    return {"kept": new}


@router.get(f"{BACKEND_PATH}/health", dependencies=[WithPassword])
async def backend_health() -> dict[str, str]:
    """Tell that the ML backend is there."""
    return {"status": "UP", "model_class": "io-coding"}


@router.post(f"{BACKEND_PATH}/setup", dependencies=[WithPassword])
async def backend_setup(running: RunningApp) -> dict[str, str]:
    """Name the current bundle; what Label Studio sends, an access token among it, is not even read."""
    return {"model_version": running.parts.shelf.default}


@router.api_route(f"{BACKEND_PATH}/versions", methods=["GET", "POST"], dependencies=[WithPassword])
async def backend_versions(running: RunningApp) -> dict[str, list[str]]:
    """List the version that answers."""
    return {"versions": [running.parts.shelf.default]}


@router.post(f"{BACKEND_PATH}/webhook", dependencies=[WithPassword])
async def backend_webhook() -> dict[str, str]:
    """Take no notice: training starts by `io-coding retrain`, not by a click."""
    return {}


@router.post(f"{BACKEND_PATH}/predict", dependencies=[WithPassword])
async def backend_predict(request: Request, running: RunningApp) -> dict[str, list[Any]]:
    """Predict for a batch of tasks; blind and foreign ones get an empty result."""
    body = _parse(await request.body())
    try:
        project = int(str(body["project"]).partition(".")[0])
        tasks = [int(task["id"]) for task in body["tasks"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("The body names no project and tasks.", hint="Let Label Studio call this address.") from error
    store, parts = _store(running), running.parts
    base_url = parts.settings.label_studio_url.rstrip("/")
    return {"results": await running.infer(lambda: predict(store, parts.shelf, base_url, project, tasks))}


def _work_off(running: Running) -> None:
    """Read what events name; where that fails they wait for the next event, or for `label-studio sync`."""
    parts = running.parts
    try:
        report = work_off_soon(lambda: Reader(_store(running), parts.label_studio(), parts.doubling))
    except CodingError as error:
        logger.warning("Label Studio events wait: %s", error.code)
        return
    for problem in report.problems:
        logger.warning("Label Studio annotation %s of task %s was not read", problem.annotation, problem.task)


def _store(running: Running) -> Engine:
    if running.parts.store is None:
        raise StoreError("There is no store.", hint="Run `io-coding db upgrade` and start the server again.")
    return running.parts.store


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise InputError("The body is not JSON.", hint="Let Label Studio call this address.") from error


def _same(sent: str, expected: str) -> bool:
    """Compare in a time that tells nothing; an empty secret lets nobody in."""
    return bool(expected) and hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode())
