"""``POST /v1/suggestions``: codes for texts that come with the request and are forgotten after it."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Depends

from coding_service.api.documentation import problems
from coding_service.api.running import RunningApp, get_caller
from coding_service.api.schemas import SuggestionAnswer, SuggestionRequest
from coding_service.services.suggesting import Text, suggest
from coding_service.suggestions import Limits

router = APIRouter(prefix="/v1", tags=["suggestions"], dependencies=[Depends(get_caller)])


@router.post(
    "/suggestions",
    response_model=SuggestionAnswer,
    responses=problems(401, 403, 404, 413, 422, 429, 503),
)
async def suggest_codes(body: SuggestionRequest, running: RunningApp) -> dict[str, Any]:
    """Suggest codes for 1 to 64 narratives.

    Each suggestion carries a calibrated probability and the passages that it rests on. Nothing is stored.
    """
    texts = [
        Text(str(position) if narrative.id is None else narrative.id, narrative.text)
        for position, narrative in enumerate(body.narratives)
    ]
    limits = Limits(limit=body.limit, min_probability=body.min_probability)
    parts = running.parts
    results = await running.infer(
        partial(suggest, parts.shelf, texts, sizes=parts.sizes, limits=limits, bundle=body.bundle)
    )
    envelope = {key: results[0][key] for key in ("taxonomy", "bundle")}
    running.metrics.count_narratives(envelope["bundle"]["id"], len(results))
    return {"results": results, **envelope}
