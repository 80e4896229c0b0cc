"""``/v1/narratives``: a narrative, its suggestions, and its codings."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from coding_service.api.coding_schemas import Coding, CodingList, CodingToOpen, version_of
from coding_service.api.desk import DeskOfRequest, NarrativeId, RetryOfRequest
from coding_service.api.documentation import problems
from coding_service.api.review_schemas import ShownSuggestions, StoredNarrative
from coding_service.api.schemas import WithheldSuggestions
from coding_service.services.codings import list_codings, open_coding
from coding_service.services.narratives import get_narrative
from coding_service.services.shown_suggestions import show_suggestions

router = APIRouter(prefix="/v1/narratives/{narrative_id}")


@router.get("", tags=["reviews"], response_model=StoredNarrative, responses=problems(401, 403, 404, 422, 429, 503))
def show_narrative(narrative_id: NarrativeId, desk: DeskOfRequest) -> dict[str, Any]:
    """Show a narrative with its text; that it was read is recorded."""
    return get_narrative(desk.store, desk.caller, narrative_id)


@router.get(
    "/suggestions",
    tags=["suggestions"],
    response_model=ShownSuggestions | WithheldSuggestions,
    responses=problems(401, 403, 404, 409, 413, 422, 429, 503),
)
async def suggest_for_narrative(narrative_id: NarrativeId, desk: DeskOfRequest) -> dict[str, Any]:
    """Show the suggestions for a narrative, or say that they are withheld.

    Those for a blind narrative are withheld from a person until that person's own coding of it is closed. What is
    shown, and by which bundle, is kept with the coding.
    """
    answer = await desk.running.infer(
        partial(show_suggestions, desk.store, desk.caller, desk.parts.shelf, narrative_id)
    )
    if not answer["withheld"]:
        desk.running.metrics.count_narratives(answer["bundle"]["id"], 1)
    return answer


@router.get("/codings", tags=["codings"], response_model=CodingList, responses=problems(401, 403, 404, 422, 429, 503))
def show_codings(narrative_id: NarrativeId, desk: DeskOfRequest) -> dict[str, Any]:
    """List the caller's own coding of a narrative, or for an adjudicator all of them."""
    return list_codings(desk.store, desk.caller, narrative_id)


@router.post(
    "/codings",
    tags=["codings"],
    status_code=201,
    response_model=Coding,
    responses=problems(401, 403, 404, 409, 413, 422, 429, 503),
)
def post_coding(
    narrative_id: NarrativeId, body: CodingToOpen, desk: DeskOfRequest, retry: RetryOfRequest
) -> dict[str, Any]:
    """Open the caller's own coding of a narrative; each person has one."""
    version = version_of(body.taxonomy) if body.taxonomy else None
    return open_coding(desk.store, desk.caller, narrative_id, version=version, retry=retry)
