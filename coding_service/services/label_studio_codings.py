"""What an annotation changes in the store: a coding with its decisions, written as differences to what is there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from coding_service.label_studio.annotation import AnnotationRecord, ShownPrediction
from coding_service.services.stages import Doubling, after_close
from coding_service.store import Event, Scope, UnitOfWork
from coding_service.store.rows import (
    CodingRow,
    DecisionRow,
    LabelStudioAnnotationRow,
    LabelStudioProjectRow,
    LabelStudioTaskRow,
    PersonRow,
    SuggestionSnapshotRow,
)
from coding_service.taxonomy import Taxonomy

SKIPPED = "skipped in Label Studio"
DELETED = "deleted in Label Studio"


@dataclass(frozen=True)
class Place:
    """Where an annotation was made.

    Parameters
    ----------
    project : LabelStudioProjectRow
        The project.
    task : LabelStudioTaskRow
        The task.
    taxonomy : Taxonomy
        The version that the project codes by.
    doubling : Doubling
        How narratives are drawn for a second coding.
    """

    project: LabelStudioProjectRow
    task: LabelStudioTaskRow
    taxonomy: Taxonomy
    doubling: Doubling

    @property
    def scope(self) -> Scope:
        """The jurisdiction of the project."""
        return Scope(self.project.jurisdiction_id)


@dataclass(frozen=True)
class Settled:
    """What became of an annotation: its coder and coding, or why there is none."""

    person_id: str | None = None
    coding_id: str | None = None
    problem: str = ""
    changed: bool = False


def annotator_of(work: UnitOfWork, place: Place, record: AnnotationRecord) -> PersonRow | str:
    """Give the person of an annotator, or why there is none; nobody is made."""
    person = work.people.by_email(record.annotator) if record.annotator else None
    if person is None:
        return f"Annotator {record.annotator or 'unknown'} is no person of the store."
    if person.jurisdiction_id not in (None, place.project.jurisdiction_id):
        return f"Annotator {record.annotator} belongs to another jurisdiction."
    return person


def settle_coding(work: UnitOfWork, place: Place, record: AnnotationRecord) -> Settled:
    """Make the coding of an annotation what the annotation says; again, it changes nothing.

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
        The coding, or the problem that kept it from being one.
    """
    person = annotator_of(work, place, record)
    if isinstance(person, str):
        return Settled(problem=person)
    coding = _coding_of(work, place, person)
    others = [
        row
        for row in work.label_studio.annotations_of_narrative(place.scope, place.task.narrative_id)
        if not row.gone and (row.project_id, row.annotation) != (place.project.id, record.annotation)
    ]
    if coding is not None:
        if coding.origin != "label_studio":
            return Settled(person.id, problem="Its annotator has coded the narrative through the API already.")
        if any(row.coding_id == coding.id for row in others):
            return Settled(person.id, problem="Its annotator has another annotation of the narrative, which counts.")
    first = coding is None
    if first and record.problems and not record.codes:
        return Settled(person.id)
    coding = coding or _open(work, place, record, person)
    changed = _bring_up_to_date(work, place, coding, record)
    beside = [row for row in others if row.project_id == place.project.id and row.person_id not in (None, person.id)]
    if beside:
        work.codings.mark_dependent(place.scope, [coding.id, *(row.coding_id for row in beside if row.coding_id)])
    if first or changed:
        after_close(work, place.scope, coding, place.doubling)
    return Settled(person.id, coding.id, changed=first or changed)


def withdraw_coding(work: UnitOfWork, place: Place, row: LabelStudioAnnotationRow) -> None:
    """Take back what a deleted annotation said, by later decisions; what it said stays readable."""
    if row.coding_id is None:
        return
    coding = work.codings.get(place.scope, row.coding_id)
    _decide(work, place, coding, {}, work.now())
    coding.comment = coding.missing_theme = None
    work.codings.close(place.scope, coding.id, complete=False, skipped_reason=DELETED)
    _record(work, coding, "withdraw", row.annotation)
    after_close(work, place.scope, coding, place.doubling)


def _coding_of(work: UnitOfWork, place: Place, person: PersonRow) -> CodingRow | None:
    version = place.taxonomy.id, place.taxonomy.version
    for coding in work.codings.of_person(place.scope, place.task.narrative_id, person.id):
        if (coding.taxonomy_id, coding.taxonomy_version) == version:
            return coding
    return None


def _open(work: UnitOfWork, place: Place, record: AnnotationRecord, person: PersonRow) -> CodingRow:
    _, review = work.narratives.with_review(place.scope, place.task.narrative_id)
    shown = record.shown
    if review.blind and shown is not None and not shown.codes:
        shown = None  # our ML backend answers for a blind task with an empty prediction, which shows nothing
    snapshot = None if shown is None else _snapshot(work, place, shown, person)
    row = CodingRow(
        jurisdiction_id=place.project.jurisdiction_id,
        narrative_id=place.task.narrative_id,
        person_id=person.id,
        blind=review.blind and shown is None,
        taxonomy_id=place.taxonomy.id,
        taxonomy_version=place.taxonomy.version,
        snapshot_id=None if snapshot is None else snapshot.id,
        origin="label_studio",
        opened_at=record.created_at - timedelta(seconds=record.lead_time_seconds or 0.0),
        closed_at=record.created_at,
    )
    return work.codings.open(place.scope, row)


def _snapshot(work: UnitOfWork, place: Place, shown: ShownPrediction, person: PersonRow) -> SuggestionSnapshotRow:
    known = place.task.bundle_id == shown.bundle_id
    row = SuggestionSnapshotRow(
        jurisdiction_id=place.project.jurisdiction_id,
        narrative_id=place.task.narrative_id,
        person_id=person.id,
        bundle_id=shown.bundle_id,
        bundle_sha256=(place.task.bundle_sha256 or "") if known else "",
        taxonomy_id=place.taxonomy.id,
        taxonomy_version=place.taxonomy.version,
        suggestions=[
            {
                "code": item.code,
                "band": "suggested",
                "evidence": [{"start": start, "end": end} for start, end in item.evidence],
            }
            for item in shown.codes
        ],
        shown_at=work.now(),
    )
    return work.snapshots.add(place.scope, row)


def _bring_up_to_date(work: UnitOfWork, place: Place, coding: CodingRow, record: AnnotationRecord) -> bool:
    wanted: dict[str, tuple[Any, ...]] = {
        item.code: (item.verdict, item.rating, [list(span) for span in item.evidence]) for item in record.codes
    }
    wanted |= {code: ("reject", None, []) for code in record.rejected}
    decided = _decide(work, place, coding, wanted, record.updated_at)
    reason = (record.comment or SKIPPED) if record.skipped else None
    before = coding.complete, coding.skipped_reason, coding.missing_theme, coding.comment, coding.lead_time_seconds
    after = record.complete, reason, record.missing_theme, record.comment, record.lead_time_seconds
    if not decided and before == after:
        return False
    coding.missing_theme, coding.comment = record.missing_theme, record.comment
    coding.lead_time_seconds = record.lead_time_seconds
    work.codings.close(place.scope, coding.id, complete=record.complete, skipped_reason=reason)
    _record(work, coding, "import", record.annotation, decisions=decided)
    return True


def _decide(work: UnitOfWork, place: Place, coding: CodingRow, wanted: dict[str, tuple[Any, ...]], moment: Any) -> int:
    """Add the decisions that differ from the last ones, and withdraw those that are wanted no more."""
    last = {row.code: row for row in work.decisions.of_coding(place.scope, coding.id)}
    rows = []
    for code in place.taxonomy.code_ids:
        had = last.get(code)
        has = None if had is None or had.verdict == "withdraw" else (had.verdict, had.rating, had.evidence)
        if code in wanted and wanted[code] != has:
            verdict, rating, evidence = wanted[code]
            rows.append(DecisionRow(code=code, verdict=verdict, rating=rating, evidence=evidence, decided_at=moment))
        elif code not in wanted and has is not None:
            rows.append(DecisionRow(code=code, verdict="withdraw", decided_at=moment))
    work.decisions.add(place.scope, coding, rows)
    return len(rows)


def _record(work: UnitOfWork, coding: CodingRow, action: str, annotation: int, **detail: object) -> None:
    work.audit.record(
        Event(
            action,
            "coding",
            coding.id,
            person_id=coding.person_id,
            jurisdiction_id=coding.jurisdiction_id,
            detail={"narrative": coding.narrative_id, "annotation": annotation, **detail},
        )
    )
