"""An agency that codes by a taxonomy of its own: the whole loop, from an empty store to a bundle that suggests its codes."""

import json

import pytest
from fastapi.testclient import TestClient
from small_bundle import write_small_bundle
from typer.testing import CliRunner

from coding_service.api.app import create_app
from coding_service.bootstrap import build
from coding_service.cli.main import app
from coding_service.errors import InputError
from coding_service.settings import Settings

TAXONOMY = """\
id: our-themes
version: 2.1.0
title: Our themes
codes:
  - {id: home, name: Home, selectable: false}
  - {id: crowding, parent: home, name: Crowded home, definition: Too many people., examples: [nine people in a room]}
  - {id: utilities, parent: home, name: No power, definition: Power was shut off., examples: [the lights were cut off]}
"""
TOLD = {"crowding": "Nine people slept in one room.", "utilities": "The lights were cut off."}
VERSION = {"id": "our-themes", "version": "2.1.0"}


@pytest.fixture
def io_coding(monkeypatch, tmp_path):
    """Run a command with settings that name our taxonomy, and a store that does not exist yet."""
    (tmp_path / "our-themes.yaml").write_text(TAXONOMY)
    write_small_bundle(tmp_path / "bundles" / "starter")
    for name, value in {
        "TAXONOMY": tmp_path / "our-themes.yaml",
        "DATABASE": f"sqlite:///{tmp_path / 'store.sqlite'}",
        "BUNDLES": tmp_path / "bundles",
        "CACHE": tmp_path / "cache",
        "BLIND_SHARE": 0,
        "THREADS": 1,
    }.items():
        monkeypatch.setenv(f"CODING_SERVICE_{name}", str(value))

    def run(*arguments, **options):
        done = CliRunner().invoke(app, list(arguments), **options)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def serve(io_coding):
    """Start a server; gives a function that sends a request as a reviewer."""
    clients = []

    def start(secret):
        client = TestClient(create_app(build(Settings())), base_url="http://127.0.0.1", client=("127.0.0.1", 50000))
        clients.append(client.__enter__())

        def send(method, path, body=None, *, refused=None):
            answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {secret}"})
            assert answer.status_code == refused if refused else answer.is_success, answer.text
            return answer.json()

        return send

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def code_everything(send):
    """Let a reviewer take narratives from the queue and code each by what it tells; gives the last one."""
    narrative_id = None
    while tasks := send("GET", "/v1/queue")["tasks"]:
        narrative_id = tasks[0]["narrative_id"]
        coding = send("POST", f"/v1/narratives/{narrative_id}/codings", {"taxonomy": VERSION})
        text = send("GET", f"/v1/narratives/{narrative_id}")["text"]
        (code,) = [code for code, told in TOLD.items() if told in text]
        decisions = {"taxonomy": VERSION, "decisions": [{"code": code, "verdict": "add"}]}
        send("POST", f"/v1/codings/{coding['id']}/decisions", decisions)
        send("POST", f"/v1/codings/{coding['id']}/close", {"complete": True})
    return narrative_id


def test_the_loop_runs_on_a_taxonomy_of_an_agency_of_its_own(io_coding, serve, tmp_path):
    """Guarantee: import, coding, export, training and serving need nothing but the one setting."""
    io_coding("db", "upgrade")
    reviews = [
        {"id": f"r{number}", "narratives": [{"id": "1", "text": f"Visit {number}. {told}"}]}
        for number, told in enumerate([*TOLD.values()] * 6)
    ]
    lines = "\n".join(json.dumps(review) for review in reviews)
    io_coding("reviews", "import", "-", "--jurisdiction", "north", "--new-jurisdiction", input=lines)
    secret = io_coding(
        "keys", "create", "--person", "ann@north.example", "--role", "reviewer", "--jurisdiction", "north"
    )
    send = serve(secret.strip())
    narrative_id = code_everything(send)
    assert send("GET", "/v1/taxonomies/our-themes")["version"] == "2.1.0"
    refusal = send("GET", f"/v1/narratives/{narrative_id}/suggestions", refused=409)
    assert (refusal["code"], "our-themes" in refusal["detail"]) == ("taxonomy-mismatch", True)

    corpus = [json.loads(line) for line in io_coding("corpus", "export", "--from-store").splitlines()]
    assert sorted(narrative["codes"] for narrative in corpus) == [["crowding"]] * 6 + [["utilities"]] * 6
    assert all(TOLD[narrative["codes"][0]] in narrative["text"] for narrative in corpus)

    (tmp_path / "ours.yaml").write_text("name: ours\nsuggester: lexical\nfolds: 2\n")
    recipe = str(tmp_path / "ours.yaml")
    trained = json.loads(io_coding("train", "--recipe", recipe, "--from-store", "--name", "ours", "--format", "json"))
    assert trained["taxonomy"] == VERSION
    io_coding("bundles", "promote", "ours", "--force", "--reason", "The first of our own.")
    shown = serve(secret.strip())("GET", f"/v1/narratives/{narrative_id}/suggestions")
    assert (shown["taxonomy"], shown["bundle"]["id"]) == (VERSION, "ours")
    codes = {suggestion["code"] for suggestion in shown["suggestions"]}
    assert codes
    assert codes <= set(TOLD)
    assert json.loads(io_coding("db", "check", "--format", "json"))["problems"] == []


def test_taxonomy_that_is_not_there_is_told_before_anything_is_served(io_coding, monkeypatch):
    io_coding("db", "upgrade")
    monkeypatch.setenv("CODING_SERVICE_TAXONOMY", "nowhere")
    with pytest.raises(InputError, match=r"'nowhere', by which the store is to code, cannot be read: There is no"):
        build(Settings())
    done = CliRunner().invoke(app, ["serve"])
    assert isinstance(done.exception, InputError)
