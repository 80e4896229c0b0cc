"""Adjudication over HTTP: what is disputed, without names, and the word that settles it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from coding_service.api.coding_schemas import Code, EvidenceSpan, Rating, VerdictWord, version_of
from coding_service.api.desk import DeskOfRequest, NarrativeId, RetryOfRequest
from coding_service.api.documentation import problems
from coding_service.api.queue import TaskState
from coding_service.api.review_schemas import Id
from coding_service.api.schemas import ChosenTaxonomy, TaxonomyVersion, Unicode
from coding_service.services.adjudication import (
    MOST_DISPUTES,
    MOST_LABELS,
    NewLabel,
    Ruling,
    adjudicate,
    list_disputes,
    show_dispute,
)

router = APIRouter(prefix="/v1", tags=["adjudications"])

LabelWord = Annotated[
    Literal["present", "absent", "unknown"],
    Field(description="Whether the code holds; unknown where the text leaves it open.", examples=["present"]),
]


class LabelToSet(BaseModel):
    """An adjudicator's word on one code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    label: LabelWord
    reason: Unicode = Field(
        min_length=1,
        max_length=2000,
        description="Why, for those who coded otherwise.",
        examples=["Doubled up with relatives counts as housing."],
    )


class RulingToMake(BaseModel):
    """Labels that are kept together or not at all, and the taxonomy they were decided by."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "taxonomy": {"id": "io-themes", "version": "1.0.0"},
                    "labels": [
                        {
                            "code": "family.economic_support.housing",
                            "label": "present",
                            "reason": "Doubled up with relatives counts as housing.",
                        }
                    ],
                }
            ]
        },
    )

    taxonomy: ChosenTaxonomy = Field(
        description="What the adjudicator had before them; another than the current is 409."
    )
    labels: tuple[LabelToSet, ...] = Field(
        min_length=1, max_length=MOST_LABELS, description="One for each code that is decided."
    )

    def to_ruling(self) -> Ruling:
        """Give it to the service."""
        labels = tuple(NewLabel(label.code, label.label, label.reason) for label in self.labels)
        return Ruling(version_of(self.taxonomy), labels)


class DisputedCode(BaseModel):
    """A code on which codings differ."""

    code: Code
    name: str = Field(description="Its name.", examples=["Economic Support: Housing"])
    present: int = Field(description="Codings that say it holds.", examples=[1])
    absent: int = Field(description="Codings that say it does not.", examples=[1])


class UnnamedDecision(BaseModel):
    """The last decision of a coding on a code."""

    code: Code
    verdict: VerdictWord
    rating: Rating
    evidence: tuple[EvidenceSpan, ...] = Field(description="Where the text tells it.")
    reason: str | None = Field(description="In the coder's words.", examples=["Evicted, then doubled up."])


class UnnamedCoding(BaseModel):
    """A closed coding, without its coder."""

    coding: str = Field(description="A letter; the order tells nothing.", examples=["A"])
    complete: bool = Field(description="Whether codes without a decision are absent.", examples=[True])
    skipped_reason: str | None = Field(description="Why it was not coded.", examples=[None])
    comment: str | None = Field(description="For whoever adjudicates.", examples=["Housing is a close call."])
    opinions: dict[str, LabelWord] = Field(
        description="What it says of each disputed code.", examples=[{"family.economic_support.housing": "present"}]
    )
    decisions: tuple[UnnamedDecision, ...] = Field(description="In the order in which they were made.")


class Adjudication(BaseModel):
    """What an adjudicator said of a code; of several on one code the last counts."""

    code: Code
    label: LabelWord
    reason: str | None = Field(description="Why.", examples=["Doubled up with relatives counts as housing."])
    taxonomy: TaxonomyVersion
    decided_at: datetime = Field(description="When.", examples=["2026-03-05T11:00:00+00:00"])


class Dispute(BaseModel):
    """Where the codings of a narrative differ, and what was adjudicated; without its text."""

    narrative_id: Id
    review_id: Id
    task: TaskState
    taxonomy: TaxonomyVersion
    disputed: tuple[DisputedCode, ...] = Field(description="Codes that are open.")
    codings: tuple[UnnamedCoding, ...] = Field(description="Its closed codings.")
    adjudications: tuple[Adjudication, ...] = Field(description="Oldest first.")


class DisputeList(BaseModel):
    """Narratives that wait for an adjudicator."""

    narratives: tuple[Dispute, ...] = Field(description="The most urgent first; the caller's own codings left out.")


@router.get("/adjudications", response_model=DisputeList, responses=problems(401, 403, 422, 429, 503))
def show_disputes(
    desk: DeskOfRequest,
    limit: Annotated[int, Query(ge=1, le=MOST_DISPUTES, description="Most narratives to list.", examples=[20])] = 20,
) -> dict[str, Any]:
    """List narratives that wait for an adjudicator, with their codings unnamed."""
    return list_disputes(desk.store, desk.caller, limit=limit)


@router.get(
    "/narratives/{narrative_id}/adjudications",
    response_model=Dispute,
    responses=problems(401, 403, 404, 422, 429, 503),
)
def show_adjudications(narrative_id: NarrativeId, desk: DeskOfRequest) -> dict[str, Any]:
    """Show where the codings of a narrative differ, without names, and what was adjudicated."""
    return show_dispute(desk.store, desk.caller, narrative_id)


@router.post(
    "/narratives/{narrative_id}/adjudications",
    status_code=201,
    response_model=Dispute,
    responses=problems(401, 403, 404, 409, 413, 422, 429, 503),
)
def post_adjudications(
    narrative_id: NarrativeId, body: RulingToMake, desk: DeskOfRequest, retry: RetryOfRequest
) -> dict[str, Any]:
    """Settle codes of a narrative; it leaves the queue once nothing is disputed any more.

    Whoever coded the narrative does not adjudicate it. A later word on a code takes the place of an earlier one.
    """
    return adjudicate(desk.store, desk.caller, narrative_id, body.to_ruling(), retry=retry)
