"""``/v1/codings``: the decisions of a coding, and its end."""

from typing import Any

from fastapi import APIRouter

from coding_service.api.coding_schemas import Coding, CodingToClose, DecisionsMade, DecisionsToMake
from coding_service.api.desk import CodingId, DeskOfRequest, RetryOfRequest
from coding_service.api.documentation import problems
from coding_service.services.codings import close_coding
from coding_service.services.decisions import decide

router = APIRouter(prefix="/v1/codings/{coding_id}", tags=["codings"])


@router.post(
    "/decisions",
    status_code=201,
    response_model=DecisionsMade,
    responses=problems(401, 403, 404, 409, 413, 422, 429, 503),
)
def post_decisions(
    coding_id: CodingId, body: DecisionsToMake, desk: DeskOfRequest, retry: RetryOfRequest
) -> dict[str, Any]:
    """Add verdicts to the caller's own coding, all or none; a change of mind is a later verdict.

    Decisions by another taxonomy version than the coding's, and those on a closed coding, are refused with 409.
    """
    return decide(desk.store, desk.caller, coding_id, body.to_batch(), retry=retry)


@router.post("/close", response_model=Coding, responses=problems(401, 403, 404, 409, 413, 422, 429, 503))
def post_close(coding_id: CodingId, body: CodingToClose, desk: DeskOfRequest, retry: RetryOfRequest) -> dict[str, Any]:
    """Close the caller's own coding for good, as complete or not; then suggestions may be shown."""
    doubling = desk.parts.doubling
    return close_coding(desk.store, desk.caller, coding_id, body.to_closing(), doubling=doubling, retry=retry)
