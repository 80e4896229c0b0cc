"""The form of taxonomy files and value lists: which fields there are, and what each may hold."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_IDENTIFIER = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
SEMANTIC_VERSION = (
    r"(?P<major>0|[1-9][0-9]*)\.(?P<minor>0|[1-9][0-9]*)\.(?P<patch>0|[1-9][0-9]*)"
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
"""Pattern of a semantic version 2.0.0."""

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\z")]
Version = Annotated[str, StringConstraints(pattern=rf"^{SEMANTIC_VERSION}\z")]
NodeId = Annotated[str, StringConstraints(pattern=r"^\S(?s:.*\S)?\z")]
Words = Annotated[str, StringConstraints(pattern=r"\S")]
Notes = Annotated[tuple[Words, ...], Field(strict=False)]
NodeIds = Annotated[
    tuple[NodeId, ...],
    Field(strict=False),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
]
MaybeEmpty = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CodeFields(_Fields):
    """One entry under ``codes``."""

    id: NodeId
    name: Words
    parent: NodeId | None = None
    selectable: bool = True
    definition: MaybeEmpty = ""
    include: Notes = ()
    exclude: Notes = ()
    examples: Notes = ()
    counter_examples: Notes = ()


class _ReleaseFields(_Fields):
    id: Slug
    version: Version
    title: Words
    description: MaybeEmpty = ""
    licence: MaybeEmpty = ""
    source: MaybeEmpty = ""


class TaxonomyFields(_ReleaseFields):
    """A taxonomy file."""

    codes: Annotated[list[CodeFields], Field(min_length=1)]
    rules: Notes = ()


class ValueFields(_Fields):
    """One entry under ``values``."""

    id: NodeId
    name: Words
    definition: MaybeEmpty = ""


class ValueListFields(_ReleaseFields):
    """A value list file."""

    values: Annotated[list[ValueFields], Field(min_length=1)]


class ImportedFields(_Fields):
    """One entry of a JSON object ``{id: {name, description, parent}}``."""

    name: Words
    description: MaybeEmpty = ""
    parent: NodeId | None = None


class ImportedTaxonomy(_Fields):
    """Such an object as a whole."""

    codes: dict[NodeId, ImportedFields]


class EntryFields(_Fields):
    """One entry under ``changes`` of a crosswalk."""

    kind: Literal["rename", "move", "merge", "split", "retire", "add"]
    old: NodeIds = ()
    new: NodeIds = ()
    within: NodeId | None = None
    note: MaybeEmpty = ""


class CrosswalkFields(_Fields):
    """A crosswalk file."""

    taxonomy: Slug
    old: Version
    new: Version
    changes: list[EntryFields]
