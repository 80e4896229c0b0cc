"""What the store remembers of Label Studio: each task once, each annotation's last state, each webhook once."""

from datetime import UTC, datetime

import pytest

from coding_service.errors import ConflictError, NotFoundError
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import (
    LabelStudioAnnotationRow,
    LabelStudioInboxRow,
    LabelStudioProjectRow,
    LabelStudioTaskRow,
)
from tests.store.records import EVERYTHING, TAXONOMY, add_agency

URL = "http://127.0.0.1:8080"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def project(engine):
    """An agency and its project, with one task."""
    agency = add_agency(engine)
    with UnitOfWork(engine) as work:
        row = LabelStudioProjectRow(
            jurisdiction_id=agency.jurisdiction_id,
            base_url=URL,
            project=7,
            purpose="first",
            taxonomy_sha256="0",
            **TAXONOMY,
        )
        work.label_studio.add_project(EVERYTHING, row)
        work.label_studio.add_tasks(EVERYTHING, [new_task(agency, row)])
        work.commit()
    return agency, row


def new_task(agency, project, number=70):
    return LabelStudioTaskRow(
        jurisdiction_id=agency.jurisdiction_id, project_id=project.id, task=number, narrative_id=agency.narrative_id
    )


def new_annotation(agency, project, payload, **more):
    return LabelStudioAnnotationRow(
        jurisdiction_id=agency.jurisdiction_id,
        project_id=project.id,
        task=70,
        annotation=700,
        narrative_id=agency.narrative_id,
        updated_at=MOMENT,
        payload_sha256=payload,
        **more,
    )


def test_projects_and_tasks_are_found_from_both_sides(engine, project):
    agency, row = project
    with UnitOfWork(engine, reading=True) as work:
        links = work.label_studio
        assert links.project(agency.scope, row.id).project == 7
        assert links.project_numbered(URL, 7).id == row.id
        assert [found.id for found in links.projects(agency.scope)] == [row.id]
        assert links.task(row.id, 70).narrative_id == agency.narrative_id
        assert links.task(row.id, 71) is None
        assert set(links.tasks(agency.scope, row.id)) == {70}
        assert set(links.tasks(agency.scope, row.id, [71])) == set()
        assert set(links.tasks_of_narratives(agency.scope, row.id, [agency.narrative_id, "x"])) == {agency.narrative_id}
        with pytest.raises(NotFoundError):
            links.project_numbered(URL, 8)
        with pytest.raises(NotFoundError):
            links.project(Scope("0" * 32), row.id)
        assert links.projects(Scope("0" * 32)) == []
        assert links.tasks(Scope("0" * 32), row.id) == {}


def test_narrative_is_pushed_at_most_once_to_a_project(engine, project):
    agency, row = project
    with UnitOfWork(engine) as work, pytest.raises(ConflictError):
        work.label_studio.add_tasks(EVERYTHING, [new_task(agency, row, number=71)])


def test_annotation_keeps_its_last_read_state(engine, project):
    agency, row = project
    with UnitOfWork(engine) as work:
        work.label_studio.put_annotation(EVERYTHING, new_annotation(agency, row, "one", coding_id=agency.coding_id))
        work.label_studio.put_annotation(EVERYTHING, new_annotation(agency, row, "two", gone=True))
        work.commit()
    with UnitOfWork(engine, reading=True) as work:
        (state,) = work.label_studio.annotations(agency.scope, row.id).values()
        assert (state.payload_sha256, state.gone, state.coding_id) == ("two", True, None)
        assert work.label_studio.annotation(row.id, 700).id == state.id
        assert work.label_studio.annotation(row.id, 701) is None
        assert work.label_studio.annotations_of_narrative(agency.scope, agency.narrative_id) == [state]
        assert work.label_studio.annotations_of_narrative(Scope("0" * 32), agency.narrative_id) == []
        assert work.label_studio.annotations_of_tasks(row.id, [70, 71]) == [state]
        assert work.label_studio.annotations_of_tasks(row.id, [71]) == []


def test_webhook_sent_twice_is_kept_once_and_read_in_order(engine):
    def webhook(payload):
        return LabelStudioInboxRow(
            action="ANNOTATION_CREATED", project=7, payload_sha256=payload, payload={"a": payload}
        )

    with UnitOfWork(engine) as work:
        assert [work.inbox.put(webhook(payload)) for payload in ("one", "two", "one")] == [True, True, False]
        work.commit()
    with UnitOfWork(engine) as work:
        first, second = work.inbox.waiting()
        assert [first.payload, second.payload] == [{"a": "one"}, {"a": "two"}]
        work.inbox.handled(first.id, problem="no such task")
        work.commit()
    with UnitOfWork(engine) as work:
        assert [row.id for row in work.inbox.waiting()] == [second.id]
        assert work.inbox.put(webhook("one")) is False
