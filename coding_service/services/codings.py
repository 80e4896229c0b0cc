"""Codings: opened by one person for one narrative, closed once, and seen by their coder and the adjudicators alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coding_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TaxonomyMismatchError
from coding_service.services.authentication import Caller
from coding_service.services.current_taxonomy import current_taxonomy, settled_taxonomy
from coding_service.services.idempotency import Answer, Retry, write_once
from coding_service.services.narratives import record
from coding_service.services.roles import allow, may
from coding_service.services.shown_suggestions import first_shown
from coding_service.services.stages import Doubling, after_close
from coding_service.store import Engine, Event, UnitOfWork
from coding_service.store.rows import CodingRow, DecisionRow
from coding_service.store.scope import missing
from coding_service.taxonomy import Taxonomy

Version = tuple[str, str]
"""Id and version of a taxonomy."""


@dataclass(frozen=True)
class Closing:
    """How a coding is closed.

    Parameters
    ----------
    complete : bool
        Whether the coder went through all codes, so that those without a decision are absent.
    skipped_reason : str or None
        Why the narrative was not coded; such a coding is never complete, and what was decided in it is no opinion. A
        blank reason is none.
    missing_theme : str or None
        A theme that the taxonomy lacks.
    comment : str or None
        For whoever adjudicates.
    """

    complete: bool
    skipped_reason: str | None = None
    missing_theme: str | None = None
    comment: str | None = None


def open_coding(
    store: Engine, caller: Caller, narrative_id: str, *, version: Version | None = None, retry: Retry | None = None
) -> Answer:
    """Open a person's coding of a narrative, in the current version of the taxonomy.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        The coder.
    narrative_id : str
        What is coded.
    version : Version or None
        The taxonomy that the coder has before them; refused if it is not the current one.
    retry : Retry or None
        How the request is known again.

    Returns
    -------
    dict
        The coding, without decisions.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such narrative that the caller can see.
    TaxonomyMismatchError
        If ``version`` is not the current one.
    ConflictError
        If the person has a coding of the narrative in this version.
    """
    allow(caller, "write codings")

    def do(work: UnitOfWork) -> Answer:
        narrative, review = work.narratives.with_review(caller.scope, narrative_id)
        taxonomy = settled_taxonomy(work)
        current = (taxonomy.id, taxonomy.version)
        refuse_mismatch(version or current, current)
        others = work.codings.of_narrative(caller.scope, narrative_id)
        for coding in others:
            if coding.person_id == caller.person_id and version_of(coding) == current:
                raise ConflictError(
                    f"You have the coding {coding.id} of this narrative already.",
                    hint="Decide in it; a narrative is coded once by each person.",
                )
        shown = None if review.blind else first_shown(work, caller, narrative_id)
        row = CodingRow(
            jurisdiction_id=narrative.jurisdiction_id,
            narrative_id=narrative_id,
            person_id=caller.person_id,
            blind=review.blind,
            taxonomy_id=taxonomy.id,
            taxonomy_version=taxonomy.version,
            snapshot_id=shown.id if shown else None,
            independent=not (others and may(caller, "read others' codings")),
            opened_at=work.now(),
        )
        work.codings.open(caller.scope, row)
        record_coding(work, caller, "open", row)
        return describe_coding(work, caller, row, ())

    return write_once(store, caller, retry, do)


def close_coding(
    store: Engine, caller: Caller, coding_id: str, closing: Closing, *, doubling: Doubling, retry: Retry | None = None
) -> Answer:
    """Close a coding for good; from then on its coder may see suggestions, so nothing can be added to it.

    Its narrative goes on in the queue.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        The coder.
    coding_id : str
        The coding.
    closing : Closing
        Complete or not, and why.
    doubling : Doubling
        How narratives are drawn for a second coding.
    retry : Retry or None
        How the request is known again.

    Returns
    -------
    dict
        The coding with its decisions.

    Raises
    ------
    InputError
        If a skipped narrative is said to be completely coded.
    ForbiddenError
        If the role of the caller does not allow it, or the coding is another's.
    NotFoundError
        If there is no such coding that the caller can see.
    ConflictError
        If it is closed.
    """
    allow(caller, "write codings")
    skipped_reason = (closing.skipped_reason or "").strip() or None
    if closing.complete and skipped_reason:
        raise InputError(
            "A skipped narrative is not completely coded.", hint="Leave skipped_reason out, or send complete: false."
        )

    def do(work: UnitOfWork) -> Answer:
        row, _ = own_open_coding(work, caller, coding_id)
        row.comment, row.missing_theme = closing.comment, closing.missing_theme
        work.codings.close(caller.scope, coding_id, complete=closing.complete, skipped_reason=skipped_reason)
        after_close(work, caller.scope, row, doubling)
        record_coding(work, caller, "close", row, complete=closing.complete)
        return describe_coding(work, caller, row, work.decisions.of_coding(caller.scope, coding_id))

    return write_once(store, caller, retry, do)


def list_codings(store: Engine, caller: Caller, narrative_id: str) -> Answer:
    """List the codings of a narrative that a person may see: their own, or all for an adjudicator.

    An adjudicator who looks at others' codings no longer codes independently; agreement leaves their coding out.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such narrative that the caller can see.
    """
    allow(caller, "read codings")
    everything = may(caller, "read others' codings")
    with UnitOfWork(store) as work:
        narrative = work.narratives.get(caller.scope, narrative_id)
        rows = work.codings.of_narrative(caller.scope, narrative_id)
        shown = [row for row in rows if everything or row.person_id == caller.person_id]
        decided: dict[str, list[DecisionRow]] = {row.id: [] for row in shown}
        for decision in work.decisions.of_narrative(caller.scope, narrative_id):
            decided.get(decision.coding_id, []).append(decision)
        if any(row.person_id != caller.person_id for row in shown):
            own = [row.id for row in rows if row.person_id == caller.person_id and row.closed_at is None]
            work.codings.mark_dependent(caller.scope, own)
        answer = {"codings": [describe_coding(work, caller, row, decided[row.id]) for row in shown]}
        record(work, caller, "list codings", narrative, codings=list(decided))
        work.commit()
    return answer


def own_open_coding(work: UnitOfWork, caller: Caller, coding_id: str) -> tuple[CodingRow, Taxonomy]:
    """Give a person's own coding for writing, and its taxonomy; the coding is not closed meanwhile.

    Raises
    ------
    NotFoundError
        If there is no such coding that the caller can see.
    ForbiddenError
        If it is another's, and the caller may see that.
    ConflictError
        If it is closed.
    TaxonomyMismatchError
        If the store has moved on to another version of the taxonomy.
    """
    row = work.codings.hold(caller.scope, coding_id)
    if row.person_id != caller.person_id:
        if not may(caller, "read others' codings"):
            raise missing("coding")
        raise ForbiddenError("The coding is another person's.", hint="Open your own, or adjudicate the narrative.")
    if row.closed_at is not None:
        raise ConflictError(
            "The coding is closed.", hint="What was decided stands; an adjudicator can decide otherwise."
        )
    taxonomy = current_taxonomy(work)
    refuse_mismatch(version_of(row), (taxonomy.id, taxonomy.version))
    return row, taxonomy


def version_of(row: CodingRow) -> Version:
    """Give the taxonomy version that a coding is made in."""
    return row.taxonomy_id, row.taxonomy_version


def refuse_mismatch(got: Version, expected: Version) -> None:
    """Refuse work in another taxonomy version than the expected one.

    Raises
    ------
    TaxonomyMismatchError
        If they differ; the hint says what to do.
    """
    if got != expected:
        raise TaxonomyMismatchError(
            f"This was decided by taxonomy {got[0]!r} {got[1]}; codings are now made in {expected[0]!r} {expected[1]}.",
            hint=f"Read GET /v1/taxonomies/{expected[0]}/{expected[1]}, open a coding in that version and decide anew.",
        )


def record_coding(work: UnitOfWork, caller: Caller, action: str, row: CodingRow, **detail: object) -> None:
    """Note in the audit chain that a caller did something with a coding."""
    work.audit.record(
        Event(
            action,
            "coding",
            row.id,
            person_id=caller.person_id or None,
            jurisdiction_id=row.jurisdiction_id,
            detail={"narrative": row.narrative_id, **detail},
        )
    )


def describe_coding(work: UnitOfWork, caller: Caller, row: CodingRow, decisions: Sequence[DecisionRow]) -> Answer:
    """Give a coding as plain JSON; of what was shown, only by which bundle and when."""
    snapshot = work.snapshots.get(caller.scope, row.snapshot_id) if row.snapshot_id else None
    try:
        coder = work.people.get(caller.scope, row.person_id).email
    except NotFoundError:  # a person who has moved to another jurisdiction since
        coder = ""
    return {
        "id": row.id,
        "narrative_id": row.narrative_id,
        "coder": coder,
        "taxonomy": {"id": row.taxonomy_id, "version": row.taxonomy_version},
        "blind": row.blind,
        "independent": row.independent,
        "shown": snapshot
        and {
            "bundle": {"id": snapshot.bundle_id, "sha256": snapshot.bundle_sha256},
            "at": snapshot.shown_at.isoformat(),
        },
        "opened_at": row.opened_at.isoformat(),
        "closed_at": row.closed_at and row.closed_at.isoformat(),
        "complete": row.complete,
        "skipped_reason": row.skipped_reason,
        "missing_theme": row.missing_theme,
        "comment": row.comment,
        "decisions": describe_decisions(decisions),
    }


def describe_decisions(rows: Sequence[DecisionRow]) -> list[Answer]:
    """Give the decisions of a coding as plain JSON, oldest first; of each code the last one is current."""
    last: Mapping[str, str] = {row.code: row.id for row in rows}
    return [
        {
            "id": row.id,
            "code": row.code,
            "verdict": row.verdict,
            "rating": row.rating,
            "evidence": [{"start": start, "end": end} for start, end in row.evidence],
            "reason": row.reason,
            "decided_at": row.decided_at.isoformat(),
            "current": last[row.code] == row.id,
        }
        for row in rows
    ]
