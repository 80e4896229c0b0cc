"""Reviews: made and read; their cause and incident type come from the versioned lists."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from coding_service.errors import ConflictError, InputError
from coding_service.services.authentication import Caller
from coding_service.services.blindness import Blinding
from coding_service.services.idempotency import Answer, Retry, write_once
from coding_service.services.narratives import NewNarrative, check_narratives, put_narrative
from coding_service.services.roles import allow
from coding_service.services.suggesting import Sizes
from coding_service.store import Engine, Event, UnitOfWork
from coding_service.store.rows import JurisdictionRow, NarrativeRow, ReviewRow
from coding_service.taxonomy.lists import CAUSES, INCIDENT_TYPES, ValueList, find_list

_LONGEST_VALUE = 80


@dataclass(frozen=True)
class NewReview:
    """A review as an agency describes it.

    Parameters
    ----------
    external_id : str
        The agency's own name for it, new in its jurisdiction.
    jurisdiction : str
        Name of its jurisdiction; may be empty where the caller has only one.
    cause, incident_type : str or None
        Values of the lists ``causes`` and ``incident-types``; None where not known.
    incident_date, review_date : datetime.date or None
        When it happened, and when it was reviewed.
    completed : bool
        Whether the review is done.
    narratives : tuple of NewNarrative
        Its Improvement Opportunities; there may be none.
    """

    external_id: str
    jurisdiction: str = ""
    cause: str | None = None
    incident_type: str | None = None
    incident_date: date | None = None
    review_date: date | None = None
    completed: bool = False
    narratives: tuple[NewNarrative, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Give what an agency may correct later."""
        return {
            "cause": self.cause,
            "incident_type": self.incident_type,
            "incident_date": self.incident_date,
            "review_date": self.review_date,
            "completed": self.completed,
        }


@dataclass(frozen=True)
class Intake:
    """By what rules reviews are taken in."""

    blinding: Blinding
    sizes: Sizes


def create_review(
    store: Engine, caller: Caller, new: NewReview, *, intake: Intake, retry: Retry | None = None
) -> Answer:
    """Make a review, with those of its narratives that come along.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        Who makes it.
    new : NewReview
        What it is.
    intake : Intake
        How blind reviews are drawn, and how long a text may be.
    retry : Retry or None
        How the request is known again.

    Returns
    -------
    dict
        As `get_review` gives it.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If the jurisdiction is not one that the caller can see.
    InputError
        If a value is not in its list, or a text cannot be kept.
    ConflictError
        If the jurisdiction has a review of this external id.
    """
    allow(caller, "write reviews")
    check_review(new, intake.sizes)

    def do(work: UnitOfWork) -> Answer:
        jurisdiction = _jurisdiction(work, caller, new.jurisdiction)
        if work.reviews.by_external(caller.scope, jurisdiction.id, new.external_id) is not None:
            raise ConflictError(
                f"There is a review {new.external_id!r} in {jurisdiction.name} already.",
                hint="Add narratives to it, or correct it by `io-coding reviews import`.",
            )
        row = put_review(work, caller, jurisdiction, new, intake)
        narratives = [put_narrative(work, caller, row, narrative) for narrative in new.narratives]
        return describe_review(row, jurisdiction, narratives)

    return write_once(store, caller, retry, do)


def get_review(store: Engine, caller: Caller, review_id: str) -> Answer:
    """Give a review with the ids of its narratives, and none of their texts.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such review that the caller can see.
    """
    allow(caller, "read reviews")
    with UnitOfWork(store, reading=True) as work:
        row = work.reviews.get(caller.scope, review_id)
        jurisdiction = work.jurisdictions.get(caller.scope, row.jurisdiction_id)
        return describe_review(row, jurisdiction, work.narratives.of_review(caller.scope, review_id))


def put_review(
    work: UnitOfWork, caller: Caller, jurisdiction: JurisdictionRow, new: NewReview, intake: Intake
) -> ReviewRow:
    """Add the row of a new review, drawn blind or not, without its narratives."""
    blind_role = intake.blinding.draw(jurisdiction.name, new.external_id)
    row = ReviewRow(
        jurisdiction_id=jurisdiction.id,
        external_id=new.external_id,
        value_lists={list_id: _value_list(list_id).version for list_id in (CAUSES, INCIDENT_TYPES)},
        blind=blind_role is not None,
        blind_role=blind_role,
        created_at=work.now(),
        **new.facts(),
    )
    work.reviews.add(caller.scope, row)
    work.audit.record(
        Event("create", "review", row.id, person_id=caller.person_id or None, jurisdiction_id=jurisdiction.id)
    )
    return row


def check_review(new: NewReview, sizes: Sizes) -> None:
    """Refuse a review whose values are not in their lists, or whose narratives it cannot take.

    Raises
    ------
    InputError, TooLargeError
        If a value is unknown, the hint then lists the known ones; or as `check_narratives` says.
    """
    check_narratives(new.narratives, sizes)
    for list_id, value in ((CAUSES, new.cause), (INCIDENT_TYPES, new.incident_type)):
        if value is None:
            continue
        known = _value_list(list_id)
        if len(value) > _LONGEST_VALUE:  # such as a narrative in the wrong column
            raise InputError(
                f"A value of {len(value)} characters is not in the list {known.id} {known.version}.",
                hint=f"Known are: {', '.join(known.ids)}.",
            )
        known.check_value(value)


def describe_review(row: ReviewRow, jurisdiction: JurisdictionRow, narratives: list[NarrativeRow]) -> Answer:
    """Give a review as plain JSON."""
    return {
        "id": row.id,
        "external_id": row.external_id,
        "jurisdiction": jurisdiction.name,
        "cause": row.cause,
        "incident_type": row.incident_type,
        "value_lists": row.value_lists,
        "incident_date": row.incident_date and row.incident_date.isoformat(),
        "review_date": row.review_date and row.review_date.isoformat(),
        "completed": row.completed,
        "blind": row.blind,
        "created_at": row.created_at.isoformat(),
        "narratives": [{"id": narrative.id, "external_id": narrative.external_id} for narrative in narratives],
    }


def _jurisdiction(work: UnitOfWork, caller: Caller, name: str) -> JurisdictionRow:
    if name:
        return work.jurisdictions.named(caller.scope, name)
    if caller.jurisdiction is None:
        raise InputError(
            "The key reaches all jurisdictions, so the review must name its own.", hint="Send `jurisdiction`."
        )
    return work.jurisdictions.get(caller.scope, caller.jurisdiction)


@cache
def _value_list(list_id: str) -> ValueList:
    return find_list(list_id)
