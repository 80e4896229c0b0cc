"""Training on what people verified, and the whole loop: one at a time, and a crash gives the way free."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from time import sleep

import pytest

from coding_service.errors import ConflictError, CorpusError, NotFoundError
from coding_service.services.examination import Petition
from coding_service.services.promotion import promote, rollback
from coding_service.services.retraining import Retraining, Workshop, retrain
from coding_service.services.runs import Run, carry_out
from coding_service.services.shelf import Shelf
from coding_service.services.training import group_key
from coding_service.services.verified import take_verified
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.rows import RunRow
from coding_service.suggesters.bundle import read_manifest
from tests.services.verified_store import (
    add_jurisdiction,
    add_verified,
    coded,
    shuffled,
    write_lexical,
    write_recipe,
)

EVERYTHING = Scope.everything()


@pytest.fixture
def store(store_url):
    opened = open_engine(store_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A bundle that knows one wording of each code."""
    folder = tmp_path_factory.mktemp("bundles") / "old"
    write_lexical(folder, coded(40, start=1000, wordings=1))
    return folder


@pytest.fixture
def workshop(store, old, tmp_path):
    shutil.copytree(old, tmp_path / "bundles" / "old")
    shelf = Shelf(tmp_path / "bundles", "old", threads=1)
    return Workshop(store, shelf, tmp_path / "bundles", tmp_path / "cache")


@pytest.fixture
def recipe(tmp_path):
    """A starter corpus that knows one wording of each code."""
    return write_recipe(tmp_path, coded(40, start=1000, wordings=1))


@pytest.fixture
def verified(store):
    """Narratives of two jurisdictions in all wordings, and one that is kept to measure."""
    ids = {name: add_jurisdiction(store, name) for name in ("north", "south")}
    for place, own in enumerate(ids.values()):
        add_verified(store, own, coded(40, start=2000 + 100 * place, seed=5))
    add_verified(store, ids["north"], coded(1, start=5000, seed=2), role="evaluation")
    return ids


def add_blind_gold(store, jurisdiction_id, n_reviews=110):
    add_verified(store, jurisdiction_id, coded(n_reviews, start=6000, seed=2), role="evaluation")


def runs(store):
    with UnitOfWork(store, reading=True) as work:
        return work.runs.all(EVERYTHING)


def begin(store, *, minutes_ago):
    with UnitOfWork(store) as work:
        row = RunRow(recipe="r", heartbeat_at=work.now() - timedelta(minutes=minutes_ago))
        work.runs.begin(EVERYTHING, row, stale_seconds=1e9)
        work.commit()
    return row.id


def test_bundle_says_what_it_learned_from(workshop, recipe, verified):
    """Guarantee: the manifest names jurisdictions and snapshot, and evaluation gold is not among its groups."""
    own = take_verified(workshop.store, EVERYTHING)
    made = carry_out(Run(recipe), bundles=workshop.bundles, cache=workshop.cache, verified=own)
    manifest = read_manifest(workshop.bundles / made["id"])
    assert manifest["jurisdictions"] == sorted(verified.values())
    assert manifest["snapshot"] == own.fingerprint
    assert [corpus["name"] for corpus in manifest["corpora"]] == ["starter", "verified"]
    assert (made["corpora"][1]["n_narratives"], made["corpora"][1]["n_groups"]) == (80, 80)
    with UnitOfWork(workshop.store, reading=True) as work:
        kept = [facts for facts in work.narratives.facts(EVERYTHING) if facts.blind_role == "evaluation"]
        groups = {group_key(narrative) for narrative in own.narratives}
    assert len(kept) == 1
    assert kept[0].review_id not in {narrative.group for narrative in own.narratives}
    assert groups <= set(manifest["corpora"][1]["groups"])


def test_jurisdiction_narrows_what_is_learned_from(workshop, recipe, verified):
    own = take_verified(workshop.store, Scope(verified["north"]))
    assert own.jurisdictions == (verified["north"],)
    assert len(own.narratives) == 40


def test_copy_of_a_text_that_is_kept_to_measure_does_not_train(store, verified):
    """Guarantee: a text of the evaluation half does not train under another review either."""
    add_verified(store, verified["south"], coded(1, start=5000, seed=2))
    assert len(take_verified(store, EVERYTHING).narratives) == 80


def test_same_decisions_and_recipe_are_not_trained_twice(workshop, recipe, verified):
    own = take_verified(workshop.store, EVERYTHING)
    first, again = (
        carry_out(Run(recipe), bundles=workshop.bundles, cache=workshop.cache, verified=own) for _ in range(2)
    )
    assert again == {**first, "made_before": True}
    recipe.write_text(recipe.read_text() + "seed: 3\n")
    other = carry_out(Run(recipe, name="other"), bundles=workshop.bundles, cache=workshop.cache, verified=own)
    assert not other["made_before"]


def test_nothing_verified_is_told(workshop, recipe):
    with pytest.raises(NotFoundError, match="may train"):
        retrain(workshop, Retraining(recipe))
    assert [(row.status, row.report) for row in runs(workshop.store)] == [("failed", {"error": "not-found"})]


def test_better_bundle_is_promoted_and_the_queue_ranked_by_it(workshop, recipe, verified):
    add_blind_gold(workshop.store, verified["north"])
    ranked, steps = [], []
    shop = replace(workshop, rank=ranked.append)
    done = retrain(shop, Retraining(recipe), step=steps.append)
    assert done["outcome"] == "promoted"
    assert done["report"]["verdict"] == "passed"
    with UnitOfWork(workshop.store, reading=True) as work:
        assert work.promotions.current()[None].bundle_id == done["bundle"]
    (run,) = runs(workshop.store)
    assert (run.status, run.bundle_id, run.report["outcome"]) == ("finished", done["bundle"], "promoted")
    assert run.snapshot_fingerprint == take_verified(workshop.store, EVERYTHING).fingerprint
    assert [bundle.id for bundle in ranked] == [done["bundle"]]
    assert {"fitting on all narratives", "comparing", "promoting"} <= set(steps)
    json.dumps(done)
    assert retrain(shop, Retraining(recipe))["outcome"] == "unchanged"


def test_bundle_that_a_person_rolled_back_is_not_promoted_again(workshop, recipe, verified):
    """Guarantee: a retraining from cron does not undo what a person decided; it makes the same bundle, and says so."""
    add_blind_gold(workshop.store, verified["north"])
    done = retrain(workshop, Retraining(recipe))
    rollback(workshop.store, workshop.shelf, Petition("", reason="Misses housing."))
    again = retrain(workshop, Retraining(recipe))
    assert (again["bundle"], again["outcome"]) == (done["bundle"], "taken back")
    promote(workshop.store, workshop.shelf, Petition(done["bundle"]))
    assert retrain(workshop, Retraining(recipe))["outcome"] == "unchanged"
    for name in ("old", done["bundle"]):
        promote(workshop.store, workshop.shelf, Petition(name, force=True, reason="For a while."))
    rollback(workshop.store, workshop.shelf, Petition("", reason="Misses housing after all."))
    assert retrain(workshop, Retraining(recipe))["outcome"] == "taken back"


def test_bundle_is_only_examined_where_it_is_not_to_be_promoted(workshop, recipe, verified):
    add_blind_gold(workshop.store, verified["north"])
    done = retrain(workshop, Retraining(recipe, promote=False))
    assert done["outcome"] == "passed"
    with UnitOfWork(workshop.store, reading=True) as work:
        assert work.promotions.current() == {}


def test_worse_bundle_is_refused(workshop, tmp_path, verified):
    add_blind_gold(workshop.store, verified["north"])
    write_lexical(workshop.bundles / "good", coded(80, start=1000))
    promote(workshop.store, workshop.shelf, Petition("good"))
    misleading = write_recipe(tmp_path, shuffled(coded(300, start=3000)))
    done = retrain(workshop, Retraining(misleading))
    assert done["outcome"] == "refused"
    with UnitOfWork(workshop.store, reading=True) as work:
        assert work.promotions.current()[None].bundle_id == "good"


def test_too_few_blind_reviews_promote_nothing(workshop, recipe, verified):
    assert retrain(workshop, Retraining(recipe))["outcome"] == "too few"


def test_second_retraining_gives_way_to_one_at_work(workshop, recipe, verified):
    begin(workshop.store, minutes_ago=4)
    assert retrain(workshop, Retraining(recipe)) == {"outcome": "already running"}
    assert len(runs(workshop.store)) == 1


def test_crashed_retraining_gives_the_way_free(workshop, recipe, verified):
    """Guarantee: what died without a word does not hold the lock for more than five minutes."""
    crashed = begin(workshop.store, minutes_ago=6)
    assert retrain(workshop, Retraining(recipe))["outcome"] == "too few"
    assert {row.id: row.status for row in runs(workshop.store)}[crashed] == "crashed"


def test_failed_retraining_gives_the_way_free_at_once(workshop, tmp_path, verified):
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: broken\nsuggester: lexical\nfolds: 2\ncorpus: [broken.jsonl]\n")
    (tmp_path / "broken.jsonl").write_text("{}\n")
    with pytest.raises(CorpusError):
        retrain(workshop, Retraining(broken))
    assert [row.status for row in runs(workshop.store)] == ["failed"]
    assert retrain(workshop, Retraining(write_recipe(tmp_path, coded(20))))["outcome"] == "too few"


def test_heartbeats_keep_a_slow_retraining_alive(workshop, recipe, verified):
    """Guarantee: a run that takes longer than the limit for crashes is not taken for one."""
    asked = Retraining(recipe, stale_seconds=0.5)
    seen = []

    def try_another(step):
        if step == "measuring":
            sleep(1)
            seen.append(retrain(workshop, asked)["outcome"])

    assert retrain(workshop, asked, step=try_another)["outcome"] == "too few"
    assert seen == ["already running"]


def test_run_that_was_taken_for_dead_promotes_nothing(workshop, recipe, verified):
    add_blind_gold(workshop.store, verified["north"])

    def set_down(step):
        if step == "promoting":
            with UnitOfWork(workshop.store) as work:
                work.runs.begin(EVERYTHING, RunRow(recipe="another"), stale_seconds=-60)
                work.commit()

    with pytest.raises(ConflictError, match="taken for dead"):
        retrain(workshop, Retraining(recipe), step=set_down)
    with UnitOfWork(workshop.store, reading=True) as work:
        assert work.promotions.current() == {}


def test_retraining_of_one_jurisdiction_sets_its_pointer_alone(workshop, recipe, verified):
    add_blind_gold(workshop.store, verified["north"])
    done = retrain(workshop, Retraining(recipe, Scope(verified["north"])))
    assert done["outcome"] == "promoted"
    with UnitOfWork(workshop.store, reading=True) as work:
        pointers = {pointer: row.bundle_id for pointer, row in work.promotions.current().items()}
    assert pointers == {verified["north"]: done["bundle"]}
    assert read_manifest(workshop.bundles / done["bundle"])["jurisdictions"] == [verified["north"]]
