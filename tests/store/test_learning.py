"""Taxonomy versions, promotions, runs and frozen sets: each says what is in force now, and keeps what was."""

from datetime import UTC, datetime, timedelta

import pytest

from coding_service.errors import ConflictError, NotFoundError
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import CrosswalkRow, EvaluationSnapshotRow, PromotionRow, RunRow
from tests.store.records import EVERYTHING, TAXONOMY, add_agency


def promote(work, bundle_id, jurisdiction_id=None, kind="promote"):
    row = PromotionRow(kind=kind, bundle_id=bundle_id, bundle_sha256="0", jurisdiction_id=jurisdiction_id)
    return work.promotions.add(EVERYTHING, row)


def test_latest_pointer_counts_for_all_and_for_each_jurisdiction(engine):
    agency = add_agency(engine)
    with UnitOfWork(engine) as work:
        assert work.promotions.last_sequence() == 0
        for bundle, whose in (("a", None), ("b", None), ("c", agency.jurisdiction_id)):
            promote(work, bundle, whose)
        promote(work, "a", kind="rollback")
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        current = {whose: row.bundle_id for whose, row in work.promotions.current().items()}
        assert current == {None: "a", agency.jurisdiction_id: "c"}
        assert [row.bundle_id for row in work.promotions.of_pointer(None)] == ["a", "b", "a"]
        assert [row.bundle_id for row in work.promotions.history(agency.scope)] == ["c"]
        assert work.promotions.last_sequence() == work.promotions.history(EVERYTHING, limit=1)[0].sequence


def test_only_a_scope_of_everything_sets_the_pointer_for_all(engine):
    agency = add_agency(engine)
    row = PromotionRow(kind="promote", bundle_id="a", bundle_sha256="0")
    with UnitOfWork(engine) as work, pytest.raises(NotFoundError):
        work.promotions.add(agency.scope, row)


def test_one_taxonomy_version_is_current_and_a_released_one_never_changes(engine):
    with UnitOfWork(engine) as work:
        assert work.taxonomies.current() is None
        work.taxonomies.add("t", "1.0.0", sha256="1" * 64, content={"codes": []})
        work.taxonomies.add("t", "1.1.0", sha256="2" * 64, content={})
        work.taxonomies.add("t", "1.0.0", sha256="1" * 64, content={})
        for version in ("1.0.0", "1.1.0", "1.1.0"):
            work.taxonomies.make_current("t", version)
            assert work.taxonomies.current().version == version
        with pytest.raises(ConflictError, match="never edited"):
            work.taxonomies.add("t", "1.0.0", sha256="3" * 64, content={})
        with pytest.raises(NotFoundError):
            work.taxonomies.get("t", "9.9.9")
        row = CrosswalkRow(taxonomy_id="t", from_version="1.0.0", to_version="1.1.0", sha256="0", content={}, report={})
        work.taxonomies.add_crosswalk(row)
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        assert [row.version for row in work.taxonomies.all()] == ["1.0.0", "1.1.0"]
        assert [row.current for row in work.taxonomies.all()] == [False, True]
        assert len(work.taxonomies.crosswalks("t")) == 1


def test_crashed_run_gives_way_and_is_told_when_it_wakes(engine):
    moments = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes) for minutes in range(0, 1000, 10))
    with UnitOfWork(engine, clock=lambda: next(moments)) as work:
        crashed = RunRow(recipe="r", heartbeat_at=work.now())
        work.runs.begin(EVERYTHING, crashed, stale_seconds=3600)
        with pytest.raises(ConflictError, match="at work"):
            work.runs.begin(EVERYTHING, RunRow(recipe="r"), stale_seconds=3600)
        work.runs.beat(crashed.id)
        second = work.runs.begin(EVERYTHING, RunRow(recipe="r"), stale_seconds=60)
        with pytest.raises(NotFoundError):
            work.runs.beat(crashed.id)
        work.runs.end(EVERYTHING, second.id, "finished", bundle_id="b", report={"f1": 0.5})
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        states = {row.id: row.status for row in work.runs.all(EVERYTHING)}
        assert states == {crashed.id: "crashed", second.id: "finished"}
        assert work.runs.get(EVERYTHING, second.id).report == {"f1": 0.5}


def test_frozen_set_is_kept_once_by_its_fingerprint(engine):
    agency = add_agency(engine)

    def frozen():
        return EvaluationSnapshotRow(fingerprint="f", **TAXONOMY, narrative_ids=[agency.narrative_id], gold={"a": 1})

    with UnitOfWork(engine) as work:
        assert work.evaluations.latest(EVERYTHING) is None
        first = work.evaluations.add(EVERYTHING, frozen())
        assert work.evaluations.add(EVERYTHING, frozen()) is first
        assert work.evaluations.get(EVERYTHING, "f") is first
        assert work.evaluations.latest(EVERYTHING) is first
        with pytest.raises(NotFoundError):
            work.evaluations.get(Scope(agency.jurisdiction_id), "f")
