"""Review files: JSON Lines with one review a line, or CSV with one row a narrative; messages never quote a text."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from coding_service.corpus.tables import TableForm
from coding_service.errors import InputError
from coding_service.services.narratives import ONE_NAME_EACH, NewNarrative, repeated_name
from coding_service.services.reviews import NewReview

REVIEW_COLUMNS = ("review_id", "cause", "incident_type", "incident_date", "review_date", "completed")
COLUMNS = (*REVIEW_COLUMNS, "narrative_id", "text")
_YES_NO: Mapping[str, bool] = {"true": True, "false": False}
_LARGEST_CELL = 10_000_000
"""Characters; the csv module stops at 131,072 unless told."""


_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(value: object) -> object:
    """Refuse what would else be read as seconds since 1970: a number, or digits alone such as 20260114."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("a date is written YYYY-MM-DD")


def _yes_or_no(value: object) -> object:
    if isinstance(value, bool):
        return value
    raise ValueError("is written true or false")


def bare(value: str) -> str:
    """Refuse white space around a name: a table loses it, and the same thing would be known by two names."""
    if value != value.strip():
        raise ValueError("begins or ends with white space")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]
Bare = Annotated[str, AfterValidator(bare)]
_Name = Annotated[Bare, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _NarrativeLine(_Part):
    id: Annotated[Bare, Field(max_length=200)] = ""
    text: Annotated[str, Field(min_length=1)]


class _ReviewLine(_Part):
    id: _Name
    cause: str | None = None
    incident_type: str | None = None
    incident_date: Day | None = None
    review_date: Day | None = None
    completed: Annotated[bool, BeforeValidator(_yes_or_no)] = False
    narratives: tuple[_NarrativeLine, ...] = ()


def parse_reviews(content: str, form: TableForm, *, name: str) -> list[NewReview]:
    """Read the reviews of a file.

    Parameters
    ----------
    content : str
        The whole file.
    form : TableForm
        How it is written down.
    name : str
        What messages call it.

    Returns
    -------
    list of NewReview
        In the order of the file, without jurisdiction.

    Raises
    ------
    InputError
        If a line breaks the format, or a review stands twice; the message names file and line.
    """
    numbered = _from_csv(content, name) if form is TableForm.CSV else _from_jsonl(content, name)
    reviews: dict[str, NewReview] = {}
    for where, record in numbered:
        review = _review(where, record)
        if review.external_id in reviews:
            raise InputError(
                f"{where}: the review {review.external_id!r} stands twice.", hint="Put its narratives together."
            )
        twice = repeated_name(review.narratives)
        if twice:
            raise InputError(
                f"{where}: the narrative {twice!r} stands twice in review {review.external_id!r}.",
                hint=ONE_NAME_EACH,
            )
        reviews[review.external_id] = review
    return list(reviews.values())


def dump_reviews(records: Iterable[Mapping[str, Any]], form: TableForm) -> Iterator[str]:
    """Write reviews in the form that `parse_reviews` reads.

    Parameters
    ----------
    records : iterable of mapping
        Each with the keys of a line of JSON Lines.
    form : TableForm
        How to write them down.

    Yields
    ------
    str
        A line, or for CSV the rows of a review, line feed included.
    """
    if form is TableForm.JSONL:
        for record in records:
            yield json.dumps(record, ensure_ascii=False) + "\n"
        return
    yield ",".join(COLUMNS) + "\n"
    for record in records:
        buffer = io.StringIO()
        writer = csv.DictWriter(
            buffer, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL
        )  # a lone carriage return, too
        facts = {column: record[column] for column in REVIEW_COLUMNS[1:]}
        facts |= {"review_id": record["id"], "completed": str(record["completed"]).lower()}
        for narrative in record["narratives"] or [{}]:
            writer.writerow({**facts, "narrative_id": narrative.get("id"), "text": narrative.get("text")})
        yield buffer.getvalue()


def _from_jsonl(content: str, name: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                yield f"{name}:{number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"{name}:{number}: is not JSON.", hint="Write one review, an object, a line."
                ) from error


def _from_csv(content: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Group the rows of each review; a row without text is a review that has none."""
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.DictReader(io.StringIO(content, newline=""), restkey="", strict=True)
    _refuse_columns(name, reader.fieldnames or ())
    grouped: dict[str, tuple[str, dict[str, Any]]] = {}
    try:
        for row in reader:
            where = f"{name}:{reader.line_num}"
            if "" in row:
                raise InputError(f"{where}: has more cells than the heading.", hint="Quote cells that hold a comma.")
            facts = {column: (row.get(column) or "").strip() for column in REVIEW_COLUMNS}
            review_id = facts.pop("review_id")
            record: dict[str, Any] = {"id": review_id, **{column: value for column, value in facts.items() if value}}
            if facts["completed"]:
                record["completed"] = _YES_NO.get(facts["completed"].lower(), facts["completed"])
            first, review = grouped.setdefault(review_id, (where, {**record, "narratives": []}))
            if record != {key: value for key, value in review.items() if key != "narratives"}:
                raise InputError(
                    f"{where}: says otherwise of its review than {first}.", hint="Repeat the same values in each row."
                )
            if row.get("text"):
                review["narratives"].append({"id": (row.get("narrative_id") or "").strip(), "text": row["text"]})
    except csv.Error as error:
        raise InputError(f"{name}:{reader.line_num}: is not CSV: {error}.", hint="Save it as CSV in UTF-8.") from error
    yield from grouped.values()


def _refuse_columns(name: str, columns: Sequence[str]) -> None:
    unknown = [column for column in columns if column not in COLUMNS]
    twice = [column for column in COLUMNS if columns.count(column) > 1]
    if twice:
        raise InputError(f"{name}:1: the column {twice[0]!r} stands twice.", hint="Keep one of them.")
    if "review_id" not in columns or unknown:
        strange = ", ".join(repr(column[:80]) for column in unknown)
        told = f"the columns {strange} are not known" if unknown else "there is no column 'review_id'"
        raise InputError(f"{name}:1: {told}.", hint=f"Known are: {', '.join(COLUMNS)}.")


def _review(where: str, record: Any) -> NewReview:
    try:
        line = _ReviewLine.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise InputError(f"{where}: {field[:80]}: {first['msg']}.", hint="Correct the value.") from None
    narratives = tuple(NewNarrative(narrative.text, narrative.id) for narrative in line.narratives)
    facts = line.model_dump(exclude={"id", "narratives"})
    return NewReview(line.id, narratives=narratives, **facts)
