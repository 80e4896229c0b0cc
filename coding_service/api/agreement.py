"""``GET /v1/agreement``: how far independent codings agree."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from coding_service.api.coding_schemas import Code
from coding_service.api.desk import DeskOfRequest
from coding_service.api.documentation import problems
from coding_service.api.schemas import TaxonomyVersion
from coding_service.services.agreement import show_agreement

router = APIRouter(prefix="/v1", tags=["agreement"])

TooFew = Literal["too few"]


class Interval(BaseModel):
    """A figure with its 95 % bootstrap interval by review."""

    point: float = Field(description="At most 1; 0 is what chance would give.", examples=[0.58])
    low: float | None = Field(description="Lower bound; null where too few reviews vary.", examples=[0.47])
    high: float | None = Field(description="Upper bound; null where too few reviews vary.", examples=[0.68])


Figure = Annotated[Interval | TooFew, Field(description="A figure, or that there is too little data for one.")]


class AgreementOnCode(BaseModel):
    """Agreement on one code."""

    code: Code
    name: str = Field(description="Its name.", examples=["Economic Support: Housing"])
    doubly_coded: int = Field(description="Narratives on which two people have an opinion.", examples=[84])
    prevalence: float | TooFew = Field(description='Share of "present" among those opinions.', examples=[0.21])
    kappa: Figure = Field(description="Cohen's kappa of the first two codings.")
    alpha: Figure = Field(description="Krippendorff's alpha of all codings.")


class AgreementOfSet(BaseModel):
    """Agreement of some of the codings."""

    narratives: int = Field(description="Narratives that were coded twice or more.", examples=[84])
    reviews: int = Field(description="Their reviews, the unit of the bootstrap.", examples=[41])
    people: int = Field(description="Who coded them.", examples=[6])
    doubly_coded: int = Field(description="Narratives on which two people judged every code.", examples=[71])
    alpha: Figure = Field(description="Krippendorff's alpha over whole sets of codes, with the MASI distance.")
    codes: tuple[AgreementOnCode, ...] = Field(description="In the order of the taxonomy.")


class Agreement(BaseModel):
    """Agreement of independent codings, before any adjudication."""

    taxonomy: TaxonomyVersion
    left_out: int = Field(description="Closed codings whose coder could see another's.", examples=[3])
    all: AgreementOfSet = Field(description="All codings.")
    blind: AgreementOfSet = Field(description="Those made without suggestions, by draw.")
    shown: AgreementOfSet = Field(description="Those made with suggestions shown.")


@router.get("/agreement", response_model=Agreement, responses=problems(401, 403, 429, 503))
def get_agreement(desk: DeskOfRequest) -> dict[str, Any]:
    """Measure how far people agree in what the key reaches: per code, over sets of codes, blind and shown apart."""
    return show_agreement(desk.store, desk.caller)
