"""Reads the parameters of a suggester from a recipe into its typed, frozen dataclass."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from coding_service.errors import InputError

P = TypeVar("P")


def read_parameters(kind: type[P], given: Mapping[str, Any], suggester: str) -> P:
    """Check and convert parameters.

    Parameters
    ----------
    kind : type
        A frozen dataclass whose fields all have defaults.
    given : mapping
        What the recipe says.
    suggester : str
        Name for messages.

    Raises
    ------
    InputError
        If a parameter is unknown, of a wrong type, or out of range.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # P is always a dataclass
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(
            f"Suggester {suggester!r} has no parameter {unknown[0]!r}.",
            hint=f"Known are: {', '.join(known) or 'none'}.",
        )
    try:
        return TypeAdapter(kind).validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InputError(
            f"Parameter {name!r} of suggester {suggester!r} is {first['input']!r}: {first['msg']}.",
            hint="Correct it in the recipe.",
        ) from error
