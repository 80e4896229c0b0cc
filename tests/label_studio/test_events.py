"""Webhooks and the ML backend: let in by the shared secret alone, kept without content, worked off at most once."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from coding_service.api.app import create_app
from coding_service.bootstrap import build
from coding_service.errors import InputError, LabelStudioError
from coding_service.services.label_studio_events import keep_event, read_notice, work_off
from coding_service.services.label_studio_projects import SECRET_HEADER
from coding_service.settings import Settings
from coding_service.store import UnitOfWork
from tests.label_studio.conftest import TEXT, chosen
from tests.label_studio.fake import BASE_URL

SECRET = "a shared secret"
SLEEP = "family.safe_sleep"
WITH_SECRET = {SECRET_HEADER: SECRET}
BASIC = ("label-studio", SECRET)


@pytest.fixture
def serve(agency, shelf):
    """Start our server on the agency's store, with the fake in the place of Label Studio."""

    @contextmanager
    def start(secret=SECRET):
        url = agency.store.url.render_as_string(hide_password=False)
        settings = Settings(database=url, label_studio_url=BASE_URL + "/", label_studio_secret=secret)
        parts = replace(build(settings), shelf=shelf, store=agency.store, label_studio=lambda: agency.studio)
        with TestClient(create_app(parts), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 5000)) as client:
            yield client

    return start


@pytest.fixture
def client(serve):
    with serve() as client:
        yield client


@pytest.fixture
def task(agency):
    """A pushed narrative's task."""
    (narrative,) = agency.add()
    agency.init()
    agency.push()
    return agency.studio.task_of(narrative)


def send(client, body):
    return client.post("/label-studio/events", json=body, headers=WITH_SECRET)


def inbox(agency):
    with agency.store.connect() as connection:
        return connection.execute(text("SELECT * FROM label_studio_inbox ORDER BY sequence")).mappings().all()


def test_event_is_answered_kept_without_content_and_worked_off(agency, client, task):
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    answer = send(client, agency.studio.outbox[0])
    assert (answer.status_code, answer.json()) == (200, {"kept": True})
    (coding,) = agency.codings(agency.studio.held[task]["data"]["narrative_id"])
    assert coding.complete
    (row,) = inbox(agency)
    assert row["handled_at"] is not None
    assert TEXT[:12] not in str(row)
    assert SLEEP not in str(row)


def test_repeated_event_changes_nothing(agency, client, task):
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    assert [send(client, agency.studio.outbox[0]).json()["kept"] for _ in range(3)] == [True, False, False]
    (coding,) = agency.codings(agency.studio.held[task]["data"]["narrative_id"])
    assert len([row for row in agency.decisions(coding.id) if row[0] == SLEEP]) == 1


def test_event_that_comes_late_does_not_bring_back_what_was_deleted(agency, client, task):
    number = agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.studio.delete(task, number)
    for event in reversed(agency.studio.outbox):
        assert send(client, event).status_code == 200
    assert agency.codings(agency.studio.held[task]["data"]["narrative_id"]) == []
    assert all(row["handled_at"] for row in inbox(agency))


def test_deletion_is_told_by_annotation_alone(agency, client, task):
    number = agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    send(client, agency.studio.outbox[0])
    agency.studio.delete(task, number)
    send(client, agency.studio.outbox[1])
    (coding,) = agency.codings(agency.studio.held[task]["data"]["narrative_id"])
    assert agency.decisions(coding.id)[-1][1] == "withdraw"


def test_events_wait_while_label_studio_is_down(agency, client, task):
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.studio.down = True
    assert send(client, agency.studio.outbox[0]).status_code == 200
    assert [row["handled_at"] for row in inbox(agency)] == [None]
    with pytest.raises(LabelStudioError):
        work_off(agency.reader)
    agency.studio.down = False
    assert work_off(agency.reader).changed == 1
    assert all(row["handled_at"] for row in inbox(agency))
    assert work_off(agency.reader).read == 0


def test_event_of_an_unknown_project_is_told_once(agency, client, task):
    event = {"action": "ANNOTATION_CREATED", "project": {"id": 999}, "task": {"id": 1}, "annotation": {"id": 2}}
    assert send(client, event).status_code == 200
    (row,) = inbox(agency)
    assert "not set up from here" in row["problem"]


def test_event_of_a_project_that_was_deleted_holds_nobody_up(agency, client, task):
    """Guarantee: the other projects' events are worked off, and the deletion is told once."""
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.studio.down = True
    send(client, agency.studio.outbox[0])
    agency.studio.down = False
    agency.studio.projects.clear()
    (problem,) = work_off(agency.reader).problems
    assert "gone" in problem.problem
    (row,) = inbox(agency)
    assert "gone" in row["problem"]
    assert work_off(agency.reader).problems == []


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: ""}, {SECRET_HEADER: b"\xe9"}])
def test_event_without_the_secret_is_refused_before_it_is_read(agency, client, headers):
    answer = client.post("/label-studio/events", content=b"no json", headers=headers)
    assert answer.status_code == 401
    assert inbox(agency) == []


def test_without_a_secret_there_are_no_such_addresses(serve):
    """Guarantee: an empty secret lets nobody in."""
    with serve(secret="") as client:
        assert client.post("/label-studio/events", json={}, headers={SECRET_HEADER: ""}).status_code == 404
        assert client.get("/label-studio/ml/health", auth=("label-studio", "")).status_code == 404


def test_malformed_event_is_refused_without_repeating_it(client):
    for body in ([], {"action": "X"}, {"action": "A", "project": {"id": "x"}}, "text", {"action": 1, "project": None}):
        answer = send(client, body)
        assert answer.status_code == 422
    assert client.post("/label-studio/events", content=b"{secret", headers=WITH_SECRET).status_code == 422
    assert "secret" not in client.post("/label-studio/events", content=b"{secret", headers=WITH_SECRET).json()["detail"]


def test_other_actions_are_not_kept(agency, client):
    assert send(client, {"action": "TASKS_CREATED", "project": {"id": 1}}).json() == {"kept": False}
    assert inbox(agency) == []


def test_notice_is_read_from_each_form_of_event():
    created = read_notice({"action": "A", "annotation": {"id": 3}, "task": {"id": 2}, "project": {"id": 1}})
    assert (created.project, created.task, created.annotations) == (1, 2, (3,))
    deleted = read_notice({"action": "A", "annotations": [{"id": 3}, {"id": 4}], "project": {"id": 1}})
    assert (deleted.task, deleted.annotations) == (None, (3, 4))
    with pytest.raises(InputError):
        read_notice({"action": "A", "annotations": [{}], "project": {"id": 1}})


def test_event_is_kept_by_its_bytes(agency):
    body = {"action": "ANNOTATION_CREATED", "annotation": {"id": 3}, "task": {"id": 2}, "project": {"id": 1}}
    raw = json.dumps(body).encode()
    assert [keep_event(agency.store, body, raw), keep_event(agency.store, body, raw)] == [True, False]
    assert keep_event(agency.store, body, raw + b" ")


ROUTES = [("GET", "health"), ("POST", "setup"), ("GET", "versions"), ("POST", "webhook"), ("POST", "predict")]


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize("auth", [None, ("label-studio", "wrong"), ("admin", SECRET), ("", "")])
def test_backend_refuses_whoever_does_not_know_the_password(client, method, route, auth):
    assert client.request(method, f"/label-studio/ml/{route}", auth=auth, content=b"x").status_code == 401


def test_backend_answers_what_label_studio_asks(client):
    assert client.get("/label-studio/ml/health", auth=BASIC).json()["status"] == "UP"
    setup = client.post("/label-studio/ml/setup", auth=BASIC, json={"access_token": "t0ken", "project": "1.5"})
    assert setup.json() == {"model_version": "starter"}
    for method in ("GET", "POST"):
        assert client.request(method, "/label-studio/ml/versions", auth=BASIC).json() == {"versions": ["starter"]}
    assert client.post("/label-studio/ml/webhook", auth=BASIC, json={"action": "X"}).json() == {}


def test_backend_predicts_for_our_tasks_and_shows_nothing_for_blind_and_foreign_ones(agency, client):
    """Guarantee: what is predicted is the same as was pushed; the text that is sent along is not even looked at."""
    (shown,) = agency.add()
    (blind,) = agency.add(TEXT + " Blind.", blind=True, review="b")
    project = agency.init().project
    agency.push()
    foreign = agency.studio.add_foreign_task(project, text=TEXT)
    numbers = [agency.studio.task_of(shown), agency.studio.task_of(blind), foreign]
    body = {"project": f"{project}.1795639063", "tasks": [{"id": number, "data": {"text": TEXT}} for number in numbers]}
    results = client.post("/label-studio/ml/predict", auth=BASIC, json=body).json()["results"]
    assert results[0] == agency.studio.held[numbers[0]]["predictions"][0]
    assert [result["result"] for result in results[1:]] == [[], []]
    assert {result["model_version"] for result in results} == {"starter"}
    body["project"] = "999"
    assert not any(
        item["result"] for item in client.post("/label-studio/ml/predict", auth=BASIC, json=body).json()["results"]
    )


def test_backend_predicts_nothing_in_a_second_project(agency, client):
    (narrative,) = agency.add()
    project = agency.init("second").project
    with UnitOfWork(agency.store) as work:
        work.queue.move(agency.scope, narrative, "second")
        work.commit()
    agency.push("second")
    body = {"project": project, "tasks": [{"id": agency.studio.task_of(narrative)}]}
    assert client.post("/label-studio/ml/predict", auth=BASIC, json=body).json()["results"][0]["result"] == []


def test_malformed_batch_is_refused(client):
    for body in ({}, {"project": "x", "tasks": []}, {"project": 1, "tasks": [{}]}, []):
        assert client.post("/label-studio/ml/predict", auth=BASIC, json=body).status_code == 422
