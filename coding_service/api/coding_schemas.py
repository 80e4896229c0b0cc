"""Codings and decisions as they go over the wire, with an example of everything."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from coding_service.api.review_schemas import Id
from coding_service.api.schemas import BundleVersion, ChosenTaxonomy, TaxonomyVersion, Unicode
from coding_service.services.codings import Closing, Version
from coding_service.services.decisions import MOST_DECISIONS, Batch, NewDecision

Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="A selectable code of the taxonomy.",
        examples=["family.economic_support.housing"],
    ),
]
VerdictWord = Annotated[
    Literal["accept", "reject", "add", "unsure", "withdraw"],
    Field(
        description="accept or reject what was suggested, add what was not, be unsure, or withdraw an earlier verdict.",
        examples=["accept"],
    ),
]
Rating = Annotated[
    Annotated[int, Field(ge=1, le=3, strict=True)] | None,
    Field(description="How much it mattered, 1 to 3, beside accept or add; it never changes the label.", examples=[2]),
]
Words = Annotated[Unicode | None, Field(max_length=2000)]


class EvidenceSpan(BaseModel):
    """A passage of the narrative."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: int = Field(
        ge=0, strict=True, description="Offset of its first character, in Unicode code points.", examples=[0]
    )
    end: int = Field(ge=1, strict=True, description="Offset after its last character.", examples=[38])


class DecisionToMake(BaseModel):
    """A verdict on one code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    verdict: VerdictWord
    rating: Rating = None
    evidence: tuple[EvidenceSpan, ...] = Field(default=(), max_length=50, description="Where the text tells it.")
    reason: Words = Field(default=None, description="In the coder's words.", examples=["Evicted, then doubled up."])

    def to_new(self) -> NewDecision:
        """Give it to the service."""
        spans = tuple((span.start, span.end) for span in self.evidence)
        return NewDecision(self.code, self.verdict, self.rating, spans, self.reason)


class DecisionsToMake(BaseModel):
    """Verdicts that are kept together or not at all, and the taxonomy they were decided by."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "taxonomy": {"id": "io-themes", "version": "1.0.0"},
                    "decisions": [
                        {
                            "code": "family.economic_support.housing",
                            "verdict": "accept",
                            "rating": 2,
                            "evidence": [{"start": 0, "end": 38}],
                        },
                        {"code": "family.safe_sleep", "verdict": "reject"},
                    ],
                }
            ]
        },
    )

    taxonomy: ChosenTaxonomy = Field(description="What the coder had before them; another than the coding's is 409.")
    decisions: tuple[DecisionToMake, ...] = Field(
        min_length=1, max_length=MOST_DECISIONS, description="In order; of two on one code the later one counts."
    )

    def to_batch(self) -> Batch:
        """Give them to the service."""
        return Batch(version_of(self.taxonomy), tuple(decision.to_new() for decision in self.decisions))


class CodingToOpen(BaseModel):
    """A coding to be opened, in the current version of the taxonomy."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"taxonomy": {"id": "io-themes", "version": "1.0.0"}}]},
    )

    taxonomy: ChosenTaxonomy | None = Field(
        default=None, description="What the coder has before them; another than the current one is 409."
    )


class CodingToClose(BaseModel):
    """How a coding is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"complete": True}]})

    complete: bool = Field(
        strict=True,
        description="Whether all codes were gone through: then those without a decision are absent, else unknown.",
        examples=[True],
    )
    skipped_reason: Words = Field(default=None, description="Why it was not coded.", examples=["Not in English."])
    missing_theme: Words = Field(
        default=None, description="A theme that the taxonomy lacks.", examples=["Interpreters"]
    )
    comment: Words = Field(default=None, description="For whoever adjudicates.", examples=["Housing is a close call."])

    def to_closing(self) -> Closing:
        """Give it to the service."""
        return Closing(**self.model_dump())


class Decision(BaseModel):
    """A verdict as it is kept; none is ever changed."""

    id: Id
    code: Code
    verdict: VerdictWord
    rating: Rating
    evidence: tuple[EvidenceSpan, ...] = Field(description="Where the text tells it.")
    reason: str | None = Field(description="In the coder's words.", examples=["Evicted, then doubled up."])
    decided_at: datetime = Field(description="When it was made.", examples=["2026-03-03T09:35:00+00:00"])
    current: bool = Field(description="Whether it is the last word of its coding on its code.", examples=[True])


class DecisionsMade(BaseModel):
    """Verdicts that were added to a coding."""

    coding_id: Id
    decisions: tuple[Decision, ...]


class Shown(BaseModel):
    """What the coder was shown first, before the coding was closed."""

    bundle: BundleVersion
    at: datetime = Field(description="When.", examples=["2026-03-03T09:31:00+00:00"])


class Coding(BaseModel):
    """One person's pass over one narrative."""

    id: Id
    narrative_id: Id
    coder: str = Field(description="E-mail of the person.", examples=["ann@agency.example"])
    taxonomy: TaxonomyVersion
    blind: bool = Field(description="Whether suggestions are withheld until it is closed.", examples=[False])
    independent: bool = Field(
        description="False where the coder could see another's coding; agreement leaves it out.", examples=[True]
    )
    shown: Shown | None = Field(description="What was shown; null where nothing was.")
    opened_at: datetime = Field(description="When it was opened.", examples=["2026-03-03T09:30:00+00:00"])
    closed_at: datetime | None = Field(description="When it was closed.", examples=["2026-03-03T09:40:00+00:00"])
    complete: bool = Field(description="Whether it was closed as complete.", examples=[True])
    skipped_reason: str | None = Field(description="Why it was not coded.", examples=[None])
    missing_theme: str | None = Field(description="A theme that the taxonomy lacks.", examples=[None])
    comment: str | None = Field(description="For whoever adjudicates.", examples=[None])
    decisions: tuple[Decision, ...] = Field(description="All that were made, oldest first.")


class CodingList(BaseModel):
    """The codings of a narrative that the caller may see."""

    codings: tuple[Coding, ...] = Field(description="The caller's own; for adjudicators all, oldest first.")


def version_of(taxonomy: ChosenTaxonomy) -> Version:
    """Give a taxonomy version to the services."""
    return taxonomy.id, taxonomy.version
