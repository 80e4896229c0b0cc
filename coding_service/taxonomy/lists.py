"""Flat, versioned lists of values that describe a review, such as its cause and its incident type."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coding_service.errors import InputError
from coding_service.taxonomy.document import Document, Problem
from coding_service.taxonomy.releases import Release, find_release, list_releases
from coding_service.taxonomy.schema import ValueListFields

CAUSES, INCIDENT_TYPES = "causes", "incident-types"
"""Ids of the two shipped lists."""


@dataclass(frozen=True)
class Value:
    """One value of a list.

    Parameters
    ----------
    id, name : str
        What files hold, and what people read.
    definition : str
        When to use it; may be empty.
    """

    id: str
    name: str
    definition: str = ""


@dataclass(frozen=True)
class ValueList:
    """A released version of a list.

    Parameters
    ----------
    id, version, title : str
        Name, semantic version and title.
    values : tuple of Value
        In the order of the file.
    description, licence, source : str
        Provenance, for people.
    """

    id: str
    version: str
    title: str
    values: tuple[Value, ...]
    description: str = ""
    licence: str = ""
    source: str = ""

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids of the values, in order."""
        return tuple(value.id for value in self.values)

    def check_value(self, value: str) -> str:
        """Give a value back if the list has it.

        Raises
        ------
        InputError
            If it does not; the hint lists the known values.
        """
        if value not in self.ids:
            raise InputError(
                f"{value!r} is not in the list {self.id} {self.version}.", hint=f"Known are: {', '.join(self.ids)}."
            )
        return value


def load_list(path: Path) -> ValueList:
    """Read a value list file.

    Raises
    ------
    NotFoundError
        If there is no such file.
    TaxonomyError
        If it breaks the format; the message names each problem with file and line.
    """
    document = Document.read(path)
    content = document.parse(ValueListFields)
    ids = [value.id for value in content.values]
    document.refuse(
        [
            Problem(("values", position, "id"), f"the value {value_id!r} stands twice", "Give each value its own id.")
            for position, value_id in enumerate(ids)
            if value_id in ids[:position]
        ]
    )
    values = tuple(Value(**entry.model_dump()) for entry in content.values)
    return ValueList(**(dict(content) | {"values": values}))


def find_list(list_id: str, version: str | None = None, *, folders: Sequence[Path] = ()) -> ValueList:
    """Read a released value list by its id; None takes the newest version that is not a draft.

    Raises
    ------
    NotFoundError
        If there is no such id or version; the hint lists those that exist.
    TaxonomyError
        If the file is broken, or holds another id or version than its path says.
    """
    release = find_release("values", list_id, version, folders)
    found = load_list(release.path)
    release.check(found.id, found.version)
    return found


def list_lists(*, folders: Sequence[Path] = ()) -> tuple[Release, ...]:
    """List the released value lists of the shipped folder and of ``folders``, by id, from old to new."""
    return list_releases("values", folders)
