"""Reviews in and out of the store as files; importing the same file again changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from coding_service.errors import ConflictError, InputError
from coding_service.services.authentication import Caller
from coding_service.services.jurisdictions import jurisdiction_named
from coding_service.services.narratives import put_narrative, record
from coding_service.services.reviews import Intake, NewReview, check_review, put_review
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.repository import chunks
from coding_service.store.rows import JurisdictionRow, ReviewRow

OPERATOR = Caller(key="command line", person="", role="admin")
"""Whoever runs the command line on the machine of the store; nobody in the store itself."""

REVIEWS_AT_ONCE = 100
"""Reviews in one transaction, so that reviewers never wait long."""

Change = Literal["new", "corrected", "unchanged"]


def import_reviews(
    store: Engine,
    reviews: Sequence[NewReview],
    jurisdiction: str,
    *,
    intake: Intake,
    new_jurisdiction: bool = False,
    watch: Callable[[Iterable[NewReview]], Iterable[NewReview]] = iter,
) -> dict[str, int]:
    """Bring reviews into the store: new ones are made, known ones corrected, new narratives added.

    Parameters
    ----------
    store : Engine
        The store.
    reviews : sequence of NewReview
        All are checked before the first is written.
    jurisdiction : str
        Name of their jurisdiction.
    intake : Intake
        How blind reviews are drawn, and how long a text may be.
    new_jurisdiction : bool
        Whether to make the jurisdiction if it is unknown.
    watch : callable
        Passes the reviews on while it shows how far they are.

    Returns
    -------
    dict of str to int
        How many reviews were ``new``, ``corrected`` and ``unchanged``, and ``narratives`` how many of these were new.

    Raises
    ------
    InputError, TooLargeError
        If a value is not in its list, or a text is empty, too long or cannot be kept.
    NotFoundError
        If the jurisdiction is unknown.
    ConflictError
        If a narrative is known with another text; reviews of earlier transactions are kept then.
    """
    for review in reviews:
        try:
            check_review(review, intake.sizes)
        except InputError as error:
            raise type(error)(f"Review {review.external_id!r}: {error.message}", hint=error.hint) from error
    with UnitOfWork(store) as work:
        owner = jurisdiction_named(work, jurisdiction, new=new_jurisdiction)
        work.commit()
    counts: Counter[str] = Counter(new=0, corrected=0, unchanged=0, narratives=0)
    for batch in chunks(watch(reviews), REVIEWS_AT_ONCE):
        with UnitOfWork(store) as work:
            for review in batch:
                change, n_narratives = _import_one(work, owner, review, intake)
                counts[change] += 1
                counts["narratives"] += n_narratives
            work.commit()
    return dict(counts)


def export_reviews(store: Engine, scope: Scope) -> Iterator[dict[str, Any]]:
    """Give the reviews of a scope as plain records, with an audit event for each narrative.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose reviews.

    Yields
    ------
    dict
        A line of JSON Lines as `coding_service.services.review_files` reads it, by jurisdiction and external id.
    """
    with UnitOfWork(store, reading=True) as work:
        ids = [row.id for row in work.reviews.stream(scope)]
    for batch in chunks(ids, REVIEWS_AT_ONCE):
        with UnitOfWork(store) as work:
            rows = work.reviews.by_ids(scope, batch)
            records = [_record(work, rows[review_id], scope) for review_id in batch]
            work.commit()
        yield from records


def scope_of(store: Engine, jurisdiction: str) -> Scope:
    """Give the scope of a jurisdiction by its name, or of everything for an empty one.

    Raises
    ------
    NotFoundError
        If there is no such jurisdiction.
    """
    if not jurisdiction:
        return Scope.everything()
    with UnitOfWork(store, reading=True) as work:
        return Scope(work.jurisdictions.named(Scope.everything(), jurisdiction).id)


def _import_one(work: UnitOfWork, owner: JurisdictionRow, review: NewReview, intake: Intake) -> tuple[Change, int]:
    row = work.reviews.by_external(OPERATOR.scope, owner.id, review.external_id)
    change: Change
    if row is None:
        change, row, known = "new", put_review(work, OPERATOR, owner, review, intake), {}
    else:
        change = _correct(work, row, review)
        known = {
            narrative.external_id: narrative.text for narrative in work.narratives.of_review(OPERATOR.scope, row.id)
        }
    n_new = 0
    for narrative in review.narratives:
        if narrative.name not in known:
            put_narrative(work, OPERATOR, row, narrative)
            n_new += 1
        elif known[narrative.name] != narrative.text:
            raise ConflictError(
                f"Narrative {narrative.name!r} of review {review.external_id!r} is known with another text.",
                hint="A text never changes: give the new one another id.",
            )
    return change, n_new


def _correct(work: UnitOfWork, row: ReviewRow, review: NewReview) -> Change:
    changed = {name: value for name, value in review.facts().items() if getattr(row, name) != value}
    if not changed:
        return "unchanged"
    for name, value in changed.items():
        setattr(row, name, value)
    work.reviews.save()
    work.audit.record(
        Event("correct", "review", row.id, jurisdiction_id=row.jurisdiction_id, detail={"changed": sorted(changed)})
    )
    return "corrected"


def _record(work: UnitOfWork, row: ReviewRow, scope: Scope) -> dict[str, Any]:
    narratives = sorted(work.narratives.of_review(scope, row.id), key=lambda narrative: narrative.external_id)
    for narrative in narratives:
        record(work, OPERATOR, "export", narrative)
    return {
        "id": row.external_id,
        "cause": row.cause,
        "incident_type": row.incident_type,
        "incident_date": row.incident_date and row.incident_date.isoformat(),
        "review_date": row.review_date and row.review_date.isoformat(),
        "completed": row.completed,
        "narratives": [{"id": narrative.external_id, "text": narrative.text} for narrative in narratives],
    }
