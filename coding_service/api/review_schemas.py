"""Reviews and narratives as they go over the wire, with an example of everything."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from coding_service.api.desk import EXAMPLE_ID
from coding_service.api.schemas import EXAMPLE_TEXT, BundleVersion, Suggestion, TaxonomyVersion, Unicode
from coding_service.services.narratives import NewNarrative
from coding_service.services.review_files import Day, bare
from coding_service.services.reviews import NewReview

Id = Annotated[str, Field(description="Id given by the server.", examples=[EXAMPLE_ID])]
_BARE: JsonDict = {"pattern": r"^\S([\s\S]*\S)?(?![\s\S])"}
"""No white space around it; ended by a look ahead, for `$` lets a last line feed pass in some engines."""
ExternalId = Annotated[
    Unicode,
    AfterValidator(bare),
    Field(
        min_length=1,
        max_length=200,
        description="The agency's own name for it.",
        examples=["2026-014"],
        json_schema_extra=_BARE,
    ),
]
Cause = Annotated[
    str | None, Field(description="A value of the list `causes`; null where not known.", examples=["suid"])
]
IncidentType = Annotated[
    str | None, Field(description="A value of the list `incident-types`; null where not known.", examples=["fatality"])
]
IncidentDate = Annotated[Day | None, Field(description="When it happened.", examples=["2026-01-14"])]
ReviewDate = Annotated[Day | None, Field(description="When it was reviewed.", examples=["2026-03-02"])]
Completed = Annotated[bool, Field(strict=True, description="Whether the review is done.", examples=[True])]
Blind = Annotated[
    bool,
    Field(description="Whether its narratives are coded before suggestions are shown to the coder.", examples=[False]),
]
CreatedAt = Annotated[datetime, Field(description="When it was sent.", examples=["2026-03-03T09:30:00+00:00"])]


class NarrativeToAdd(BaseModel):
    """The narrative of an Improvement Opportunity."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"external_id": "1", "text": EXAMPLE_TEXT}]},
    )

    external_id: Annotated[Unicode, AfterValidator(bare)] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The agency's own name for it in its review; by default made from the text.",
        examples=["1"],
        json_schema_extra=_BARE,
    )
    text: Unicode = Field(
        min_length=1, description="The text, at most 200 kB in UTF-8; it never changes.", examples=[EXAMPLE_TEXT]
    )

    def to_new(self) -> NewNarrative:
        """Give it to the service."""
        return NewNarrative(self.text, self.external_id or "")


class ReviewToCreate(BaseModel):
    """A critical-incident review; it counts without a narrative, too."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "external_id": "2026-014",
                    "cause": "suid",
                    "incident_type": "fatality",
                    "incident_date": "2026-01-14",
                    "review_date": "2026-03-02",
                    "completed": True,
                    "narratives": [{"external_id": "1", "text": EXAMPLE_TEXT}],
                }
            ]
        },
    )

    external_id: ExternalId
    jurisdiction: Unicode = Field(
        default="",
        max_length=200,
        description="Name of its jurisdiction; by default that of the key.",
        examples=["north"],
    )
    cause: Cause = None
    incident_type: IncidentType = None
    incident_date: IncidentDate = None
    review_date: ReviewDate = None
    completed: Completed = False
    narratives: tuple[NarrativeToAdd, ...] = Field(
        default=(), description="Its narratives, if any: as many as in any request; more can be added."
    )

    def to_new(self) -> NewReview:
        """Give it to the service."""
        facts = self.model_dump(exclude={"narratives"})
        return NewReview(**facts, narratives=tuple(narrative.to_new() for narrative in self.narratives))


class NarrativeName(BaseModel):
    """A narrative of a review, by its names."""

    id: Id
    external_id: ExternalId


class Review(BaseModel):
    """A review with the ids of its narratives."""

    id: Id
    external_id: ExternalId
    jurisdiction: str = Field(description="Name of its jurisdiction.", examples=["north"])
    cause: Cause
    incident_type: IncidentType
    value_lists: dict[str, str] = Field(
        description="Versions of the lists that the values come from.",
        examples=[{"causes": "1.0.0", "incident-types": "1.0.0"}],
    )
    incident_date: IncidentDate
    review_date: ReviewDate
    completed: Completed
    blind: Blind
    created_at: CreatedAt
    narratives: tuple[NarrativeName, ...] = Field(description="In the order in which they came.")


class NarrativeAdded(BaseModel):
    """A narrative that is kept."""

    id: Id
    external_id: ExternalId
    review_id: Id
    blind: Blind
    created_at: CreatedAt


class StoredNarrative(NarrativeAdded):
    """A narrative with its text."""

    text: str = Field(description="The text as it was sent.", examples=[EXAMPLE_TEXT])


class ShownSuggestions(BaseModel):
    """The suggestions for a narrative; what was shown is kept with the coding."""

    id: Id
    withheld: Literal[False] = Field(description="Always false.", examples=[False])
    shown_at: datetime = Field(
        description="When the caller was first shown these.", examples=["2026-03-03T09:31:00+00:00"]
    )
    suggestions: tuple[Suggestion, ...] = Field(description="By falling probability.")
    taxonomy: TaxonomyVersion
    bundle: BundleVersion
