"""One use case, one transaction: all of it, or nothing; and what is read in bulk is what was decided last."""

from datetime import UTC, datetime

import pytest

from coding_service.errors import ConflictError, InputError, NotFoundError, StoreError
from coding_service.store import UnitOfWork
from coding_service.store.rows import AdjudicationRow, ReviewRow, SuggestionSnapshotRow
from tests.store.records import EVERYTHING, TAXONOMY, add_agency, decide, new_coding


def fail_halfway(engine):
    with UnitOfWork(engine) as work:
        work.jurisdictions.add("south")
        work.jurisdictions.named(EVERYTHING, "nowhere")


def test_what_is_not_committed_is_undone(engine):
    with UnitOfWork(engine) as work:
        work.jurisdictions.add("north")
    with pytest.raises(NotFoundError):
        fail_halfway(engine)
    with UnitOfWork(engine, reading=True) as work:
        assert work.jurisdictions.all(EVERYTHING) == []


def test_reading_unit_cannot_commit(engine):
    with UnitOfWork(engine, reading=True) as work, pytest.raises(StoreError, match="reading"):
        work.commit()


def test_rows_stay_readable_after_the_end(engine):
    with UnitOfWork(engine) as work:
        row = work.jurisdictions.add("north")
        work.commit()
    assert row.name == "north"


def test_duplicates_are_conflicts_that_show_no_values(engine):
    agency = add_agency(engine)
    duplicates = [
        lambda work: work.jurisdictions.add("north"),
        lambda work: work.people.add("CODER@north.example ", "Again"),
        lambda work: work.reviews.add(EVERYTHING, ReviewRow(jurisdiction_id=agency.jurisdiction_id, external_id="r-1")),
        lambda work: work.narratives.add(EVERYTHING, work.reviews.get(EVERYTHING, agency.review_id), "n-1", "Secret."),
        lambda work: work.codings.open(
            EVERYTHING, new_coding(agency.jurisdiction_id, agency.narrative_id, agency.person_id)
        ),
    ]
    for duplicate in duplicates:
        with UnitOfWork(engine) as work, pytest.raises(ConflictError) as caught:
            duplicate(work)
        assert "Secret" not in f"{caught.value} {caught.value.__cause__}"


def test_blindness_has_a_role_or_none(engine):
    agency = add_agency(engine)
    for blind, role in ((True, None), (False, "training"), (True, "other")):
        row = ReviewRow(jurisdiction_id=agency.jurisdiction_id, external_id="r", blind=blind, blind_role=role)
        with UnitOfWork(engine) as work, pytest.raises(ConflictError):
            work.reviews.add(EVERYTHING, row)


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of a pair"])
def test_text_that_a_database_cannot_keep_is_refused(engine, text):
    agency = add_agency(engine)
    with UnitOfWork(engine) as work, pytest.raises(InputError, match="'n-2'"):
        work.narratives.add(EVERYTHING, work.reviews.get(EVERYTHING, agency.review_id), "n-2", text)


@pytest.mark.parametrize("wanted", ["\ud800", "a\0b"])
def test_ids_that_no_database_can_hold_are_not_a_failure_of_the_store(engine, wanted):
    with pytest.raises((InputError, NotFoundError)), UnitOfWork(engine, reading=True) as work:
        work.narratives.get(EVERYTHING, wanted)


@pytest.mark.parametrize("text", ["👩‍👧 e\u0301\r\n\ttab", "\u2028 \ufeff \U0010ffff", ""])
def test_text_comes_back_as_it_was(engine, text):
    agency = add_agency(engine, text=text)
    with UnitOfWork(engine, reading=True) as work:
        assert work.narratives.get(EVERYTHING, agency.narrative_id).text == text


def test_times_come_back_in_utc_and_times_without_zone_are_refused(engine):
    agency = add_agency(engine)
    with UnitOfWork(engine, reading=True) as work:
        opened = work.codings.get(EVERYTHING, agency.coding_id).opened_at
        assert opened.utcoffset().total_seconds() == 0
    with pytest.raises(StoreError), UnitOfWork(engine, clock=lambda: datetime(2026, 1, 1)) as work:  # noqa: DTZ001
        work.jurisdictions.add("south")
    moment = datetime(2025, 5, 5, tzinfo=UTC)
    with UnitOfWork(engine, clock=lambda: moment) as work:
        assert work.codings.close(EVERYTHING, agency.coding_id, complete=True).closed_at == moment
        assert work.now() == moment


def test_latest_verdict_of_each_code_counts_in_the_order_given(engine):
    agency = add_agency(engine)
    decide(engine, agency, ("a", "add"), ("b", "reject"), ("a", "unsure"))
    decide(engine, agency, ("b", "withdraw"), ("c", "accept"))
    with UnitOfWork(engine, reading=True) as work:
        for ids in (None, [agency.narrative_id]):
            latest = {facts.code: facts.verdict for facts in work.decisions.latest(EVERYTHING, ids)}
            assert latest == {"a": "unsure", "b": "withdraw", "c": "accept"}
        history = work.decisions.of_narrative(EVERYTHING, agency.narrative_id)
        assert [row.verdict for row in history] == ["add", "reject", "unsure", "withdraw", "accept"]


def test_latest_adjudication_of_each_code_counts_for_each_taxonomy_version(engine):
    agency = add_agency(engine)
    tenant = {
        "jurisdiction_id": agency.jurisdiction_id,
        "narrative_id": agency.narrative_id,
        "person_id": agency.person_id,
    }
    older = TAXONOMY | {"taxonomy_version": "0.9.0"}
    with UnitOfWork(engine) as work:
        work.adjudications.add(EVERYTHING, [AdjudicationRow(**tenant, **older, code="a", label="unknown")])
        rows = [AdjudicationRow(**tenant, **TAXONOMY, code="a", label=label) for label in ("present", "absent")]
        work.adjudications.add(EVERYTHING, rows)
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        for ids in (None, [agency.narrative_id]):
            found = [(facts.taxonomy_version, facts.label) for facts in work.adjudications.latest(EVERYTHING, ids)]
            assert found == [("0.9.0", "unknown"), ("1.0.0", "absent")]
        assert len(work.adjudications.of_narrative(EVERYTHING, agency.narrative_id)) == 3


def test_what_was_shown_first_stays_with_the_coding(engine):
    agency = add_agency(engine)
    tenant = {
        "jurisdiction_id": agency.jurisdiction_id,
        "narrative_id": agency.narrative_id,
        "person_id": agency.person_id,
    }
    with UnitOfWork(engine) as work:
        for bundle in ("first", "second"):
            row = SuggestionSnapshotRow(
                **tenant, **TAXONOMY, bundle_id=bundle, bundle_sha256="0", suggestions=[{"code": "a"}]
            )
            work.snapshots.add(EVERYTHING, row)
            work.codings.show(EVERYTHING, agency.coding_id, row.id)
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        coding = work.codings.get(EVERYTHING, agency.coding_id)
        assert work.snapshots.get(EVERYTHING, coding.snapshot_id).bundle_id == "first"
        shown = work.snapshots.shown_to(EVERYTHING, agency.narrative_id, agency.person_id)
        assert {row.bundle_id for row in shown} == {"first", "second"}


def test_bulk_reads_take_more_ids_than_one_query_can(engine):
    agency = add_agency(engine)
    ids = [*(f"{number:032x}" for number in range(70_000)), agency.narrative_id]
    with UnitOfWork(engine, reading=True) as work:
        assert [facts.id for facts in work.narratives.facts(EVERYTHING, ids, with_text=False)] == [agency.narrative_id]
        assert len(list(work.codings.facts(EVERYTHING, ids))) == 1
