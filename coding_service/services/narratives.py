"""Narratives: added to a review and read; each reading and writing of one leaves an audit event."""

from collections.abc import Sequence
from dataclasses import dataclass

from coding_service.errors import ConflictError, InputError
from coding_service.services.authentication import Caller
from coding_service.services.idempotency import Answer, Retry, write_once
from coding_service.services.roles import allow
from coding_service.services.suggesting import Sizes, Text, check_texts
from coding_service.store import Engine, Event, UnitOfWork, text_hash
from coding_service.store.narratives import require_storable
from coding_service.store.rows import NarrativeRow, ReviewRow

ONE_NAME_EACH = "Give each narrative its own id, and each text once."
_ID_LENGTH = 16


@dataclass(frozen=True)
class NewNarrative:
    """A text to be added to a review.

    Parameters
    ----------
    text : str
        The text; it never changes.
    external_id : str
        The agency's own name for it, new in its review; empty names it after its text.
    """

    text: str
    external_id: str = ""

    @property
    def name(self) -> str:
        """What it is known by in its review."""
        return self.external_id or text_hash(self.text)[:_ID_LENGTH]


def add_narrative(
    store: Engine, caller: Caller, review_id: str, new: NewNarrative, *, sizes: Sizes, retry: Retry | None = None
) -> Answer:
    """Add a narrative to a review.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        Who adds it.
    review_id : str
        The review.
    new : NewNarrative
        The text.
    sizes : Sizes
        How long it may be.
    retry : Retry or None
        How the request is known again.

    Returns
    -------
    dict
        Without the text, which the caller has.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such review that the caller can see.
    InputError, TooLargeError
        If the text is empty, too long or cannot be kept.
    ConflictError
        If the review has a narrative of this external id.
    """
    allow(caller, "write reviews")

    def do(work: UnitOfWork) -> Answer:
        review = work.reviews.get(caller.scope, review_id)
        check_narratives([new], sizes)
        if work.narratives.by_external(caller.scope, review_id, new.name) is not None:
            raise ConflictError(
                f"The review has a narrative {new.name!r} already.",
                hint="Its text never changes: give another text another external_id.",
            )
        return describe_narrative(put_narrative(work, caller, review, new), review)

    return write_once(store, caller, retry, do)


def get_narrative(store: Engine, caller: Caller, narrative_id: str) -> Answer:
    """Give a narrative with its text.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such narrative that the caller can see.
    """
    allow(caller, "read narratives")
    with UnitOfWork(store) as work:
        row, review = work.narratives.with_review(caller.scope, narrative_id)
        record(work, caller, "read", row)
        work.commit()
    return {**describe_narrative(row, review), "text": row.text}


def check_narratives(new: Sequence[NewNarrative], sizes: Sizes) -> None:
    """Refuse narratives that a review cannot take together; one without a name is told by its position, from 0.

    Raises
    ------
    InputError, TooLargeError
        If there are too many, a text is empty, too long or cannot be kept, or two have the same name.
    """
    texts = [Text(narrative.external_id or str(row), narrative.text) for row, narrative in enumerate(new)]
    if texts:
        check_texts(texts, sizes)
    for text in texts:
        require_storable(text.id, text.text)
    twice = repeated_name(new)
    if twice:
        raise InputError(f"The narrative {twice!r} stands twice in the review.", hint=ONE_NAME_EACH)


def repeated_name(new: Sequence[NewNarrative]) -> str:
    """Give the first name that two narratives share; empty where each has its own."""
    names = [narrative.name for narrative in new]
    return next((name for row, name in enumerate(names) if name in names[:row]), "")


def put_narrative(work: UnitOfWork, caller: Caller, review: ReviewRow, new: NewNarrative) -> NarrativeRow:
    """Add the row of a narrative that `check_narratives` let pass."""
    row = work.narratives.add(caller.scope, review, new.name, new.text)
    record(work, caller, "create", row)
    return row


def record(work: UnitOfWork, caller: Caller, action: str, row: NarrativeRow, **detail: object) -> None:
    """Note in the audit chain that a caller did something with a narrative."""
    work.audit.record(
        Event(
            action,
            "narrative",
            row.id,
            person_id=caller.person_id or None,
            jurisdiction_id=row.jurisdiction_id,
            detail=detail,
        )
    )


def describe_narrative(row: NarrativeRow, review: ReviewRow) -> Answer:
    """Give a narrative as plain JSON, without its text."""
    return {
        "id": row.id,
        "external_id": row.external_id,
        "review_id": row.review_id,
        "blind": review.blind,
        "created_at": row.created_at.isoformat(),
    }
