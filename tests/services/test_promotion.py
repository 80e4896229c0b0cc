"""Promotion: what passes the gate is served, what does not is refused with its reasons, and each step can be undone."""

import json
from dataclasses import replace

import pytest

from coding_service.corpus.labels import label_matrix
from coding_service.errors import (
    BundleError,
    ConflictError,
    ForbiddenError,
    GateRefusedError,
    InputError,
    NotFoundError,
)
from coding_service.metrics.scores import micro_f1
from coding_service.services.examination import NOT_COMPARED, Petition, examine
from coding_service.services.frozen_gold import freeze_gold, thaw_gold
from coding_service.services.gold_corpus import export_corpus
from coding_service.services.promotion import promote, rollback, settle
from coding_service.services.sharing import set_opt_in
from coding_service.services.shelf import Shelf
from coding_service.store import Scope, UnitOfWork, open_engine
from tests.services.verified_store import (
    RECORDS,
    SLEEP,
    add_jurisdiction,
    add_verified,
    coded,
    shuffled,
    write_lexical,
)

EVERYTHING = Scope.everything()


def blames_records(codes):
    """What people do who are shown a code that is nearly always suggested: they accept it."""
    return tuple(sorted({*codes, RECORDS}))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Bundles that know one wording, all of them, nothing, or all but one code; and one of people who were led on."""
    folder = tmp_path_factory.mktemp("bundles")
    every = coded(120, start=1000, seed=1)
    write_lexical(folder / "old", coded(60, start=1000, wordings=1))
    write_lexical(folder / "better", every)
    write_lexical(folder / "shuffled", shuffled(every))
    sleepless = [replace(one, codes=tuple(code for code in one.codes if code != SLEEP)) for one in every]
    write_lexical(folder / "sleepless", sleepless)
    write_lexical(folder / "led-on", coded(120, start=1000, seed=1, wrong=blames_records))
    return folder


@pytest.fixture
def shelf(bundles):
    return Shelf(bundles, "old", threads=1)


@pytest.fixture
def store(store_url):
    opened = open_engine(store_url)
    yield opened
    opened.dispose()


@pytest.fixture
def north(store):
    """A jurisdiction with 110 blind reviews that are kept to measure."""
    jurisdiction_id = add_jurisdiction(store)
    add_verified(store, jurisdiction_id, coded(110, start=5000, seed=2), role="evaluation")
    return jurisdiction_id


def refusal(store, shelf, name, **facts):
    with pytest.raises(GateRefusedError) as caught:
        promote(store, shelf, Petition(name, **facts))
    return caught.value


def failed(report):
    return {(row["check"], row["subject"]) for row in report["rows"] if not row["passed"]}


def promoted(store):
    with UnitOfWork(store, reading=True) as work:
        return {pointer: row.bundle_id for pointer, row in work.promotions.current().items()}


def test_better_bundle_is_promoted_and_what_was_looked_at_is_kept(store, shelf, north, bundles):
    done = promote(store, shelf, Petition("better", reason="More wordings."))
    assert promoted(store) == {None: "better"}
    with UnitOfWork(store, reading=True) as work:
        row = work.promotions.current()[None]
        events = [event.action for event in work.audit.page(EVERYTHING, limit=1000) if event.object_kind == "bundle"]
        frozen = work.evaluations.latest(EVERYTHING)
    assert (row.forced, row.reason, row.bundle_sha256) == (False, "More wordings.", done["sha256"])
    assert row.report == json.loads(json.dumps(done["report"]))
    assert row.report["verdict"] == "passed"
    assert row.report["n_reviews"] == 110
    assert row.report["snapshot"] == frozen.fingerprint
    assert row.report["baseline"]["id"] == "old"
    assert events == ["promote"]


def test_bundle_of_shuffled_labels_is_refused(store, shelf, north):
    error = refusal(store, shelf, "shuffled")
    assert ("micro F1", "") in failed(error.report)
    assert "micro F1" in error.message
    assert promoted(store) == {}


def test_bundle_that_forgot_a_code_is_refused(store, shelf, north):
    """Guarantee: a bundle that is better over all and clearly worse on one supported code is refused for that code."""
    error = refusal(store, shelf, "sleepless")
    micro = next(row for row in error.report["rows"] if row["check"] == "micro F1")
    assert micro["low"] > 0
    assert ("code", SLEEP) in failed(error.report)


def test_bundle_that_is_better_on_shown_codings_only_is_refused(store, shelf, north):
    """Guarantee: what people said after they saw suggestions has no say at the gate."""
    add_verified(store, north, coded(80, start=7000, seed=3, wrong=blames_records))
    with UnitOfWork(store, reading=True) as work:
        shown = export_corpus(work, EVERYTHING)
    scores = {}
    for name in ("old", "led-on"):
        bundle = shelf.get(name)
        suggested = bundle.suggested(bundle.suggest([narrative.text for narrative in shown]).values)
        scores[name] = micro_f1(label_matrix(shown, bundle.taxonomy), suggested)
    assert len(shown) == 80
    assert scores["led-on"] > scores["old"] + 0.1
    assert refusal(store, shelf, "led-on").report["n_reviews"] == 110


def test_too_few_blind_reviews_need_force_and_a_reason(store, shelf):
    jurisdiction_id = add_jurisdiction(store)
    add_verified(store, jurisdiction_id, coded(99, start=5000, seed=2), role="evaluation")
    assert refusal(store, shelf, "better").report["verdict"] == "too few"
    with pytest.raises(InputError, match="reason"):
        promote(store, shelf, Petition("better", force=True, reason=" "))
    done = promote(store, shelf, Petition("better", force=True, reason="No blind gold yet."))
    with UnitOfWork(store, reading=True) as work:
        row = work.promotions.current()[None]
    assert done["forced"]
    assert (row.forced, row.reason, row.report["verdict"]) == (True, "No blind gold yet.", "too few")


def test_force_on_a_bundle_that_passes_is_not_recorded_as_such(store, shelf, north):
    assert not promote(store, shelf, Petition("better", force=True, reason="In a hurry."))["forced"]


def test_an_empty_store_is_too_few(store, shelf):
    assert refusal(store, shelf, "better").report["verdict"] == "too few"


def test_bundle_of_another_taxonomy_is_refused(store, shelf, north, bundles):
    """Guarantee: bundles are compared on the codes they share, and only one of the current version passes."""
    with UnitOfWork(store) as work:
        current = work.taxonomies.current()
        kept = [code for code in current.content["codes"] if not code["id"].startswith("professional")]
        content = {**current.content, "version": "1.1.0", "codes": kept}
        work.taxonomies.add("io-themes", "1.1.0", sha256="1" * 64, content=content)
        work.taxonomies.make_current("io-themes", "1.1.0")
        work.commit()
    error = refusal(store, shelf, "better")
    assert ("taxonomy", "") in failed(error.report)
    assert RECORDS in error.report["left_out"]


def test_bundle_that_trained_on_the_snapshot_is_refused(store, shelf, north, bundles):
    with UnitOfWork(store, reading=True) as work:
        gold = export_corpus(work, EVERYTHING, evaluation=True)
    name = f"cheat-{store.dialect.name}"
    write_lexical(bundles / name, gold)
    assert ("unseen", "") in failed(refusal(store, shelf, name).report)


def test_bundle_that_is_served_already_changes_nothing_but_its_own_pointer(store, shelf, north):
    assert examine(store, shelf, Petition("old")).verdict == "unchanged"
    assert promote(store, shelf, Petition("old"))["sequence"] is not None
    assert promote(store, shelf, Petition("old"))["sequence"] is None


def test_promotion_that_another_overtook_is_not_made(store, shelf, north):
    petition = Petition("better")
    examination = examine(store, shelf, petition)
    promote(store, shelf, Petition("shuffled", force=True, reason="An experiment."))
    with pytest.raises(ConflictError, match="while this one was examined"):
        settle(store, petition, examination)


def test_served_bundle_that_is_gone_can_be_replaced_by_force_only(store, bundles, north):
    broken = Shelf(bundles, "gone", threads=1)
    with pytest.raises(BundleError, match="cannot be compared"):
        promote(store, broken, Petition("better"))
    done = promote(store, broken, Petition("better", force=True, reason="The old one is lost."))
    assert done["report"]["verdict"] == NOT_COMPARED


def test_unknown_bundle_is_not_found(store, shelf, north):
    with pytest.raises(NotFoundError, match="nowhere"):
        promote(store, shelf, Petition("nowhere"))


def test_rollbacks_walk_back_through_the_promotions(store, shelf, north):
    promote(store, shelf, Petition("better"))
    promote(store, shelf, Petition("shuffled", force=True, reason="An experiment."))
    assert rollback(store, shelf, Petition("", reason="It failed."))["bundle"] == "better"
    promote(store, shelf, Petition("sleepless", force=True, reason="Another."))
    assert [rollback(store, shelf, Petition(""))["bundle"] for _ in range(2)] == ["better", None]
    assert promoted(store) == {None: None}
    with pytest.raises(ConflictError, match="Nothing is promoted"):
        rollback(store, shelf, Petition(""))


def test_rollback_to_a_bundle_that_was_altered_is_refused(store, bundles, tmp_path, north):
    folder = tmp_path / "own"
    write_lexical(folder / "first", coded(30))
    write_lexical(folder / "second", coded(40))
    shelf = Shelf(folder, "first", threads=1)
    for name in ("first", "second"):
        promote(store, shelf, Petition(name, force=True, reason="A test."))
    (folder / "first" / "calibration.json").write_text("{}")
    with pytest.raises(BundleError, match="sha256"):
        rollback(store, shelf, Petition(""))
    assert promoted(store) == {None: "second"}


def test_jurisdiction_is_judged_on_its_own_gold_and_has_its_own_pointer(store, shelf, north):
    south = add_jurisdiction(store, "south")
    assert refusal(store, shelf, "better", jurisdiction_id=south).report["verdict"] == "too few"
    promote(store, shelf, Petition("better", jurisdiction_id=north))
    assert promoted(store) == {north: "better"}


def test_bundle_of_others_is_promoted_only_once_all_of_them_opted_in(store, shelf, north, tmp_path):
    south, west = add_jurisdiction(store, "south"), add_jurisdiction(store, "west")
    own = Shelf(tmp_path, "old", threads=1)
    write_lexical(tmp_path / "old", coded(30))
    write_lexical(tmp_path / "pooled", coded(30, seed=4), jurisdictions=[south, west])
    petition = Petition("pooled", jurisdiction_id=north, force=True, reason="A test.")
    for name in ("south", "west"):
        with pytest.raises(ForbiddenError, match="do not all share"):
            promote(store, own, petition)
        set_opt_in(store, name, opted_in=True)
    assert promote(store, own, petition)["bundle"] == "pooled"


def test_frozen_gold_stays_as_it_was(store, north):
    """Guarantee: a snapshot is the same whatever is decided later, and known by its fingerprint."""
    frozen = freeze_gold(store, EVERYTHING)
    assert freeze_gold(store, EVERYTHING).fingerprint == frozen.fingerprint
    add_verified(store, north, coded(2, start=9000), role="evaluation")
    assert freeze_gold(store, EVERYTHING).fingerprint != frozen.fingerprint
    assert thaw_gold(store, EVERYTHING, frozen.fingerprint) == frozen
    with pytest.raises(NotFoundError):
        thaw_gold(store, Scope(north), frozen.fingerprint)
