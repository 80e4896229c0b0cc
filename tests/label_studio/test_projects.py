"""Setting projects up: once, again without a change, repaired where it was edited, and anew for a new taxonomy."""

from dataclasses import replace

import pytest

from coding_service.errors import ConflictError, InputError, LabelStudioError, NotFoundError
from coding_service.label_studio.config import read_config
from coding_service.services.current_taxonomy import begin_taxonomy
from coding_service.services.label_studio_projects import SECRET_HEADER, Callback, set_up_project
from coding_service.store import UnitOfWork
from coding_service.taxonomy.files import find_taxonomy
from tests.label_studio.conftest import chosen

OURS = {"url": "http://127.0.0.1:9000/", "secret": "s3cret"}


def test_init_makes_a_project_that_names_its_taxonomy_and_calls_us(agency):
    done = agency.init(**OURS)
    project = agency.studio.projects[done.project]
    assert read_config(project.plan.config).sha256 == find_taxonomy("io-themes", "1.0.0").sha256
    assert "Rules" in project.plan.instructions
    assert project.plan.title == "north: first coding 1.0.0"
    (hook,) = project.hooks
    assert (hook.url, hook.headers) == ("http://127.0.0.1:9000/label-studio/events", {SECRET_HEADER: "s3cret"})
    assert [backend.url for backend in project.backends] == ["http://127.0.0.1:9000/label-studio/ml"]
    assert len(done.changes) == 3


def test_second_init_changes_nothing(agency):
    first = agency.init(**OURS)
    agency.studio.calls.clear()
    again = agency.init(**OURS)
    assert (again.project, again.changes) == (first.project, ())
    assert set(agency.studio.calls) <= {"project", "webhooks", "backends"}


def test_each_purpose_has_its_project_and_only_first_codings_get_suggestions(agency):
    numbers = {purpose: agency.init(purpose, **OURS).project for purpose in ("first", "second", "adjudication")}
    assert len(set(numbers.values())) == 3
    assert [bool(agency.studio.projects[number].backends) for number in numbers.values()] == [True, False, False]


def test_edited_config_is_restored(agency):
    number = agency.init().project
    config = agency.studio.projects[number].plan.config
    agency.studio.edit_config(number, "<View/>")
    assert agency.init().changes == ("restored title, labelling config and instructions",)
    assert agency.studio.projects[number].plan.config == config


def test_new_secret_renews_webhook_and_backend(agency):
    number = agency.init(**OURS).project
    before = agency.studio.projects[number].backends
    assert len(agency.init(url=OURS["url"], secret="other").changes) == 2
    project = agency.studio.projects[number]
    assert [hook.headers for hook in project.hooks] == [{SECRET_HEADER: "other"}]
    assert len(project.backends) == 1
    assert project.backends != before


def test_new_taxonomy_gets_a_new_project_and_the_old_one_is_read_by_its_own_version(agency):
    """Guarantee: annotations of two versions are never mixed, and none of the old ones is lost."""
    (narrative,) = agency.add()
    old = agency.init().project
    agency.push()
    ann = agency.person("ann")
    task = agency.studio.task_of(narrative)
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    with UnitOfWork(agency.store) as work:
        begin_taxonomy(work, replace(taxonomy, version="1.1.0"))
        work.commit()
    with pytest.raises(ConflictError, match=r"1\.1\.0"):
        agency.push()
    done = agency.init()
    assert done.project != old
    assert agency.studio.projects[old].plan.title.startswith("Closed - ")
    assert agency.init().changes == ()
    agency.studio.annotate(task, ann, chosen("family.safe_sleep"))
    assert agency.pull().problems == []
    assert [coding.taxonomy_version for coding in agency.codings(narrative)] == ["1.0.0"]


def test_project_deleted_in_label_studio_is_made_again(agency):
    number = agency.init().project
    del agency.studio.projects[number]
    assert agency.init().project != number


def test_init_is_refused_without_secret_jurisdiction_or_server(agency):
    with pytest.raises(InputError, match="secret"):
        agency.init(url="http://127.0.0.1:9000")
    with pytest.raises(NotFoundError, match="'south'"):
        set_up_project(agency.store, agency.studio, "south", "first", Callback())
    agency.studio.down = True
    with pytest.raises(LabelStudioError):
        agency.init()
