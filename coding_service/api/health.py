"""``/live``, ``/ready`` and ``/metrics``: for those who run the server; they need no key and tell nothing of a case."""

from typing import Any

from fastapi import APIRouter, Response

from coding_service.api.documentation import problems
from coding_service.api.metrics import CONTENT_TYPE
from coding_service.api.running import RunningApp
from coding_service.api.schemas import Live, Ready

router = APIRouter(tags=["health"])


@router.get("/live", response_model=Live)
async def live() -> dict[str, Any]:
    """Tell that the process answers, however busy it is."""
    return {"status": "live"}


@router.get("/ready", response_model=Ready, response_model_exclude_unset=True, responses=problems(503))
def ready(running: RunningApp) -> dict[str, Any]:
    """Tell that the server can suggest, by which bundle, and what keeps it from serving what is promoted."""
    troubles = [{"bundle": trouble.bundle, "problem": trouble.problem} for trouble in running.follower.troubles]
    detail = {"detail": troubles} if troubles else {}
    return {"status": "ready", **running.parts.shelf.get().envelope.to_dict(), **detail}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Text format of Prometheus.", "content": {"text/plain": {}}}},
)
def metrics(running: RunningApp) -> Response:
    """Give the figures of this process for Prometheus."""
    current, troubles = running.parts.shelf.get().envelope, running.follower.troubles
    return Response(running.metrics.exposition(current, troubles), media_type=CONTENT_TYPE)
