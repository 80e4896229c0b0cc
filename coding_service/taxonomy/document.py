"""A YAML file of ours, read so that every complaint can name its line; knows nothing of what the file means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from coding_service.errors import TaxonomyError
from coding_service.text_file import read_text

Schema = TypeVar("Schema", bound=BaseModel)

Location = Sequence[str | int]
"""Keys and positions that lead to a value, as pydantic reports them."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_PROBLEMS = 10
_MOST_CHARACTERS = 60

_EXPECTED = {
    "string_type": ("expected text", "Put the value in quotes."),
    "bool_type": ("expected true or false", "Write true or false, without quotes."),
    "tuple_type": ("expected a list", "Write one entry a line, each after a dash."),
    "list_type": ("expected a list", "Write one entry a line, each after a dash."),
    "dict_type": ("expected an object", "Compare it with `io-coding taxonomy import --help`."),
    "model_type": ("expected fields", "Write `field: value` lines."),
    "too_short": ("expected at least one entry", "Add an entry."),
    "string_too_short": ("expected text", "Write the text, or leave the field out if it is optional."),
}
"""Kind of pydantic error -> (what was expected, remedy)."""

_PATTERNS: dict[Location, tuple[str, str]] = {
    ("version",): ("a semantic version such as 1.0.0", "Give it three numbers: major, minor and patch."),
    ("old",): ("a semantic version such as 1.0.0", "Name the version of the older file."),
    ("new",): ("a semantic version such as 1.1.0", "Name the version of the newer file."),
    ("id",): ("an id of letters, digits, dot, hyphen and underscore", "Correct the id."),
}
"""Location -> (what its pattern expects, remedy)."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file.

    Parameters
    ----------
    location : sequence of str or int
        Where it is.
    message : str
        What is wrong, without the place.
    hint : str
        What to do.
    """

    location: Location
    message: str
    hint: str


@dataclass(frozen=True)
class Document:
    """Plain data together with the lines that it came from.

    Parameters
    ----------
    name : str
        The file, for messages.
    data : object
        What the file holds.
    root : yaml.Node or None
        Its nodes, which know their lines; None for data that came without a file.
    """

    name: str
    data: Any
    root: yaml.Node | None = None

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Read a YAML file.

        Raises
        ------
        NotFoundError
            If there is no such file.
        TaxonomyError
            If it is not UTF-8, not YAML, empty, or repeats a key.
        """
        text = read_text(path, error=TaxonomyError)
        try:
            loader = _LOADER(text)
            root = loader.get_single_node()
            data = None if root is None else loader.construct_document(root)
        except (yaml.YAMLError, ValueError) as failure:
            mark = getattr(failure, "problem_mark", None)
            place = f", line {mark.line + 1}" if mark else ""
            reason = getattr(failure, "problem", None) or getattr(failure, "reason", None) or str(failure)
            raise TaxonomyError(
                f"{path}{place}: not valid YAML: {reason}.",
                hint="Check the indentation, and quote text that holds a colon or starts with a special character.",
            ) from failure
        document = cls(str(path), data, root)
        if root is None:
            raise TaxonomyError(f"{path} is empty.", hint="Compare it with taxonomy/io-themes/1.0.0.yaml.")
        document.refuse(list(document.repeated_keys()))
        return document

    def repeated_keys(self) -> Iterator[Problem]:
        """Find keys that stand twice in one mapping, which YAML would silently settle for the last."""
        waiting: list[tuple[tuple[str | int, ...], yaml.Node]] = [] if self.root is None else [((), self.root)]
        seen: set[int] = set()
        while waiting:
            location, node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting.extend(((*location, position), item) for position, item in enumerate(node.value))
            elif isinstance(node, yaml.MappingNode):
                lines: dict[str, int] = {}
                for key, value in node.value:
                    name = str(key.value)
                    if name in lines:
                        yield Problem(
                            (*location, name),
                            f"the field {name!r} stands twice, first in line {lines[name]}",
                            "Keep one.",
                        )
                    lines[name] = key.start_mark.line + 1
                    waiting.append(((*location, name), value))

    def line(self, location: Location) -> int | None:
        """Give the line, from 1, of a location or of the nearest thing above it; None without a file."""
        node, line = self.root, None
        if node is None:
            return None
        line = node.start_mark.line + 1
        for part in location:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            elif isinstance(node, yaml.MappingNode):
                pairs = [(key, value) for key, value in node.value if key.value == str(part)]
                if not pairs:
                    break
                line, node = pairs[-1][0].start_mark.line + 1, pairs[-1][1]
            else:
                break
        return line

    def parse(self, schema: type[Schema]) -> Schema:
        """Read the data as a schema.

        Raises
        ------
        TaxonomyError
            If a field is unknown, missing or of another form; each problem is named with its line.
        """
        try:
            return schema.model_validate(self.data)
        except ValidationError as failure:
            self.refuse([_problem(error, schema) for error in failure.errors()])
            raise

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Complain about problems, if there are any, one a line.

        Raises
        ------
        TaxonomyError
            If there is at least one problem.
        """
        if not problems:
            return
        ordered = sorted(problems, key=lambda problem: self.line(problem.location) or 0)
        lines = [f"{self._place(problem.location)}: {problem.message}." for problem in ordered[:_MOST_PROBLEMS]]
        if len(ordered) > _MOST_PROBLEMS:
            lines.append(f"... and {len(ordered) - _MOST_PROBLEMS} more problems.")
        hints = dict.fromkeys(problem.hint for problem in ordered[:_MOST_PROBLEMS])
        raise TaxonomyError("\n".join(lines), hint=" ".join(hints))

    def _place(self, location: Location) -> str:
        line = self.line(location)
        if line is not None:
            return f"{self.name}, line {line}"
        return ", ".join([self.name, *(str(part) for part in location[:2])])


def _problem(error: Mapping[str, Any], schema: type[BaseModel]) -> Problem:
    """Say in our words what pydantic found."""
    location: tuple[str | int, ...] = error["loc"]
    field = next((f"{part!r}" for part in reversed(location) if isinstance(part, str)), "the file")
    if error["type"] == "extra_forbidden":
        return Problem(location, f"unknown field {field}", f"Known fields are: {', '.join(_fields(schema, location))}.")
    if error["type"] == "missing":
        return Problem(location, f"the field {field} is missing", f"Add {field}.")
    if error["type"] == "string_pattern_mismatch":
        expected, hint = _PATTERNS.get(location, ("text that is not blank at either end", "Remove the blanks."))
        return Problem(location, f"{field} is {_shown(error['input'])}, expected {expected}", hint)
    if error["type"] == "literal_error":
        expected = error["ctx"]["expected"]
        return Problem(location, f"{field} is {_shown(error['input'])}, expected {expected}", "Choose one of them.")
    expected, hint = _EXPECTED.get(error["type"], (error["msg"], "Compare it with taxonomy/io-themes/1.0.0.yaml."))
    return Problem(location, f"{field} is {_shown(error['input'])}, {expected}", hint)


def _fields(schema: type[BaseModel], location: Location) -> list[str]:
    """Give the fields that may stand where an unknown one was found."""
    for part in location[:-1]:
        field = schema.model_fields.get(str(part))
        nested = [] if field is None else [kind for kind in get_args(field.annotation) if isinstance(kind, type)]
        schema = next((kind for kind in nested if issubclass(kind, BaseModel)), schema)
    return list(schema.model_fields)


def _shown(value: Any) -> str:
    text = "empty" if value in (None, "") else repr(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
