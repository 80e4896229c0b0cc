"""Recipes: the YAML files that say how a bundle is trained."""

from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from coding_service.errors import InputError, NotFoundError
from coding_service.taxonomy.document import Document


class TaxonomyReference(BaseModel):
    """Names a released version, or a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default="io-themes", description="Id of a released taxonomy.")
    version: str | None = Field(default=None, description="Its version; left out, the newest.")


class Recipe(BaseModel):
    """How to train a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="Name of the recipe; names the bundle where none is given.")
    description: str = Field(default="", description="What it is for, one or two sentences.")
    suggester: str = Field(description="Entry of the registry of suggesters.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Parameters of the suggester.")
    taxonomy: TaxonomyReference = Field(default_factory=TaxonomyReference, description="The taxonomy to code by.")
    corpus: tuple[str, ...] = Field(default=(), description="Corpus files, relative to the recipe.")
    folds: int = Field(default=5, ge=2, le=20, description="Folds of the cross-validation, by group.")
    measured_folds: int | None = Field(
        default=None, ge=1, description="Folds that are really left out; less than all where a fit takes very long."
    )
    seed: int = Field(default=1, ge=0, description="Seed of everything that is drawn.")
    limits: tuple[str, ...] = Field(default=(), description="What is known to be wrong with the corpora; for the card.")

    @model_validator(mode="after")
    def _measures_no_more_than_there_are(self) -> Self:
        if (self.measured_folds or 0) > self.folds:
            raise ValueError(f"measured_folds is {self.measured_folds}, of {self.folds} folds")
        return self


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it is not YAML, or has an unknown or wrong field; names file and field.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no recipe {path}.", hint="Recipes that ship lie in training/recipes/.")
    try:
        text = path.read_text(encoding="utf-8")
        nodes = Document(str(path), None, yaml.compose(text, Loader=yaml.SafeLoader))
        for problem in nodes.repeated_keys():
            raise InputError(f"{path}: {problem.message}.", hint=problem.hint)
        return Recipe.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"{where} is not a YAML file in UTF-8.", hint="See training/recipes/ for examples.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole file"
        raise InputError(
            f"{path}: {field}: {first['msg']}.", hint=f"The fields of a recipe are {', '.join(Recipe.model_fields)}."
        ) from error
