"""`io-coding db` and `io-coding keys`: data on standard output, talk on standard error, exit codes that say what is."""

import json
import sqlite3
import subprocess
import sys

import pytest


@pytest.fixture
def io_coding(tmp_path):
    """Run the command line against a store in a temporary folder."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "coding_service.cli.main", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"CODING_SERVICE_DATABASE": f"sqlite:///{tmp_path / 'store.sqlite'}", "PATH": "/usr/bin:/bin"},
        )

    return run


def test_store_is_made_checked_and_backed_up(io_coding, tmp_path):
    assert "empty to 0001" in io_coding("db", "upgrade").stderr
    assert "already" in io_coding("db", "upgrade").stderr
    checked = io_coding("db", "check", "--format", "json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["problems"] == []
    assert io_coding("db", "backup", str(tmp_path / "copy.sqlite")).returncode == 0
    again = io_coding("db", "backup", str(tmp_path / "copy.sqlite"))
    assert again.returncode == 1
    assert again.stderr.startswith("Error: ")


def test_check_exits_with_1_and_names_the_problem(io_coding, tmp_path):
    io_coding("db", "upgrade")
    plain = sqlite3.connect(tmp_path / "store.sqlite")
    plain.execute("DROP TRIGGER decision_no_update")
    plain.commit()
    plain.close()
    checked = io_coding("db", "check", "--format", "json")
    assert checked.returncode == 1
    assert "decision has lost a trigger" in checked.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["db", "check"],
        ["db", "backup", "copy.sqlite"],
        ["keys", "list"],
        ["keys", "create", "--person", "ann@north.example", "--role", "reviewer", "--all-jurisdictions"],
        ["keys", "revoke", "ioc_00000000"],
        ["queue"],
        ["queue", "rank"],
        ["reviews", "export"],
        ["adjudicate", "list", "--person", "kim@agency.example"],
        ["agreement"],
        ["corpus", "export", "--from-store"],
        ["corpus", "export", "--from-store", "--explain"],
        ["retrain"],
    ],
    ids=" ".join,
)
def test_store_that_is_not_there_is_named_and_not_made(cli, tmp_path, monkeypatch, arguments):
    """Guarantee: a mistyped path is told; nothing is made beside the real store, and no backup of nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODING_SERVICE_DATABASE", f"sqlite:///{tmp_path / 'typo.sqlite'}")
    told = cli(*arguments)
    assert told.code == 1
    assert f"There is no store {tmp_path / 'typo.sqlite'}." in told.err
    assert not list(tmp_path.iterdir())


def test_empty_store_is_not_backed_up(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("CODING_SERVICE_DATABASE", f"sqlite:///{tmp_path / 'empty.sqlite'}")
    (tmp_path / "empty.sqlite").touch()
    told = cli("db", "backup", tmp_path / "copy.sqlite")
    assert (told.code, "empty" in told.err, (tmp_path / "copy.sqlite").exists()) == (1, True, False)
    assert "io-coding db upgrade" in cli("keys", "list").err


def test_key_is_shown_once_on_standard_output_listed_and_revoked(io_coding):
    io_coding("db", "upgrade")
    person = ["--person", "ann@north.example", "--role", "reviewer"]
    assert io_coding("keys", "create", *person).returncode == 1
    assert io_coding("keys", "create", *person, "--jurisdiction", "north", "--all-jurisdictions").returncode == 1
    made = io_coding("keys", "create", *person, "--jurisdiction", "north", "--new-jurisdiction", "--name", "Ann")
    secret = made.stdout.strip()
    assert secret.startswith("ioc_")
    assert secret not in made.stderr
    listed = io_coding("keys", "list", "--format", "json")
    assert json.loads(listed.stdout)["prefix"] == secret[:12]
    assert secret not in listed.stdout
    assert io_coding("keys", "revoke", secret[:12]).returncode == 0
    assert json.loads(io_coding("keys", "list", "--format", "json").stdout)["revoked_at"]


def test_keys_are_revoked_whatever_the_store_codes_by(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("CODING_SERVICE_DATABASE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    assert cli("db", "upgrade").code == 0
    monkeypatch.setenv("CODING_SERVICE_TAXONOMY", str(tmp_path / "gone.yaml"))
    who = ["--person", "ann@north.example", "--role", "reviewer", "--jurisdiction", "north", "--new-jurisdiction"]
    secret = cli("keys", "create", *who).out.strip()
    assert cli("keys", "revoke", secret[:12]).code == 0
