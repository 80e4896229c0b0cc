"""What goes over the wire, with an example of everything."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _whole_characters(text: str) -> str:
    """Refuse what JSON can escape but Unicode cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a \\u escape is half of a surrogate pair") from None
    return text


Unicode = Annotated[str, AfterValidator(_whole_characters)]
LONGEST_NAME = 200
"""Characters of what names a thing in a request; it may be repeated in a problem."""

Sha256 = Annotated[
    str,
    Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256, in hexadecimal digits.",
        examples=["5b1f3a0c9d7e4e1b8a6f2c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081"],
    ),
]
BundleId = Annotated[str, Field(min_length=1, description="Name of a bundle.", examples=["starter"])]

EXAMPLE_TEXT = (
    "Power had been shut off since March and the baby slept on the couch with mother because the crib was still at "
    "the old apartment they were evicted from."
)


class Narrative(BaseModel):
    """A narrative to suggest codes for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Unicode | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Name it is answered under; by default its position in the request, from 0.",
        examples=["2026-014/1"],
    )
    text: Unicode = Field(
        description="The text, at most 200 kB in UTF-8; read whole, however long.", examples=[EXAMPLE_TEXT]
    )


class SuggestionRequest(BaseModel):
    """Narratives to suggest codes for, and which suggestions to list."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"narratives": [{"id": "2026-014/1", "text": EXAMPLE_TEXT}], "limit": 5}]},
    )

    narratives: tuple[Narrative, ...] = Field(
        description="1 to 64 narratives; they are read together, which is faster than one by one.",
        json_schema_extra={"minItems": 1},
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        strict=True,
        description="Most suggestions per narrative; by default all that qualify.",
        examples=[5],
    )
    min_probability: float | None = Field(
        default=None,
        ge=0,
        le=1,
        strict=True,
        allow_inf_nan=False,
        description="Lists codes from this probability on; by default those in the bands suggested and possible.",
        examples=[0.2],
    )
    bundle: Unicode | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_NAME,
        description="The bundle that answers; by default the current one.",
        examples=["starter"],
    )


class Evidence(BaseModel):
    """A passage that a suggestion rests on."""

    start: int = Field(ge=0, description="Offset of its first character, in Unicode code points.", examples=[0])
    end: int = Field(ge=0, description="Offset after its last character.", examples=[38])
    weight: float = Field(description="How much it tells the code, 0 to 1.", examples=[0.83])


class Suggestion(BaseModel):
    """A code suggested for a narrative; a person decides."""

    code: str = Field(description="Id of the code.", examples=["family.economic_support.housing"])
    name: str = Field(description="Its name.", examples=["Economic Support: Housing"])
    path: tuple[str, ...] = Field(
        description="Names of domain, theme and sub-theme.",
        examples=[["Family", "Economic Support for Families", "Housing"]],
    )
    probability: float = Field(ge=0, le=1, description="Calibrated.", examples=[0.91])
    band: Literal["suggested", "possible", "none"] = Field(
        description="suggested: at or over the code's own threshold; possible: at least half of it.",
        examples=["suggested"],
    )
    evidence: tuple[Evidence, ...] = Field(description="Passages it rests on, in the order of the text.")
    support: int = Field(ge=0, description="Examples the code was trained on.", examples=[62])
    note: str = Field(description='"few examples" where the probability is not to be trusted.', examples=[""])


class ReadPart(BaseModel):
    """How much of a text was read."""

    chars: int = Field(ge=0, description="Characters up to the end of the last passage read.", examples=[146])
    of: int = Field(ge=0, description="Characters of the text.", examples=[146])


class TaxonomyVersion(BaseModel):
    """One version of a taxonomy."""

    id: str = Field(description="Its id.", examples=["io-themes"])
    version: str = Field(description="Its version.", examples=["1.0.0"])


class ChosenTaxonomy(TaxonomyVersion):
    """The version of a taxonomy that somebody had before them."""

    id: Unicode = Field(max_length=LONGEST_NAME, description="Its id.", examples=["io-themes"])
    version: Unicode = Field(max_length=LONGEST_NAME, description="Its version.", examples=["1.0.0"])


class BundleVersion(BaseModel):
    """The bundle that answered, to the byte."""

    id: BundleId
    sha256: Sha256


class NarrativeSuggestions(BaseModel):
    """The answer for one narrative; the same object as a line of ``io-coding suggest --format json``."""

    id: str = Field(description="As sent, or the position.", examples=["2026-014/1"])
    suggestions: tuple[Suggestion, ...] = Field(description="By falling probability.")
    read: ReadPart
    taxonomy: TaxonomyVersion
    bundle: BundleVersion


class WithheldSuggestions(BaseModel):
    """What stands in place of suggestions for a narrative that the caller is to code blind."""

    id: str = Field(description="As sent, or the position; or the id of the narrative.", examples=["2026-014/2"])
    withheld: Literal[True] = Field(description="Always true.", examples=[True])
    reason: str = Field(description="Why.", examples=["This narrative is coded blind."])
    hint: str = Field(description="What to do.", examples=["Code it and close your coding."])


class SuggestionAnswer(BaseModel):
    """The answers for all narratives, in the order of the request, and what answered."""

    results: tuple[NarrativeSuggestions | WithheldSuggestions, ...]
    taxonomy: TaxonomyVersion
    bundle: BundleVersion


class TaxonomyVersions(BaseModel):
    """A taxonomy with its versions."""

    id: str = Field(description="Its id.", examples=["io-themes"])
    versions: tuple[str, ...] = Field(description="From old to new.", examples=[["1.0.0"]])


class TaxonomyList(BaseModel):
    """All taxonomies known to the server."""

    taxonomies: tuple[TaxonomyVersions, ...]


class TaxonomyCode(BaseModel):
    """A node of a taxonomy."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="Its id.", examples=["family.economic_support.housing"])
    name: str = Field(description="Its name.", examples=["Economic Support: Housing"])
    parent: str | None = Field(description="Id of the node above.", examples=["family.economic_support"])
    selectable: bool = Field(description="Whether a narrative can carry it; groups cannot.", examples=[True])
    definition: str = Field(description="When to use it.", examples=["The family had no safe or steady home."])
    include: tuple[str, ...] = Field(description="What belongs.", examples=[["Eviction, doubled-up housing."]])
    exclude: tuple[str, ...] = Field(description="What does not.", examples=[["Utilities: material needs."]])
    examples: tuple[str, ...] = Field(description="Phrases that earn it.", examples=[["evicted in March"]])
    counter_examples: tuple[str, ...] = Field(
        description="Phrases that only look so.", examples=[["apartment was clean and well kept"]]
    )


class TaxonomyDocument(BaseModel):
    """A whole taxonomy."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="Its id.", examples=["io-themes"])
    version: str = Field(description="Its version.", examples=["1.0.0"])
    title: str = Field(description="Its title.", examples=["Improvement Opportunity themes"])
    description: str = Field(description="What it is for.", examples=["Themes of improvement opportunities."])
    licence: str = Field(description="Licence of its wording.", examples=["CC-BY-4.0"])
    source: str = Field(description="Where it comes from.", examples=["Written for this project."])
    rules: tuple[str, ...] = Field(
        description="Rules that hold for all codes.", examples=[["Code systems, not people."]]
    )
    sha256: Sha256
    codes: tuple[TaxonomyCode, ...] = Field(description="Every node, groups included, in order.")


class BundleSummary(BaseModel):
    """A bundle in short; the figures are from cross-validation."""

    id: BundleId
    current: bool = Field(description="Whether it answers where none is named.", examples=[True])
    suggester: str | None = Field(description="Its algorithm.", examples=["sentence"])
    taxonomy: TaxonomyVersion | None = Field(description="What it codes by.")
    trained_at: str | None = Field(description="When it was trained.", examples=["2026-01-31T12:00:00+00:00"])
    micro_f1: float | None = Field(description="F1 over all pairs.", examples=[0.74])
    macro_f1: float | None = Field(description="Mean F1 of the codes.", examples=[0.62])
    problem: str | None = Field(description="Why it cannot be used, as the code of an error.", examples=[None])


class BundleList(BaseModel):
    """All bundles, by name."""

    bundles: tuple[BundleSummary, ...]


class BundleDetail(BaseModel):
    """What a bundle is made of, and how well it does."""

    id: BundleId
    current: bool = Field(description="Whether it answers where none is named.", examples=[True])
    manifest: dict[str, Any] = Field(
        description="Its bundle.json: suggester, parameters, recipe, seed, taxonomy, corpora, versions, hashes.",
        examples=[{"suggester": "sentence", "seed": 1}],
    )
    metrics: dict[str, Any] = Field(
        description="Figures over all codes: cross_validation, and test_splits by corpus.",
        examples=[{"cross_validation": {"micro": {"point": 0.74, "low": 0.72, "high": 0.76}}, "test_splits": {}}],
    )


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = Field(description="Always live.", examples=["live"])


class NotServed(BaseModel):
    """A bundle that is promoted but not served here; the one from before answers in its place."""

    bundle: BundleId
    problem: str = Field(description="Why, as the code of an error.", examples=["bundle-invalid"])


class Ready(BaseModel):
    """The server can suggest, and by what."""

    status: Literal["ready"] = Field(description="Always ready; else the answer is a problem.", examples=["ready"])
    bundle: BundleVersion
    taxonomy: TaxonomyVersion
    detail: tuple[NotServed, ...] = Field(
        default=(), description="Promoted bundles that are not served here; left out where there is none."
    )


class FieldProblem(BaseModel):
    """What is wrong with one value."""

    field: str = Field(description="Where it stands.", examples=["body.narratives.0.text"])
    message: str = Field(description="What is wrong.", examples=["Field required"])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Names the kind of problem.", examples=["urn:io-coding:problem:not-found"])
    title: str = Field(description="The kind in words.", examples=["There is no such thing"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What failed.", examples=["There is no bundle 'spring'."])
    code: str = Field(description="The kind, for programs.", examples=["not-found"])
    hint: str = Field(description="What to do next.", examples=["Known are: starter."])
    errors: tuple[FieldProblem, ...] | None = Field(default=None, description="Field by field, where fields are wrong.")
