"""`check` finds every row that breaks a rule that the schema cannot hold."""

import pytest
from sqlalchemy import text

from coding_service.store import UnitOfWork
from coding_service.store.check import RULES, check
from coding_service.store.engine import WRITING
from coding_service.store.rows import SuggestionSnapshotRow
from tests.store.records import EVERYTHING, TAXONOMY, add_agency, decide

BROKEN = {
    "lies in another jurisdiction than its review": "UPDATE narrative SET jurisdiction_id = :other",
    "lies in another jurisdiction than its narrative": "UPDATE queue SET jurisdiction_id = :other",
    "names another narrative or jurisdiction than its coding": "UPDATE decision SET jurisdiction_id = :other",
    "is not in the queue": "DELETE FROM queue",
    "was not made blind, though its review is": "UPDATE review SET blind = true, blind_role = 'training'",
    "names what was shown for another narrative or to another person": "UPDATE coding SET person_id = :person",
    "was blind, yet suggestions were shown before it was closed": "UPDATE coding SET blind = true",
    "was made in a taxonomy version that the store does not hold": "UPDATE coding SET taxonomy_version = '2.0.0'",
    "lies in another jurisdiction than its Label Studio project": "UPDATE label_studio_task SET jurisdiction_id = :other",
    "reaches further than the person it belongs to": "UPDATE api_key SET jurisdiction_id = NULL",
}


@pytest.fixture
def sound(engine):
    """A store without a problem, and the ids to break it with."""
    from coding_service.services.keys import KeyRequest, create_key
    from coding_service.store.rows import LabelStudioProjectRow, LabelStudioTaskRow

    north = add_agency(engine, "north")
    decide(engine, north, ("a", "add"))
    create_key(engine, KeyRequest("key@north.example", "reviewer", "north"))
    tenant = {"jurisdiction_id": north.jurisdiction_id, "narrative_id": north.narrative_id}
    with UnitOfWork(engine) as work:
        south = work.jurisdictions.add("south").id
        person = work.people.add("other@south.example", "Other").id
        shown = SuggestionSnapshotRow(
            **tenant, **TAXONOMY, person_id=north.person_id, bundle_id="b", bundle_sha256="0", suggestions=[]
        )
        work.codings.show(EVERYTHING, north.coding_id, work.snapshots.add(EVERYTHING, shown).id)
        project = LabelStudioProjectRow(
            jurisdiction_id=north.jurisdiction_id,
            base_url="u",
            project=1,
            purpose="first",
            taxonomy_sha256="0",
            **TAXONOMY,
        )
        work.label_studio.add_project(EVERYTHING, project)
        work.label_studio.add_tasks(EVERYTHING, [LabelStudioTaskRow(**tenant, project_id=project.id, task=1)])
        work.commit()
    assert check(engine).problems == ()
    return engine, {"other": south, "person": person}


def test_every_rule_has_a_case():
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_broken_rule_is_told_with_its_row(sound, rule):
    engine, ids = sound
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        if engine.dialect.name == "sqlite":
            for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        used = {name: value for name, value in ids.items() if f":{name}" in BROKEN[rule]}
        connection.execute(text(BROKEN[rule]), used)
    assert any(problem.endswith(f"{rule}.") for problem in check(engine).problems)
