"""Small records for store tests: an agency with a person, a review, a narrative and an open coding."""

from dataclasses import dataclass

from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import CodingRow, DecisionRow, ReviewRow

EVERYTHING = Scope.everything()
TAXONOMY = {"taxonomy_id": "io-themes", "taxonomy_version": "1.0.0"}


@dataclass(frozen=True)
class Agency:
    jurisdiction_id: str
    person_id: str
    review_id: str
    narrative_id: str
    coding_id: str

    @property
    def scope(self):
        return Scope(self.jurisdiction_id)


def add_agency(engine, name="north", text="The worker was tired.", **review):
    with UnitOfWork(engine) as work:
        work.taxonomies.add("io-themes", "1.0.0", sha256="0" * 64, content={})
        jurisdiction_id = work.jurisdictions.add(name).id
        person_id = work.people.add(f"coder@{name}.example", "Coder").id
        row = ReviewRow(jurisdiction_id=jurisdiction_id, external_id="r-1", **review)
        work.reviews.add(EVERYTHING, row)
        narrative_id = work.narratives.add(EVERYTHING, row, "n-1", text).id
        coding_id = work.codings.open(
            EVERYTHING, new_coding(jurisdiction_id, narrative_id, person_id, blind=row.blind)
        ).id
        work.commit()
    return Agency(jurisdiction_id, person_id, row.id, narrative_id, coding_id)


def new_coding(jurisdiction_id, narrative_id, person_id, *, blind=False):
    return CodingRow(
        jurisdiction_id=jurisdiction_id, narrative_id=narrative_id, person_id=person_id, blind=blind, **TAXONOMY
    )


def decide(engine, agency, *verdicts):
    """Add verdicts, pairs of code and verdict, in one transaction."""
    with UnitOfWork(engine) as work:
        coding = work.codings.get(agency.scope, agency.coding_id)
        rows = [DecisionRow(code=code, verdict=verdict) for code, verdict in verdicts]
        work.decisions.add(agency.scope, coding, rows)
        work.commit()
    return rows
