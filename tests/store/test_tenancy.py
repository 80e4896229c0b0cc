"""Rows of one jurisdiction do not exist for another: not by id, not in lists, not in counts, not in bulk."""

import pytest

from coding_service.errors import NotFoundError
from coding_service.store import Scope, UnitOfWork, text_hash
from coding_service.store.rows import DecisionRow, ReviewRow
from tests.store.records import EVERYTHING, add_agency, decide, new_coding

BY_ID = {
    "review": lambda work, scope, agency: work.reviews.get(scope, agency.review_id),
    "narrative": lambda work, scope, agency: work.narratives.get(scope, agency.narrative_id),
    "coding": lambda work, scope, agency: work.codings.get(scope, agency.coding_id),
    "queue": lambda work, scope, agency: work.queue.get(scope, agency.narrative_id),
    "jurisdiction": lambda work, scope, agency: work.jurisdictions.get(scope, agency.jurisdiction_id),
    "close": lambda work, scope, agency: work.codings.close(scope, agency.coding_id, complete=True),
    "move": lambda work, scope, agency: work.queue.move(scope, agency.narrative_id, "done"),
}
LISTS = {
    "reviews": lambda work, scope, agency: work.reviews.page(scope),
    "review stream": lambda work, scope, agency: list(work.reviews.stream(scope)),
    "reviews by id": lambda work, scope, agency: work.reviews.by_ids(scope, [agency.review_id]),
    "narratives": lambda work, scope, agency: work.narratives.of_review(scope, agency.review_id),
    "narrative facts": lambda work, scope, agency: list(work.narratives.facts(scope)),
    "narrative facts by id": lambda work, scope, agency: list(work.narratives.facts(scope, [agency.narrative_id])),
    "codings": lambda work, scope, agency: work.codings.of_narrative(scope, agency.narrative_id),
    "coding facts": lambda work, scope, agency: list(work.codings.facts(scope)),
    "coding facts by id": lambda work, scope, agency: list(work.codings.facts(scope, [agency.narrative_id])),
    "decisions": lambda work, scope, agency: work.decisions.of_coding(scope, agency.coding_id),
    "latest": lambda work, scope, agency: list(work.decisions.latest(scope)),
    "latest by id": lambda work, scope, agency: list(work.decisions.latest(scope, [agency.narrative_id])),
    "queue": lambda work, scope, agency: work.queue.next(scope, "nobody", ["first"]),
    "queue counts": lambda work, scope, agency: work.queue.counts(scope),
    "narrative counts": lambda work, scope, agency: work.reviews.narrative_counts(scope, [agency.review_id]),
}


@pytest.fixture
def agencies(engine):
    north, south = add_agency(engine, "north"), add_agency(engine, "south")
    decide(engine, north, ("professional.fatigue", "add"))
    return north, south


@pytest.mark.parametrize("name", BY_ID)
def test_foreign_id_is_answered_like_a_missing_one(engine, agencies, name):
    north, south = agencies
    nobody = type(north)(*["0" * 32] * 5)
    told = []
    for wanted in (north, nobody):
        with UnitOfWork(engine) as work, pytest.raises(NotFoundError) as caught:
            BY_ID[name](work, south.scope, wanted)
        told.append(str(caught.value))
    assert told[0] == told[1]
    with UnitOfWork(engine) as work:
        BY_ID[name](work, north.scope, north)


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_bulk_reads_leave_foreign_rows_out(engine, agencies, name):
    north, _ = agencies
    with UnitOfWork(engine, reading=True) as work:
        own = LISTS[name](work, north.scope, north)
        assert own
        assert not LISTS[name](work, Scope("0" * 32), north)
        assert len(LISTS[name](work, EVERYTHING, north)) >= len(own)


def test_counts_stay_inside_the_scope(engine, agencies):
    north, _ = agencies
    with UnitOfWork(engine, reading=True) as work:
        assert work.reviews.count(north.scope) == 1
        assert work.reviews.count(EVERYTHING) == 2
        assert work.narratives.count(north.scope) == 1
        assert work.decisions.count(Scope("0" * 32)) == 0


def test_rows_cannot_be_added_to_a_foreign_jurisdiction(engine, agencies):
    north, south = agencies
    with UnitOfWork(engine) as work:
        coding = work.codings.get(EVERYTHING, north.coding_id)
        review = work.reviews.get(EVERYTHING, north.review_id)
        with pytest.raises(NotFoundError):
            work.decisions.add(south.scope, coding, [DecisionRow(code="a", verdict="add")])
        with pytest.raises(NotFoundError):
            work.narratives.add(south.scope, review, "n-2", "Text.")
        with pytest.raises(NotFoundError):
            work.reviews.add(south.scope, ReviewRow(jurisdiction_id=north.jurisdiction_id, external_id="r-2"))
        with pytest.raises(NotFoundError):
            work.codings.open(south.scope, new_coding(north.jurisdiction_id, north.narrative_id, south.person_id))
        assert work.queue.lease(south.scope, north.narrative_id, south.person_id, seconds=60) is None


def test_same_external_id_in_two_jurisdictions_names_two_reviews(engine, agencies):
    north, south = agencies
    with UnitOfWork(engine, reading=True) as work:
        assert work.reviews.by_external(north.scope, north.jurisdiction_id, "r-1").id == north.review_id
        assert work.reviews.by_external(south.scope, south.jurisdiction_id, "r-1").id == south.review_id
        with pytest.raises(NotFoundError):
            work.reviews.by_external(south.scope, north.jurisdiction_id, "r-1")


def test_blind_text_is_withheld_in_its_own_jurisdiction_until_the_person_has_closed(engine):
    text = "A blind narrative."
    blind = add_agency(engine, "north", text, blind=True, blind_role="evaluation")
    other = add_agency(engine, "south", "Another one.")
    variants = {text_hash(f"  a BLIND narrative {ending}") for ending in ("", "!")}
    with UnitOfWork(engine) as work:
        assert work.narratives.withheld_hashes(blind.scope, blind.person_id, variants) == {text_hash(text)}
        assert not work.narratives.withheld_hashes(other.scope, other.person_id, variants)
        work.codings.close(blind.scope, blind.coding_id, complete=True)
        assert not work.narratives.withheld_hashes(blind.scope, blind.person_id, variants)
        assert work.narratives.withheld_hashes(blind.scope, other.person_id, variants) == {text_hash(text)}
