"""What an adjudicator's annotation changes in the store: labels of disputed codes, and of those chosen beside them."""

from collections.abc import Mapping

from coding_service.label_studio.annotation import AnnotationRecord
from coding_service.services.disputes import standing
from coding_service.services.label_studio_codings import DELETED, SKIPPED, Place, Settled, annotator_of
from coding_service.services.roles import ROLE_MATRIX
from coding_service.store import Event, Scope, UnitOfWork
from coding_service.store.rows import AdjudicationRow, Label, LabelStudioAnnotationRow, PersonRow, QueueState


def disputed_codes(work: UnitOfWork, place: Place) -> list[str]:
    """List the codes on which the codings of a task's narrative differ and nobody has adjudicated."""
    return standing(work, place.scope, place.task.narrative_id, _version(place)).disputed()


def settle_adjudication(work: UnitOfWork, place: Place, record: AnnotationRecord) -> Settled:
    """Make the adjudicated labels of a narrative what an annotation says; again, it changes nothing.

    The label of a code that is disputed, or that this annotation set before, is present or absent as the annotation
    has it; a code that was not in dispute is set only where it was chosen.

    Parameters
    ----------
    work : UnitOfWork
        The transaction.
    place : Place
        Where it was made.
    record : AnnotationRecord
        What it says.

    Returns
    -------
    Settled
        Without a coding.
    """
    person = annotator_of(work, place, record)
    if isinstance(person, str):
        return Settled(problem=person)
    if not _may_adjudicate(work, place, person):
        return Settled(person.id, problem=f"{person.email} has no key that lets them adjudicate.")
    if work.codings.of_person(place.scope, place.task.narrative_id, person.id):
        return Settled(person.id, problem=f"{person.email} coded the narrative, and so does not adjudicate it.")
    if record.skipped:
        return Settled(person.id, changed=_take_back(work, place, record.annotation, person.id, SKIPPED))
    if record.problems:
        return Settled(person.id)
    mine = _name(record.annotation)
    last = _last(work, place)
    before = {code for code, row in last.items() if row.reason == mine}
    chosen = {item.code for item in record.codes}
    present = chosen.union(*(place.taxonomy.themes(code) for code in chosen))
    disputed = disputed_codes(work, place)
    labels: dict[str, Label] = {
        code: "present" if code in present else "absent"
        for code in place.taxonomy.code_ids
        if code in chosen or code in before or code in disputed
    }
    new = {code: label for code, label in labels.items() if code not in last or last[code].label != label}
    if new:
        _add(work, place, person.id, new, mine, record)
        _move(work, place)
    return Settled(person.id, changed=bool(new))


def withdraw_adjudication(work: UnitOfWork, place: Place, row: LabelStudioAnnotationRow) -> None:
    """Take back what a deleted annotation set: its codes become unknown, by later rows."""
    if row.person_id:
        _take_back(work, place, row.annotation, row.person_id, DELETED)


def _take_back(work: UnitOfWork, place: Place, annotation: int, person_id: str, reason: str) -> bool:
    mine = _name(annotation)
    labels: dict[str, Label] = {code: "unknown" for code, last in _last(work, place).items() if last.reason == mine}
    if labels:
        _add(work, place, person_id, labels, reason, None)
        _move(work, place, stage="adjudication")
    return bool(labels)


def _version(place: Place) -> tuple[str, str]:
    return place.taxonomy.id, place.taxonomy.version


def _name(annotation: int) -> str:
    return f"Label Studio annotation {annotation}"


def _may_adjudicate(work: UnitOfWork, place: Place, person: PersonRow) -> bool:
    return any(
        owner.id == person.id
        and key.role in ROLE_MATRIX["adjudicate"]
        and key.revoked_at is None
        and key.jurisdiction_id in (None, place.project.jurisdiction_id)
        for key, owner in work.keys.all(Scope.everything())
    )


def _last(work: UnitOfWork, place: Place) -> dict[str, AdjudicationRow]:
    return {
        row.code: row
        for row in work.adjudications.of_narrative(place.scope, place.task.narrative_id)
        if (row.taxonomy_id, row.taxonomy_version) == _version(place)
    }


def _add(
    work: UnitOfWork,
    place: Place,
    person_id: str,
    labels: Mapping[str, Label],
    reason: str,
    record: AnnotationRecord | None,
) -> None:
    moment = work.now() if record is None else record.updated_at
    rows = [
        AdjudicationRow(
            jurisdiction_id=place.project.jurisdiction_id,
            narrative_id=place.task.narrative_id,
            person_id=person_id,
            taxonomy_id=place.taxonomy.id,
            taxonomy_version=place.taxonomy.version,
            code=code,
            label=label,
            reason=reason,
            decided_at=moment,
        )
        for code, label in labels.items()
    ]
    work.adjudications.add(place.scope, rows)
    work.audit.record(
        Event(
            "adjudicate",
            "narrative",
            place.task.narrative_id,
            person_id=person_id,
            jurisdiction_id=place.project.jurisdiction_id,
            detail={"codes": len(rows), "reason": reason},
        )
    )


def _move(work: UnitOfWork, place: Place, *, stage: QueueState | None = None) -> None:
    queued = work.queue.hold(place.scope, place.task.narrative_id)
    settled: QueueState = "adjudication" if disputed_codes(work, place) else "done"
    work.queue.move(place.scope, place.task.narrative_id, stage or settled, reason=queued.reason)
