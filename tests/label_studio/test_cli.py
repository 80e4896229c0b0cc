"""``io-coding label-studio``: what the commands print, and the exit code that says whether anything was odd."""

import json

import pytest
from typer.testing import CliRunner

from coding_service import bootstrap
from coding_service.cli.label_studio import app
from coding_service.errors import LabelStudioError
from tests.label_studio.conftest import chosen
from tests.label_studio.fake import BASE_URL

SLEEP = "family.safe_sleep"


@pytest.fixture
def run(agency, shelf, monkeypatch):
    """Run a command on the agency's store, with the fake in the place of Label Studio."""
    monkeypatch.setenv("CODING_SERVICE_DATABASE", agency.store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CODING_SERVICE_LABEL_STUDIO_URL", BASE_URL)
    monkeypatch.setenv("CODING_SERVICE_LABEL_STUDIO_SECRET", "s3cret")
    monkeypatch.setattr(bootstrap, "connect", lambda *_: agency.studio)
    monkeypatch.setattr(bootstrap, "own_shelf", lambda _: shelf)

    def invoke(*arguments):
        return CliRunner().invoke(app, arguments)

    return invoke


def test_from_init_to_sync(agency, run):
    (narrative,) = agency.add()
    done = run("init", "--jurisdiction", "north", "--server", "http://127.0.0.1:8000")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Made project 1" in done.stderr
    again = run("init", "--jurisdiction", "north", "--server", "http://127.0.0.1:8000")
    assert again.stderr == "Project 1 is as it should be.\n"
    done = run("push", "--jurisdiction", "north")
    assert (done.exit_code, "1 added (0 blind)" in done.stderr) == (0, True)
    agency.studio.annotate(agency.studio.task_of(narrative), agency.person("ann"), chosen(SLEEP))
    done = run("sync")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "1 annotations read, 1 codings changed, 0 withdrawn." in done.stderr
    assert agency.codings(narrative)[0].complete


def test_problems_are_data_and_exit_with_one(agency, run):
    (narrative,) = agency.add()
    project = agency.init().project
    agency.push()
    task = agency.studio.task_of(narrative)
    agency.studio.annotate(task, agency.person("ann"), [])
    for command in (("pull", "--jurisdiction", "north", "--format", "json"), ("sync", "--format", "json")):
        done = run(*command)
        assert done.exit_code == 1
        (problem,) = map(json.loads, done.stdout.splitlines())
        assert (problem["project"], problem["task"]) == (project, task)
        assert "empty" in problem["problem"]
        assert "1 problems" in done.stderr
    agency.studio.add_foreign_task(project)
    assert run("push", "--jurisdiction", "north").exit_code == 1


def test_failure_of_label_studio_reaches_the_user_as_ours(agency, run):
    agency.studio.down = True
    done = run("init", "--jurisdiction", "north")
    assert isinstance(done.exception, LabelStudioError)
