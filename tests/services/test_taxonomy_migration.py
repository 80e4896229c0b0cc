"""A taxonomy that changes in mid-life: told first, done once, and nothing lost that people said."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from coding_service.errors import ConflictError, TaxonomyMismatchError
from coding_service.services.adjudication import NewLabel, Ruling, adjudicate, show_dispute
from coding_service.services.codings import Closing, close_coding, open_coding
from coding_service.services.comparing import compare_bundles
from coding_service.services.current_taxonomy import current_taxonomy
from coding_service.services.decisions import Batch, NewDecision, decide
from coding_service.services.examination import Petition, examine
from coding_service.services.frozen_gold import freeze_gold, thaw_gold
from coding_service.services.gold_corpus import export_corpus
from coding_service.services.runs import Run, carry_out
from coding_service.services.shared_names import call_bundles
from coding_service.services.shelf import Shelf
from coding_service.services.taxonomies import get_taxonomy, known_taxonomies
from coding_service.services.taxonomy_migration import Migration, find_version, migrate
from coding_service.services.verified import take_verified
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.check import check
from coding_service.taxonomy.crosswalk import crosswalk_from_dict, crosswalk_to_dict, load_crosswalk
from coding_service.taxonomy.files import find_taxonomy, load_taxonomy
from tests.services.team import Team
from tests.services.verified_store import add_jurisdiction, add_verified, coded, write_lexical, write_recipe

DATA = Path(__file__).parents[1] / "taxonomy" / "data"
OLD, NEW = find_taxonomy("io-themes", "1.0.0"), load_taxonomy(DATA / "io-themes-1.1.0.yaml")
MIGRATION = Migration(OLD, NEW, load_crosswalk(DATA / "1.0.0-to-1.1.0.yaml", OLD, NEW))
COVERED = crosswalk_to_dict(MIGRATION.crosswalk)
COVERED["changes"][5:6] = [
    {"kind": "add", "new": "family.immigration"},
    {"kind": "add", "new": "team.coordination.tribes", "within": "team.coordination"},
]
"""The same crosswalk by somebody who says that a theme covered its new sub-theme before."""
ALL = Scope.everything()
STRESS, FATIGUE, STRAIN = "professional.stress", "professional.fatigue", "professional.strain"
RECORDS_BEFORE, RECORDS = "professional.documentation", "professional.records"
SLEEP, HEALTH, CARE = "family.safe_sleep", "family.health", "family.medical_care"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_lexical(folder / "old", coded(60, start=1000))
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
def team(store):
    return Team(store)


def export(store, **options):
    with UnitOfWork(store, reading=True) as work:
        return {narrative.id: narrative for narrative in export_corpus(work, ALL, **options)}


def code_anew(team, narrative_id, who, *codes, complete=True, taxonomy=NEW):
    coding_id = open_coding(team.engine, team[who], narrative_id)["id"]
    new = tuple(NewDecision(code, "add") for code in codes)
    if new:
        decide(team.engine, team[who], coding_id, Batch((taxonomy.id, taxonomy.version), new))
    close_coding(team.engine, team[who], coding_id, Closing(complete), doubling=team.doubling)


def rows(store, table):
    with store.connect() as connection:
        return connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()  # noqa: S608 - names of this file


def by_code(report, key):
    return {row["code"]: row for row in report[key]}


def test_dry_run_tells_and_changes_nothing(store, team, shelf):
    """Guarantee: the figures of a dry run are those of the migration itself, and it writes nothing."""
    first, second = team.review("r", "One.", "Two.")
    team.code(first, "reviewer1", STRESS, RECORDS_BEFORE)
    team.code(second, "reviewer1", HEALTH)
    open_coding(store, team["reviewer2"], second)
    before = {table: rows(store, table) for table in ("coding", "decision", "crosswalk", "audit_event")}
    told = migrate(store, shelf, MIGRATION, dry_run=True)
    assert {table: rows(store, table) for table in before} == before
    with UnitOfWork(store, reading=True) as work:
        assert current_taxonomy(work).version == "1.0.0"
    done = migrate(store, shelf, MIGRATION, dry_run=False)
    assert (told.pop("state"), done.pop("state")) == ("dry run", "done")
    assert told == done
    assert told["codings"] == {"closed": 2, "open": 1, "decisions": 3, "adjudications": 0}
    old, new = by_code(told, "old_codes"), by_code(told, "new_codes")
    assert (old[STRESS]["change"], old[STRESS]["becomes"], old[STRESS]["decisions"]) == ("merge", [STRAIN], 1)
    assert old["environment.technology"]["becomes"] == []
    assert 0 < old[SLEEP]["threshold"] < 1
    assert (new[STRAIN]["comes_from"], new[STRAIN]["present"], new[STRAIN]["absent"]) == ([FATIGUE, STRESS], 1, 1)
    assert (new[CARE]["unknown"], new["family.immigration"]["unknown"]) == (2, 2)
    assert (old["team.coordination"]["absent"], new["team.coordination"]["absent"]) == (2, 0)
    assert told["gold"]["judged"] == {"before": 2, "after": 2}
    assert [warning.split()[0] for warning in told["warnings"]] == ["team.coordination"]
    served = next(row for row in told["bundles"] if row["served"])
    assert (served["bundle"], served["version"]) == ("old", "1.0.0")
    assert "serves on" in served["happens"]


def test_old_codings_stay_and_gold_is_translated(store, team, shelf):
    """Guarantee: rows that people wrote do not change, and every change does to gold what it says."""
    stressed, healthy, other = team.review("r", "One.", "Two.", "Three.")
    team.code(stressed, "reviewer1", STRESS, RECORDS_BEFORE, SLEEP, "environment.technology")
    team.code(healthy, "reviewer1", HEALTH)
    team.code(other, "reviewer1", complete=False, reject=STRESS)
    before = rows(store, "coding"), rows(store, "decision")
    migrate(store, shelf, MIGRATION, dry_run=False)
    assert (rows(store, "coding"), rows(store, "decision")) == before
    corpus = export(store)
    assert set(corpus[stressed].codes) == {STRAIN, RECORDS, SLEEP, "family.parenting"}
    assert set(corpus[stressed].unknown) == {
        "family.immigration", "team.coordination", "team.coordination.tribes", CARE, "family.disability"
    }  # fmt: skip
    assert corpus[healthy].codes == ()
    assert {CARE, "family.disability"} <= set(corpus[healthy].unknown)
    assert STRAIN not in corpus[healthy].unknown
    assert other not in corpus
    assert export(store, taxonomy=OLD)[stressed].codes == (STRESS, RECORDS_BEFORE, "environment.technology", SLEEP)
    assert check(store).problems == ()


def test_it_is_done_once_and_recorded(engine, shelf):
    """Guarantee: the same on both databases."""
    store = engine
    done = migrate(store, shelf, MIGRATION, dry_run=False)
    again = migrate(store, shelf, MIGRATION, dry_run=False)
    assert {**again, "state": ""} == {**done, "state": ""}
    assert again["state"] == "done before"
    with UnitOfWork(store, reading=True) as work:
        versions = [(row.version, row.current) for row in work.taxonomies.all()]
        (crosswalk,) = work.taxonomies.crosswalks("io-themes")
        events = [event.action for event in work.audit.page(ALL, limit=100) if event.object_kind == "taxonomy"]
    assert sorted(versions) == [("1.0.0", False), ("1.1.0", True)]
    assert (crosswalk.from_version, crosswalk.to_version, crosswalk.sha256) == (
        "1.0.0",
        "1.1.0",
        MIGRATION.crosswalk.sha256,
    )
    assert events == ["migrate"]


def test_only_the_version_that_is_coded_by_can_be_left(store, team, shelf):
    migrate(store, shelf, MIGRATION, dry_run=False)
    later = replace(NEW, version="1.2.0")
    walk = crosswalk_from_dict({"taxonomy": "io-themes", "old": "1.1.0", "new": "1.2.0", "changes": []}, NEW, later)
    altered = replace(NEW, title="Something else")
    with pytest.raises(ConflictError, match=r"holds io-themes 1\.1\.0 with hash"):
        migrate(store, shelf, Migration(altered, later, walk), dry_run=True)
    with pytest.raises(ConflictError, match=r"codes by io-themes 1\.1\.0, not by io-themes 1\.0\.0"):
        migrate(store, shelf, replace(MIGRATION, new=later), dry_run=True)


def test_versions_are_read_through_a_chain(store, team, shelf):
    """Guarantee: codings of every version before count, and each person has the last word on their own."""
    (narrative,) = team.review("r", "One.")
    team.code(narrative, "reviewer1", STRESS)
    migrate(store, shelf, MIGRATION, dry_run=False)
    code_anew(team, narrative, "reviewer2", STRAIN, "family.immigration")
    third = replace(
        NEW,
        version="2.0.0",
        codes=tuple(replace(code, id="load") if code.id == STRAIN else code for code in NEW.codes),
    )
    changes = [{"kind": "rename", "old": STRAIN, "new": "load"}]
    walk = crosswalk_from_dict(
        {"taxonomy": "io-themes", "old": "1.1.0", "new": "2.0.0", "changes": changes}, NEW, third
    )
    migrate(store, shelf, Migration(NEW, third, walk), dry_run=False)
    found = export(store)[narrative]
    assert set(found.codes) == {"load", "family.immigration"}
    assert found.weight == 1.5
    code_anew(team, narrative, "reviewer1", taxonomy=third)
    assert "load" in export(store)[narrative].unknown


def test_decisions_in_the_version_before_are_refused_with_what_to_do(store, team, shelf):
    (narrative,) = team.review("r", "One.")
    coding_id = open_coding(store, team["reviewer1"], narrative)["id"]
    migrate(store, shelf, MIGRATION, dry_run=False)
    with pytest.raises(TaxonomyMismatchError, match=r"now made in 'io-themes' 1\.1\.0") as caught:
        decide(store, team["reviewer1"], coding_id, Batch((OLD.id, OLD.version), (NewDecision(SLEEP, "add"),)))
    assert "GET /v1/taxonomies/io-themes/1.1.0" in caught.value.hint
    assert get_taxonomy(shelf, "io-themes", "1.1.0", store=store) == NEW
    assert get_taxonomy(shelf, "io-themes", store=store) == NEW
    assert known_taxonomies(shelf, store)["io-themes"] == ["1.0.0", "1.1.0"]


def test_disputes_across_versions_are_seen_and_settled(store, team, shelf):
    """Guarantee: an adjudicator sees what people said before the change under the codes of today."""
    (narrative,) = team.review("r", "One.")
    team.code(narrative, "reviewer1", RECORDS_BEFORE)
    team.code(narrative, "reviewer2")
    assert team.stage(narrative) == "adjudication"
    migrate(store, shelf, MIGRATION, dry_run=False)
    dispute = show_dispute(store, team["adjudicator"], narrative)
    assert [row["code"] for row in dispute["disputed"]] == [RECORDS]
    assert sorted(coding["opinions"][RECORDS] for coding in dispute["codings"]) == ["absent", "present"]
    assert [row["code"] for coding in dispute["codings"] for row in coding["decisions"]] == [RECORDS]
    ruling = Ruling((NEW.id, NEW.version), (NewLabel(RECORDS, "present", "It says so."),))
    adjudicate(store, team["adjudicator"], narrative, ruling)
    assert team.stage(narrative) == "done"
    assert RECORDS in export(store)[narrative].codes


def test_frozen_gold_of_the_version_before_stays_as_it_was(store, shelf):
    jurisdiction = add_jurisdiction(store)
    add_verified(store, jurisdiction, coded(6), role="evaluation")
    frozen = freeze_gold(store, ALL)
    migrate(store, shelf, MIGRATION, dry_run=False)
    thawed = thaw_gold(store, ALL, frozen.fingerprint)
    assert thawed == frozen
    after = freeze_gold(store, ALL)
    assert after.taxonomy == NEW
    assert len(after.narratives) == len(frozen.narratives)


def test_bundles_of_two_versions_are_compared_on_what_they_share(store, shelf, bundles, tmp_path):
    """Guarantee: a renamed code counts under its new name, a merged, split or added one does not; the gate, too."""
    jurisdiction = add_jurisdiction(store)
    add_verified(store, jurisdiction, coded(110, start=5000, seed=2), role="evaluation")
    add_verified(store, jurisdiction, coded(40, start=8000, seed=3))
    done = migrate(store, shelf, Migration(OLD, NEW, crosswalk_from_dict(COVERED, OLD, NEW)), dry_run=False)
    assert done["warnings"] == []
    recipe = write_recipe(tmp_path, coded(60, start=1000))
    verified = take_verified(store, ALL)
    name = f"new-{store.dialect.name}"
    made = carry_out(Run(recipe, name=name), bundles=bundles, cache=tmp_path, verified=verified)
    assert made["taxonomy"] == {"id": "io-themes", "version": "1.1.0"}
    gold = freeze_gold(store, ALL)
    pair = call_bundles(store, (shelf.get("old"), shelf.get(name)), gold.taxonomy)
    result = compare_bundles(*pair, gold, draws=50)
    compared = {row["code"]: row for row in result["codes"]}
    assert compared[RECORDS]["support"] > 20
    assert compared[RECORDS]["first_f1"] > 0.5
    assert not {STRAIN, CARE, "family.immigration"} & compared.keys()
    examination = examine(store, shelf, Petition(name))
    assert examination.verdict == "passed", [row for row in examination.report["rows"] if not row["passed"]]
    assert RECORDS in {row["subject"] for row in examination.report["rows"]}
    refused = examine(store, Shelf(bundles, name, threads=1), Petition("old"))
    assert ("taxonomy", False) in {(row["check"], row["passed"]) for row in refused.report["rows"]}


def test_version_is_found_in_the_store_among_releases_or_as_a_file(store, team, shelf):
    path = str(DATA / "io-themes-1.1.0.yaml")
    assert find_version(store, "io-themes", path) == NEW
    assert find_version(store, "io-themes", "1.0.0") == OLD
    migrate(store, shelf, MIGRATION, dry_run=False)
    assert find_version(store, "io-themes", "1.1.0") == NEW
