"""``io-coding queue``, ``adjudicate`` and ``agreement`` over a store in which two people differ on a narrative."""

import json
import sys

import pytest

from coding_service.cli.main import run
from coding_service.services.keys import KeyRequest, create_key
from coding_service.store import open_engine
from tests.services.team import HOUSING, SLEEP, Team
from tests.small_bundle import write_small_bundle

KIM = "kim@north.example"


@pytest.fixture
def call(sqlite_url, tmp_path, monkeypatch, capsys):
    """Run the command line on the store of this test; gives exit code, standard output and standard error."""
    monkeypatch.setenv("CODING_SERVICE_DATABASE", sqlite_url)
    monkeypatch.setenv("CODING_SERVICE_BUNDLES", str(tmp_path / "bundles"))

    def invoke(*arguments):
        monkeypatch.setattr(sys, "argv", ["io-coding", *arguments])
        try:
            run()
        except SystemExit as left:
            return (left.code or 0, *capsys.readouterr())
        return (0, *capsys.readouterr())

    return invoke


@pytest.fixture
def disputed(sqlite_url):
    """A narrative on which two differ on safe sleep, beside one that waits."""
    engine = open_engine(sqlite_url)
    team = Team(engine)
    narrative, _ = team.review("r-1", "The baby slept on the couch.", "They were evicted from the apartment.")
    team.code(narrative, "reviewer1", SLEEP)
    team.code(narrative, "reviewer2")
    create_key(engine, KeyRequest(KIM, "adjudicator", "north"))
    yield narrative
    engine.dispose()


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_queue_lists_and_counts(call, disputed):
    code, out, _ = call("queue", "--format", "json")
    assert (code, [(row["task"], row["jurisdiction"]) for row in rows(out)]) == (
        0,
        [("adjudication", "north"), ("first", "north")],
    )
    code, out, _ = call("queue", "--stats", "--jurisdiction", "north", "--format", "csv")
    assert out.splitlines()[0] == "task,chosen_by,narratives,share,target"
    assert "first,nothing,1,," in out
    assert call("queue", "--jurisdiction", "nowhere")[0] == 1


def test_rank_writes_the_order_that_the_queue_then_shows(call, disputed, tmp_path):
    write_small_bundle(tmp_path / "bundles" / "starter")
    code, out, err = call("queue", "rank", "--format", "json")
    (report,) = rows(out)
    assert (code, report["jurisdiction"], report["waiting"]) == (0, "north", 1)
    assert "Ranked by bundle 'starter'." in err
    _, out, _ = call("queue", "--format", "json")
    assert rows(out)[1]["reason"] in {"uncertain", "evaluation"}


def test_adjudicator_sees_and_settles(call, disputed):
    code, out, _ = call("adjudicate", "list", "--person", KIM)
    assert code == 0
    assert disputed in out
    assert SLEEP in out
    code, out, _ = call("adjudicate", "show", disputed, "--person", KIM)
    assert "The baby slept on the couch." in out
    assert "reviewer" not in out
    _, out, _ = call("adjudicate", "show", disputed, "--person", KIM, "--format", "json")
    assert [code["code"] for code in rows(out)[0]["disputed"]] == [SLEEP]
    code, out, err = call(
        "adjudicate", "decide", disputed, "--person", KIM, "--present", SLEEP, "--absent", HOUSING, "--reason", "Couch."
    )
    assert (code, err) == (0, "The narrative has left the queue.\n")
    assert "Couch." in out


def test_only_who_has_such_a_key_adjudicates(call, disputed):
    code, out, err = call("adjudicate", "list", "--person", "reviewer1@north.example")
    assert (code, out) == (1, "")
    assert "keys create" in err


def test_agreement_says_too_few(call, disputed):
    code, out, _ = call("agreement", "--jurisdiction", "north", "--format", "csv")
    lines = out.splitlines()
    assert code == 0
    assert lines[1].startswith("all,(whole sets),1,")
    assert f"all,{SLEEP},1,too few,too few,,,too few,," in lines
    _, out, _ = call("agreement", "--format", "json")
    assert rows(out)[0]["all"]["narratives"] == 1
