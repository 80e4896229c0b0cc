"""``POST /v1/suggestions``: codes for texts that come with the request and are forgotten after it."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from coding_service.api.documentation import problems
from coding_service.api.running import CallerOfRequest, RunningApp
from coding_service.api.schemas import SuggestionAnswer, SuggestionRequest
from coding_service.services.shown_suggestions import withhold
from coding_service.services.suggesting import Text, check_texts, suggest
from coding_service.suggestions import Limits

router = APIRouter(prefix="/v1", tags=["suggestions"])


@router.post(
    "/suggestions",
    response_model=SuggestionAnswer,
    responses=problems(401, 403, 404, 413, 422, 429, 503),
)
async def suggest_codes(body: SuggestionRequest, running: RunningApp, caller: CallerOfRequest) -> dict[str, Any]:
    """Suggest codes for 1 to 64 narratives.

    Each suggestion carries a calibrated probability and the passages that it rests on. Nothing is stored. For a text
    that the caller is to code blind, `withheld` stands in place of suggestions.
    """
    texts = [
        Text(str(position) if narrative.id is None else narrative.id, narrative.text)
        for position, narrative in enumerate(body.narratives)
    ]
    limits = Limits(limit=body.limit, min_probability=body.min_probability)
    parts = running.parts
    check_texts(texts, parts.sizes)
    suggest_rest = partial(
        suggest,
        parts.shelf,
        sizes=parts.sizes,
        limits=limits,
        bundle=body.bundle,
        jurisdiction=caller.jurisdiction,
    )
    results = await running.infer(partial(withhold, parts.store, caller, texts, suggest_rest))
    shown = [result for result in results if "suggestions" in result]
    answering = shown[0] if shown else parts.shelf.get(body.bundle, jurisdiction=caller.jurisdiction).envelope.to_dict()
    envelope = {key: answering[key] for key in ("taxonomy", "bundle")}
    running.metrics.count_narratives(envelope["bundle"]["id"], len(shown))
    return {"results": results, **envelope}
