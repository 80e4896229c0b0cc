"""``/v1/reviews``: reviews, and the narratives added to them."""

from typing import Any

from fastapi import APIRouter

from coding_service.api.desk import DeskOfRequest, RetryOfRequest, ReviewId
from coding_service.api.documentation import problems
from coding_service.api.review_schemas import NarrativeAdded, NarrativeToAdd, Review, ReviewToCreate
from coding_service.services.narratives import add_narrative
from coding_service.services.reviews import create_review, get_review

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])


@router.post("", status_code=201, response_model=Review, responses=problems(401, 403, 404, 409, 413, 422, 429, 503))
def post_review(body: ReviewToCreate, desk: DeskOfRequest, retry: RetryOfRequest) -> dict[str, Any]:
    """Keep a review, with those of its narratives that come along.

    A set share of the reviews is drawn blind: their coders see suggestions only after they have closed their coding.
    """
    return create_review(desk.store, desk.caller, body.to_new(), intake=desk.parts.intake, retry=retry)


@router.get("/{review_id}", response_model=Review, responses=problems(401, 403, 404, 422, 429, 503))
def show_review(review_id: ReviewId, desk: DeskOfRequest) -> dict[str, Any]:
    """Show a review with the ids of its narratives, and none of their texts."""
    return get_review(desk.store, desk.caller, review_id)


@router.post(
    "/{review_id}/narratives",
    status_code=201,
    response_model=NarrativeAdded,
    responses=problems(401, 403, 404, 409, 413, 422, 429, 503),
)
def post_narrative(
    review_id: ReviewId, body: NarrativeToAdd, desk: DeskOfRequest, retry: RetryOfRequest
) -> dict[str, Any]:
    """Add a narrative to a review; its text never changes."""
    sizes = desk.parts.intake.sizes
    return add_narrative(desk.store, desk.caller, review_id, body.to_new(), sizes=sizes, retry=retry)
