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


@router.get("/ready", response_model=Ready, responses=problems(503))
def ready(running: RunningApp) -> dict[str, Any]:
    """Tell that the server can suggest, and by which bundle."""
    return {"status": "ready", **running.parts.shelf.get().envelope.to_dict()}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Text format of Prometheus.", "content": {"text/plain": {}}}},
)
def metrics(running: RunningApp) -> Response:
    """Give the figures of this process for Prometheus."""
    return Response(running.metrics.exposition(running.parts.shelf.get().envelope), media_type=CONTENT_TYPE)
