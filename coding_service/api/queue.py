"""``GET /v1/queue``: what the caller is to code or adjudicate next, and why."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from coding_service.api.desk import DeskOfRequest
from coding_service.api.documentation import problems
from coding_service.api.review_schemas import Blind, Id
from coding_service.services.queue import MOST_TASKS, next_tasks

router = APIRouter(prefix="/v1", tags=["queue"])

TaskState = Annotated[
    Literal["first", "second", "adjudication", "done"],
    Field(
        description="What it waits for: a first coding, a second one by another person, an adjudicator, or nothing.",
        examples=["first"],
    ),
]


class Task(BaseModel):
    """A narrative kept for the caller."""

    narrative_id: Id
    review_id: Id
    task: TaskState
    reason: Literal["first coding", "random", "rare", "uncertain", "diverse", "second coding", "unsettled"] = Field(
        description="Why it is handed out. Its turn came (first coding); it was drawn as an audit (random), may hold "
        "rare codes (rare), the bundle is in doubt (uncertain), it is unlike the others (diverse); two people are to "
        "code it (second coding); codings differ, or people skipped it (unsettled). A blind narrative tells only that "
        "its turn came.",
        examples=["uncertain"],
    )
    blind: Blind
    leased_until: datetime = Field(
        description="Until then nobody else is handed it.", examples=["2026-03-03T10:00:00+00:00"]
    )


class TaskList(BaseModel):
    """What the caller holds."""

    tasks: tuple[Task, ...] = Field(description="Those held before come first; empty where nothing waits.")


@router.get("/queue", response_model=TaskList, responses=problems(401, 403, 422, 429, 503))
def show_queue(
    desk: DeskOfRequest,
    limit: Annotated[int, Query(ge=1, le=MOST_TASKS, description="Most narratives to hold.", examples=[1])] = 1,
) -> dict[str, Any]:
    """Hand out narratives to code or adjudicate, and keep them for the caller for a while.

    Asking again gives what the caller holds and has not begun, kept anew. Nobody is handed a narrative that they coded,
    or that another holds. Reviewers get second codings before first ones; adjudicators get what is unsettled first.
    """
    return next_tasks(desk.store, desk.caller, desk.parts.handing, limit=limit)
